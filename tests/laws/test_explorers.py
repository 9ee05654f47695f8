"""Contracts that every explorer of the registry keeps, on the examples of the systems that it takes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from spinfunnel.explore import EXPLORERS
from spinfunnel.landscape import Budget, Effort, Kind, Minimum, Record, Saddle
from spinfunnel.landscape.assignments import KINDS
from spinfunnel.systems import SYSTEMS, resolve
from spinfunnel.systems.surfaces.box import box_function

pytestmark = pytest.mark.quick

TRIED_ON = {Kind.BINARY: "sk", Kind.CHAIN: "hp", Kind.SMOOTH: "blj"}
"""The system of each kind whose example is explored."""
IN_A_BOX = {"grid", "downhill"}
"""Explorers that need bounds."""
LIMIT = 20_000
"""Energies that an explorer with a budget may compute."""
UNTRIED = set(Kind) - set(TRIED_ON)
"""Kinds of which no system has an example, and networks: their training has tests of its own."""


def cases() -> list[tuple[str, str]]:
    """Names of explorers, each with an example of each kind that it takes, unless it needs a file."""
    return [
        (name, SYSTEMS[TRIED_ON[kind]].example)
        for name, explorer in EXPLORERS.items()
        for kind in explorer.kinds
        if kind not in UNTRIED and "file" not in explorer.options(kind)
    ]


CASES = cases()


def explored(name: str, spec: str) -> Any:
    """The example of a system, or a function in a box for explorers that need bounds."""
    return waves_in_a_box() if name in IN_A_BOX else resolve(spec, seed=5)


def waves_in_a_box() -> Any:
    """Wells in two coordinates with bounds."""
    return box_function(
        lambda x: (x * x - 10.0 * np.cos(2.0 * np.pi * x) + 10.0).sum(axis=1),
        bounds=(-1.7, 1.6),
        name="waves",
        dimension=2,
    )


def records(name: str, spec: str, *, workers: int = 1, seed: int = 3) -> list[Record]:
    landscape = explored(name, spec)
    explorer = EXPLORERS[name]
    limits: dict[str, Any] = {"budget": Budget(evaluations=LIMIT)} if explorer.takes("budget", landscape.kind) else {}
    chunks = explorer.explore(landscape.kind)(landscape, seed=seed, workers=workers, **limits)
    return [record for chunk in chunks for record in chunk]


@pytest.fixture(scope="module", params=CASES, ids=":".join)
def found(request: pytest.FixtureRequest) -> tuple[str, str, list[Record]]:
    name, spec = request.param
    return name, spec, records(name, spec)


def test_every_explorer_is_tried_or_says_why_not() -> None:
    tried = {name for name, _ in CASES}
    for name in set(EXPLORERS) - tried:
        kinds = set(EXPLORERS[name].kinds)
        assert kinds <= UNTRIED or all("file" in EXPLORERS[name].options(kind) for kind in kinds)


def test_minima_come_before_the_saddles_that_name_them(found: tuple[str, str, list[Record]]) -> None:
    _, _, rows = found
    energy: dict[str, float] = {}
    for record in rows:
        if isinstance(record, Minimum):
            energy[record.key] = record.energy
            assert 0.0 <= record.weight <= 1.0 + 1e-12
            assert record.visits >= 0
            assert record.plateau >= 1
            assert record.orbit >= 1
        elif isinstance(record, Saddle):
            assert len(record.minima) >= 1
            for key in record.minima:
                assert record.energy >= energy[key] - 1e-9 * max(1.0, abs(energy[key]))
    assert energy


def test_the_last_record_says_what_was_spent_where_there_is_a_budget(found: tuple[str, str, list[Record]]) -> None:
    name, spec, rows = found
    efforts = [record for record in rows if isinstance(record, Effort)]
    if EXPLORERS[name].takes("budget", explored(name, spec).kind):
        assert len(efforts) == 1
        assert isinstance(rows[-1], Effort)
        assert efforts[0].evaluations > 0
    else:
        assert efforts == []


def test_the_same_seed_yields_the_same_on_any_number_of_workers(found: tuple[str, str, list[Record]]) -> None:
    name, spec, rows = found
    assert records(name, spec, workers=2) == rows


def test_minima_have_the_energies_of_the_landscape(found: tuple[str, str, list[Record]]) -> None:
    name, spec, rows = found
    landscape = explored(name, spec)
    for record in rows:
        if not isinstance(record, Minimum):
            continue
        if landscape.kind is Kind.BINARY:
            state = np.array([[int(bit) for bit in record.key]], np.uint8)
            assert landscape.energy(state)[0] == pytest.approx(record.energy, rel=1e-9, abs=1e-9)
        elif record.state is not None:
            position = np.frombuffer(record.state, "<f8")[None]
            energy, gradient = landscape.energy_and_gradient(position)
            assert energy[0] == pytest.approx(record.energy, rel=1e-9, abs=1e-9)
            assert np.abs(gradient[:, off_walls(landscape, position)]).max(initial=0.0) < 1e-3


def off_walls(landscape: Any, position: Any) -> Any:
    """Coordinates that no wall holds: at a wall a minimum may have a slope out of the box."""
    if not hasattr(landscape, "low"):
        return slice(None)
    return (position[0] > landscape.low + 1e-9) & (position[0] < landscape.high - 1e-9)


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_is_documented_and_its_options_can_be_typed(name: str) -> None:
    explorer = EXPLORERS[name]
    assert explorer.name == name
    assert explorer.summary
    assert explorer.source
    for kind in explorer.kinds:
        explore = explorer.explore(kind)
        assert inspect.getdoc(explore)
        for option in explorer.options(kind).values():
            assert type(option) in {kind if isinstance(kind, type) else tuple for kind in KINDS}
