"""Laws of every registered null, on one small landscape of each kind that it speaks of."""

from __future__ import annotations

from dataclasses import replace

import pytest

import spinfunnel as sf
from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES
from spinfunnel.null import NULLS, Asked, Found, Null
from spinfunnel.null.ensemble import flooded
from spinfunnel.systems import resolve

SMALL = {
    "exact bits": ("sk:n=7", "auto"),
    "exact chain": ("go:n=8", "auto"),
    "sampled bits": ("sk:n=12", "tempering:groups=2,rounds=8,quenches=64"),
    "smooth": ("camel", "auto"),
}


@pytest.fixture(scope="module", params=SMALL)
def asked(request: pytest.FixtureRequest) -> Asked:
    spec, explorer = SMALL[request.param]
    landscape = resolve(spec)
    graph = sf.study(landscape, explorer=explorer, nulls=False, views=False, advice=False).graph
    return Asked(landscape=landscape, graph=graph, count=3, seed=5)


def _rows(graph: BasinGraph) -> list[str]:
    return [name for name, null in NULLS.items() if null.on(graph.road) is not None]


def _found(asked: Asked, name: str) -> Found:
    way = NULLS[name].on(asked.graph.road)
    assert way is not None
    return way(asked)


def test_every_null_says_what_it_is() -> None:
    for name, null in NULLS.items():
        assert null.name == name
        assert null.summary
        assert null.source
        assert any(null.on(road) for road in ("exact", "sampled", "smooth", "trained"))


def test_a_null_answers_every_measure_or_says_why_not(asked: Asked) -> None:
    for name in _rows(asked.graph):
        found = _found(asked, name)
        assert set(found.measures) == set(MEASURES), name
        for answer in (*found.measures.values(), *found.own.values()):
            assert isinstance(answer, Estimate | NoAnswer)
        assert found.samples > 0 or not any(isinstance(answer, Estimate) for answer in found.measures.values())


def test_the_same_seed_gives_the_same_null_and_another_seed_another(asked: Asked) -> None:
    for name in _rows(asked.graph):
        first = _found(asked, name)
        assert _found(replace(asked, workers=2), name) == first, name
        if any(isinstance(answer, Estimate) and answer.low < answer.high for answer in first.measures.values()):
            assert _found(replace(asked, seed=6), name) != first, name


def test_a_null_of_a_plug_in_is_listed_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A null that hands out the landscape itself: it must not stand out from it."""
    row = Null(
        "itself", "the landscape itself", "a test", exact=lambda asked: flooded(asked, _itself, title="the same")
    )
    monkeypatch.setitem(NULLS, "itself", row)
    study = sf.study("sk:n=7", nulls=3, seed=2)
    assert list(study.nulls) == ["shuffled_energies", "sorted_energies", "shuffled_interactions", "itself"]
    own, null = study.measures["funnel_weight"], study.nulls["itself"]["funnel_weight"]
    assert isinstance(own, Estimate)
    assert isinstance(null, Estimate)
    assert null.value == pytest.approx(own.value)


def _itself(landscape, workers):  # type: ignore[no-untyped-def]
    return lambda seed: landscape  # noqa: ARG005
