"""The report: whole, closed, escaped, written in one step."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest

from spinfunnel.landscape import BasinGraph, Census, InputError, Kind, Run, Tally
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.plot import PICTURES
from spinfunnel.report import strips as strips_module
from spinfunnel.report import write_report
from spinfunnel.report.payload import unpacked
from spinfunnel.report.strips import strip_picture
from spinfunnel.report.text import number, title, value
from spinfunnel.verdict.rules import judge_measures

mpl.use("Agg")

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"


def basin_graph(minima: int = 4) -> BasinGraph:
    height = np.linspace(-1.0, 0.0, max(minima - 1, 0))
    position = np.linspace(0.0, 1.0, 5)
    return BasinGraph(
        key=np.array([f"{place:08b}" for place in range(minima)]),
        energy=np.linspace(-4.0, -2.0, minima),
        weight=np.full(minima, 1 / max(minima, 1)),
        plateau=np.ones(minima, np.int64),
        orbit=np.ones(minima, np.int64),
        saddle_key=np.arange(len(height)).astype(str),
        saddle_energy=height,
        saddle_offsets=2 * np.arange(len(height) + 1),
        saddle_minima=np.array([end for place in range(1, minima) for end in (place - 1, place)], np.int64),
        saddle_exact=np.ones(len(height), bool),
        census=Census(256, 0.0, 2.0, -4.0, 2, 8, 0.5),
        tallies=(Tally("overlap", np.inf, tuple(position), (1.0,) * 5, (0.0,) * 5, (1.0,) * 5, (-1.0,) * 5),),
        symmetry=("global flip",),
    )


def study(name: str = "sk", *, minima: int = 4, nulls: bool = True, **parameters: object) -> SimpleNamespace:
    graph = basin_graph(minima)
    measures = measure_all(graph)
    beside = {"shuffled_energies": {key: Estimate(0.5, 0.4, 0.6) for key in measures}} if nulls else {}
    return SimpleNamespace(
        landscape=SimpleNamespace(
            name=name,
            parameters=parameters,
            kind=Kind.BINARY,
            size=8,
            states=256,
            symmetry=("global flip",),
            identity="0" * 32,
        ),
        run=Run("flooding", {}, 7, "0.1.0", 128, 0.01, "finished", True),
        graph=graph,
        measures=measures,
        nulls=beside,
        null_samples={"shuffled_energies": 40} if nulls else {},
        verdict=judge_measures(measures, nulls=beside),
        details={},
        views={},
    )


def markup(page: str) -> str:
    """Return the page without the contents of its scripts and styles."""
    return re.sub(r"(?s)<(script|style)\b[^>]*>.*?</\1>", r"<\1></\1>", page)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("report") / "page.html"
    studies = [study("one", n=8), study(EVIL, file=EVIL)]
    assert write_report(studies, target, command=f"spinfunnel judge {EVIL}") == target
    return target.read_text(encoding="utf-8")


def packed(page: str) -> dict[str, str]:
    """What travels compressed, by the identity of its element."""
    found = re.findall(r'<script type="text/plain" id="([a-z0-9-]+)">([^<]*)</script>', page)
    return {name: unpacked(letters) for name, letters in found}


def test_verdict_first_then_what_decided_pictures_measures_and_provenance(page):
    text = markup(page)
    marks = (
        "2 landscapes", "Does the landscape lead there?", 'id="system-0"', 'class="meaning"', "What decided",
        'class="plot"', 'class="values"', 'class="panel provenance"', "How to cite",
    )  # fmt: skip
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert text.count('class="reason"') == 2
    for fact in ("flooding", "exact", "version", "seed", "energy evaluations", "spinfunnel judge", "40 samples"):
        assert fact in text


def test_the_script_travels_once_and_compressed(page):
    found = packed(page)
    assert sorted(found) == ["data-0", "data-1", "library"]
    assert found["library"].count("plotly.js v") == 1
    assert len(page.encode()) < 2_600_000


def test_nothing_is_fetched(page):
    text = markup(page)
    assert "http://" not in text
    assert "https://" not in text
    addresses = re.findall(r"""(?:src|href|action|data|srcset|poster)=["']([^"']*)""", text)
    assert addresses
    assert all(address.startswith(("data:image/webp", "#")) for address in addresses)
    assert "<link" not in text
    assert not re.search(r"<script[^>]+src", page)
    assert "default-src &#x27;none&#x27;" in text or "default-src 'none'" in text


def test_names_parameters_and_commands_are_text(page):
    text = markup(page)
    assert "<img src=x" not in page
    assert "alert('x')</script>" not in page
    assert "&lt;script&gt;" in text
    assert text.count("<script></script>") == page.count("<script")


def test_figures_are_valid_json(page):
    for system in ("data-0", "data-1"):
        figures = json.loads(packed(page)[system])["figures"]
        # The typed map has no density of states, which two of the pictures are drawn from.
        assert len(figures) == len(PICTURES) - 2
        assert all(figure["data"] for figure in figures.values())


@pytest.mark.parametrize("count", [1, 3, 4])
def test_any_number_of_systems(tmp_path, count):
    target = tmp_path / "page.html"
    write_report([study(f"system {place}", minima=1 + place, nulls=place % 2 == 0) for place in range(count)], target)
    text = markup(target.read_text(encoding="utf-8"))
    assert text.count("<article") == count
    assert (f"{count} landscapes" in text) == (count > 1)
    assert text.count("<h1") == 1


def test_a_picture_that_cannot_be_drawn_says_why(tmp_path):
    one = study()
    fields = {slot: getattr(one.graph, slot) for slot in one.graph.__slots__ if slot not in {"native", "key"}}
    one.graph = BasinGraph(**fields, key=np.array(["LRU", "LLU", "RRU", "DDU"]))
    text = markup(write_report([one], tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "Not drawn: energy against overlap" in text
    assert text.count('class="plot"') == len(PICTURES) - 3


def test_the_old_page_stays_when_writing_fails(tmp_path, monkeypatch):
    target = tmp_path / "page.html"
    target.write_text("old")
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(InputError, match="no space left"):
        write_report([study()], target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_targets_that_cannot_be_written_are_refused_in_one_sentence(tmp_path):
    locked = tmp_path / "locked.html"
    locked.write_text("keep")
    locked.chmod(0o444)
    for target, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "page.html", "does not exist"),
        (locked, "read-only|denied"),
    ):
        with pytest.raises(InputError, match=words) as refusal:
            write_report([study()], target)
        assert "\n" not in str(refusal.value)
    assert locked.read_text() == "keep"
    with pytest.raises(InputError, match="at least one study"):
        write_report([], tmp_path / "page.html")


def test_numbers_and_outcomes():
    assert number(-0.5) == "\u22120.5"
    assert "0.4 … 0.6" in value(Estimate(0.5, 0.4, 0.6))
    answer = value(NoAnswer("no_path", "<cause>", "do this"))
    assert "&lt;cause&gt;" in answer
    assert "do this" in answer
    assert strip_picture(Estimate.exactly(1.0), [Estimate(0.5, 0.4, 0.6)]).startswith("<svg")
    assert strip_picture(NoAnswer("a", "b", "c"), [Estimate(0.5, 0.4, 0.6)]) == ""
    assert number(2**800) == "6.6e240"


def test_the_profile_stands_beside_its_null(tmp_path):
    text = write_report([study(flag=True)], tmp_path / "page.html").read_text()
    assert "W(0) of shuffled energies" in packed(text)["data-0"]
    assert "flag=true" in text
    alone = write_report([study(nulls=False)], tmp_path / "page.html").read_text()
    assert "W(0) of shuffled" not in packed(alone)["data-0"]


def test_measures_with_a_value_come_first(tmp_path):
    text = write_report([study()], tmp_path / "page.html").read_text()
    kinds = re.findall(r'<tr data-name="[a-z_0-9]+" class="(known|lacking)"', text)
    assert kinds == sorted(kinds)
    assert {"known", "lacking"} == set(kinds)
    assert len(kinds) == len(MEASURES)
    row = text[text.index('<tr data-name="rivals"') :].split("</tr>")[0]
    assert "not of a smooth landscape" in row


def test_names_in_the_table_are_told_apart():
    assert len({title(name) for name in MEASURES}) == len(MEASURES)
    assert title("tf_tg") != title("tf_tg_measured") != title("tf_tg_ground_state")


def test_a_sampled_map_calls_no_number_exact() -> None:
    one = Estimate.exactly(3.0)
    strip = strips_module.Strip("minima", one, {}, ())
    assert ">exact<" in strips_module._strip(strip, seen=set(), whole=True)
    assert ">exact<" not in strips_module._strip(strip, seen=set(), whole=False)
