"""Properties of every reader: what is made at random, or from its own pieces, is read or refused in one sentence."""

import string

import pytest
from fuzz.corpus import examples
from fuzz.mutations import NUMBERS, WORDS
from fuzz.targets import SLOW_TARGETS, TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinfunnel.landscape import InputError
from spinfunnel.landscape.running import plain_text
from spinfunnel.systems import SYSTEMS, resolve

LIMIT = 300
"""Characters of a refusal, but for a name of a file."""
SETTINGS = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = [name for name in TARGETS if name not in SLOW_TARGETS]


def pieces(name: str) -> st.SearchStrategy[bytes]:
    """Words of the format's own examples, hostile numbers and words, and bytes at random, put together."""
    own = sorted({word for data in examples()[name] for word in data.split()[:40]})
    one = st.one_of(
        st.sampled_from(own), st.sampled_from([*NUMBERS, *WORDS]), st.binary(max_size=6), st.sampled_from([b"\n"])
    )
    return st.lists(one, max_size=30).flatmap(
        lambda words: st.sampled_from([b" ", b"\n", b""]).map(lambda s: s.join(words))
    )


def ends_well(name: str, data: bytes) -> None:
    said = ""
    try:
        TARGETS[name](data)
    except InputError as error:
        said = str(error)
    assert said == plain_text(said)
    assert len(said) < 2 * LIMIT


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_pieces_is_read_or_refused(name: str) -> None:
    @SETTINGS
    @given(data=pieces(name))
    def law(data: bytes) -> None:
        ends_well(name, data)

    law()


@pytest.mark.parametrize("name", NAMES)
def test_an_example_cut_or_with_a_byte_changed_is_read_or_refused(name: str) -> None:
    @SETTINGS
    @given(
        data=st.sampled_from(examples()[name]),
        cut=st.integers(0, 400),
        place=st.integers(0, 400),
        byte=st.integers(0, 255),
    )
    def law(data: bytes, cut: int, place: int, byte: int) -> None:
        changed = bytearray(data)
        if place < len(changed):
            changed[place] = byte
        ends_well(name, bytes(changed[: len(changed) - cut if cut < len(changed) else None]))

    law()


SIGNS = st.text(alphabet=string.printable + "é中\u202e\x1b\x00\udcff", max_size=12)
VALUES = st.one_of(
    st.integers(-3, 9).map(str), st.sampled_from(["1e400", "nan", "inf", "9" * 5000, "1_0", "3x3", "open", ""]), SIGNS
)


PARAMETERS = st.one_of(st.sampled_from(["n", "seed", "shape", "field", "file"]), SIGNS)


def said_of(spec: str) -> str:
    """The refusal of a spec; nothing where it is read."""
    try:
        resolve(spec)
    except InputError as error:
        return str(error)
    return ""


@SETTINGS
@given(system=st.sampled_from(sorted(SYSTEMS.own)), given_=st.lists(st.tuples(PARAMETERS, VALUES), max_size=3))
def test_a_spec_builds_a_system_or_is_refused(system: str, given_: list[tuple[str, str]]) -> None:
    said = said_of(f"{system}:" + ",".join(f"{name}={value}" for name, value in given_))
    assert said == plain_text(said)


@SETTINGS
@given(spec=SIGNS)
def test_any_text_is_a_spec_or_is_refused(spec: str) -> None:
    assert ".py" in spec or len(said_of(spec)) <= LIMIT
