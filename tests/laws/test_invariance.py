"""The law of invariance: a landscape in another unit, zero, order, gauge or dress has the same measures and verdict.

Every registered system of bits is written down as a table of energies, turned, and measured again as a function.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from registered import named, specs
from repository import ROOT
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import Kind
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.systems import SpinPolynomial, resolve
from spinfunnel.systems.own_function import FunctionLandscape
from spinfunnel.verdict import judge_map

IN_UNITS = {
    "depth", "rival_depth", "tf", "tg", "tf_measured", "tg_measured", "tf_ground_state", "tg_ground_state",
    "heat_capacity_peak", "fastest_temperature",
}  # fmt: skip
"""Energies and temperatures: they change with the unit, in proportion."""
WITH_TIES = {name for name, measure in MEASURES.items() if measure.definition in (1, 2, 3, 5, 6, 10, 13)} | {
    "rival_valley_depth", "rival_share", "either_ruler",
}  # fmt: skip
"""Basins of states with several lowest neighbours go to the one with the smallest number, another in other orders."""
COMPARED = [
    name for name, measure in MEASURES.items()
    if measure.exact is not None and name not in IN_UNITS
]  # fmt: skip
SPECS = specs(named(Kind.BINARY), {})
CHANGES = ("dress", "unit 1e6", "unit 1e-6", "shift 1e3", "order", "gauge")


@cache
def energies_of(spec: str) -> np.ndarray:
    """Energies of all states, of both of each pair that the flip joins."""
    landscape = resolve(spec, seed=11)
    halved = any(symmetry.is_global_flip for symmetry in landscape.symmetries)
    out = np.empty(1 << (landscape.size - halved))
    landscape.enumerate(out)
    return np.concatenate([out, out[::-1]]) if halved else out


def turned(energies: np.ndarray, change: str) -> np.ndarray:
    """The same landscape, given otherwise."""
    bits = len(energies).bit_length() - 1
    number, rng = np.arange(len(energies)), np.random.default_rng([len(energies), len(change)])
    if change.startswith("unit"):
        return energies * float(change.split()[1])
    if change.startswith("shift"):
        return energies + float(change.split()[1]) * (energies.max() - energies.min())
    if change == "gauge":
        return energies[number ^ int(rng.integers(1 << bits))]
    if change == "order":
        image = np.zeros_like(number)
        for to, source in enumerate(rng.permutation(bits)):
            image |= ((number >> source) & 1) << to
        return energies[image]
    return energies


def table_of(spec: str, change: str) -> FunctionLandscape:
    energies = turned(energies_of(spec), change)
    bits = len(energies).bit_length() - 1
    places = 1 << np.arange(bits)
    return FunctionLandscape(lambda states: energies[states @ places], bits, name="table")


@cache
def graph_of(spec: str, change: str):
    return flood(table_of(spec, change))


@cache
def measured(spec: str, change: str):
    landscape, graph = table_of(spec, change), graph_of(spec, change)
    found = measure_all(graph, names=COMPARED, landscape=landscape)
    return landscape, found, judge_map(graph, found)


def tied(spec: str) -> bool:
    """Whether two neighbours of a state have one energy, so that steepest descent has a choice."""
    energies = energies_of(spec)
    bits = len(energies).bit_length() - 1
    around = np.sort(np.stack([energies[np.arange(len(energies)) ^ (1 << bit)] for bit in range(bits)]), axis=0)
    return bool((np.diff(around, axis=0) <= 1e-9 * np.ptp(energies)).any())


def agree(one, other, *, tolerance: float) -> bool:
    if not (isinstance(one, Estimate) and isinstance(other, Estimate)):
        return type(one) is type(other) and one.outcome == other.outcome
    if one.exact and other.exact:
        return abs(one.value - other.value) <= tolerance * max(1.0, abs(one.value))
    return one.low <= other.high and other.low <= one.high


@pytest.mark.parametrize("change", CHANGES[1:])
@pytest.mark.parametrize("spec", SPECS)
def test_measures_do_not_change(spec, change):
    reordered = change in {"order", "gauge"} and tied(spec)
    _, before, _ = measured(spec, "dress")
    _, after, _ = measured(spec, change)
    off = {
        name: (str(before[name]), str(after[name]))
        for name in COMPARED
        if not (reordered and name in WITH_TIES) and not agree(before[name], after[name], tolerance=1e-4)
    }
    assert not off


@pytest.mark.parametrize("spec", ["labs:n=9", "maxcut:n=9", "golf:n=9,depth=3"])
def test_whole_numbers_may_be_shifted_by_a_billion_spreads(spec):
    """Of other energies seven digits of sixteen are left, and states that differ in the eighth tie."""
    _, before, _ = measured(spec, "dress")
    _, after, _ = measured(spec, "shift 1e9")
    assert not {name for name in COMPARED if not agree(before[name], after[name], tolerance=1e-4)}


@pytest.mark.parametrize("unit", ["unit 1e6", "unit 1e-6"])
@pytest.mark.parametrize("spec", SPECS)
def test_energies_and_temperatures_follow_the_unit(spec, unit):
    names = [name for name in IN_UNITS if MEASURES[name].exact is not None]
    before, after = (
        measure_all(graph_of(spec, change), names=names, landscape=None) for change in ("dress", unit)
    )  # fmt: skip
    for name in names:
        if isinstance(before[name], Estimate):
            factor = float(unit.split()[1])
            scaled = replace(after[name], **{at: getattr(after[name], at) / factor for at in ("value", "low", "high")})
            assert agree(before[name], scaled, tolerance=1e-4), name
        else:
            assert before[name].outcome == after[name].outcome, name


def test_the_documentation_lists_what_is_exempt():
    text = (ROOT / "docs" / "invariance.md").read_text(encoding="utf-8")
    for title, names in (("In units of the energy", IN_UNITS), ("Where neighbours tie", WITH_TIES)):
        part = text.partition(f"## {title}")[2].partition("\n## ")[0]
        assert set(re.findall(r"`(\w+)`", part)) == {name for name in names if MEASURES[name].exact is not None}


@pytest.mark.parametrize("change", [*CHANGES[1:], "shift 1e9"])
@pytest.mark.parametrize("spec", SPECS)
def test_the_verdict_does_not_change(spec, change):
    assert measured(spec, change)[2].kind == measured(spec, "dress")[2].kind


@pytest.mark.parametrize("spec", SPECS)
def test_couplings_and_a_function_get_one_verdict(spec):
    """Where the system declares no symmetry but the flip; a function is not searched for others."""
    landscape = resolve(spec, seed=11)
    if not isinstance(landscape, SpinPolynomial) or any(not s.is_global_flip for s in landscape.symmetries):
        pytest.skip("no couplings, or symmetries that a function does not have")
    graph = flood(landscape)
    found = measure_all(graph, names=COMPARED, landscape=landscape)
    assert judge_map(graph, found).kind == measured(spec, "dress")[2].kind
