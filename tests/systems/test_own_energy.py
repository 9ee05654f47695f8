"""A user's own energy: how it is given, and everything that can be wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spinfunnel.landscape import InputError, Symmetry
from spinfunnel.systems import FunctionLandscape, resolve
from spinfunnel.systems.own_function import EnergyFunction

GOOD = """
import numpy as np
from spinfunnel.systems import sherrington_kirkpatrick
N = 6

def ones(states):
    return states.sum(axis=1)

def scaled(states, scale=2.0):
    return scale * states.sum(axis=1)

scaled.n = 5
ready = sherrington_kirkpatrick(7, seed=3)

def glass(n=8, seed=0):
    return sherrington_kirkpatrick(n, seed=seed)

def make():
    def energy(states):
        return states[:, 0] * 1.0
    energy.size = 4
    return energy
"""


def write(folder: Path, text: str) -> str:
    file = folder / "mine.py"
    file.write_text(text)
    return str(file)


def test_ways_to_give_it(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    assert resolve(f"{file}:ones").size == 6
    assert resolve(f"{file}:ones:n=9").size == 9
    assert resolve(f"{file}:ones:n=9").identity != resolve(f"{file}:ones").identity
    scaled = resolve(f"{file}:scaled:n=4,scale=3")
    out = np.empty(16)
    scaled.enumerate(out, workers=2)
    assert out[[0, 1, 15]].tolist() == [0.0, 3.0, 12.0]
    assert resolve(f"{file}:scaled").size == 5
    assert resolve(f"{file}:ready").size == 7
    assert resolve(f"{file}:glass", seed=4).parameters["seed"] == 4
    assert resolve(f"{file}:glass:n=9").size == 9
    assert resolve(f"{file}:make").size == 4


BAD = {
    "shape": ("def f(x): return x", "shape \\(96, 6\\) for 96 states"),
    "scalar": ("def f(x): return 1.0", "shape \\(\\) for 96"),
    "nan": ("def f(x): return x.sum(1) / (x.sum(1) * 0.0)", "returned (nan|inf)"),
    "words": ("def f(x): return ['a'] * len(x)", "energies must be real numbers"),
    "complex": ("def f(x): return x.sum(1) * 1j", "energies must be real numbers"),
    "ragged": ("def f(x): return [[1], [2, 3]]", "no array of energies"),
    "nothing": ("def f(x): return None", "shape \\(\\)"),
    "random": ("import random\ndef f(x): return [random.random() for _ in x]", "different energies for the same state"),
    "batch": ("def f(x): return x.sum(1) - x.sum(1).mean()", "different energies for the same state"),
    "counter": (
        "k = [0]\ndef f(x):\n    k[0] += 1\n    return x.sum(1) + k[0]",
        "different energies for the same state",
    ),
    "raises": ("def f(x):\n    return x.sm(1)", "raised AttributeError on 96 states: .*mine.py, line 3"),
    "exits": ("raise SystemExit(3)", "failed while it was loaded: SystemExit"),
    "quits": ("def f(x): raise SystemExit(3)", "raised SystemExit on 96 states"),
    "import": ("import no_such_module_at_all", "failed while it was loaded: ModuleNotFoundError"),
    "syntax": ("def f(x:\n", "line \\d+ is no valid Python"),
    "missing": ("def g(x): return x.sum(1)", "defines no 'f'"),
    "number": ("f = 3", "neither a function"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_function_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    text, expected = BAD[name]
    file = write(tmp_path, f"N = 6\n{text}" if "N =" not in text else text)
    with pytest.raises(InputError, match=expected) as caught:
        resolve(f"{file}:f")
    assert "\n" not in str(caught.value)


def test_size_and_name_are_needed(tmp_path: Path) -> None:
    file = write(tmp_path, "def f(x): return x.sum(1)")
    for spec, expected in (
        (f"{file}:f", "does not say its number of bits"),
        (f"{file}:f:n=-2", "n=-2 is out of range"),
        (f"{file}:f:n=two", "does not say its number of bits|n=two"),
        (f"{file}:f:n=4,m=3", "no parameter 'm'"),
        (file, "names no function"),
        (str(tmp_path / "gone.py") + ":f", "does not exist"),
    ):
        with pytest.raises(InputError, match=expected):
            resolve(spec)


def test_late_misbehaviour_is_caught() -> None:
    calls = []

    def energy(states: np.ndarray) -> np.ndarray:
        calls.append(len(states))
        return states.sum(axis=1) + (len(calls) > 17) * 0.5

    landscape = FunctionLandscape(energy, 4)
    landscape.enumerate(np.empty(16))
    with pytest.raises(InputError, match="different energies"):
        landscape.enumerate(np.empty(16))


def test_symmetries_are_tried() -> None:
    flip = Symmetry.global_flip(5)
    FunctionLandscape(lambda states: np.abs(states.sum(axis=1) - 2.5), 5, symmetries=(flip,))
    with pytest.raises(InputError, match="global flip' is no symmetry"):
        FunctionLandscape(lambda states: states.sum(axis=1), 5, symmetries=(flip,))


def test_data_in_a_closure_changes_the_identity() -> None:
    def make(weight: float) -> FunctionLandscape:
        return FunctionLandscape(lambda states: weight * states.sum(axis=1), 5)

    assert make(1.0).identity == make(1.0).identity != make(2.0).identity


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda states: np.ma.masked_array(states.sum(axis=1), states.sum(axis=1) > 2), "masked"),
        (lambda states: states.sum(axis=1) * 1e200, "at most 1e\\+100"),
    ],
)
def test_answers_that_are_no_energies(answer: EnergyFunction, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        FunctionLandscape(answer, 5)


def test_the_number_of_bits_is_a_whole_number(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="n=x is not what n needs: give a whole number"):
        resolve(f"{write(tmp_path, GOOD)}:ones:n=x")


@pytest.mark.parametrize(("text", "sentence"), [("", "names no system"), (":n=3", "names no system"), ("SK", "'sk'")])
def test_no_name_and_a_name_in_capitals(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        resolve(text)
