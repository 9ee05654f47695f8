"""Kinds of smooth maps that are known by construction, over sizes and seeds.

The generators were written while the rulers were designed: they show that these kinds are told apart, not how often
landscapes of other kinds are.
"""

import dataclasses

import numpy as np
import pytest

import smooth_families as families
from spinfunnel.landscape import Kind
from spinfunnel.measure import measure_all
from spinfunnel.verdict.rules import judge_measures
from spinfunnel.verdict.smooth import SMOOTH_EVIDENCE

NAMES = [*SMOOTH_EVIDENCE, "funnel_weight", "trap_ratio"]


def verdict(graph, **options):
    return judge_measures(measure_all(graph, names=NAMES, **options), kind=Kind.SMOOTH, road="smooth")


@pytest.mark.parametrize("seed", range(10))
def test_a_hole_among_flat_minima_is_a_golf_course(seed):
    size = (120, 200, 300, 400)[seed % 4]
    assert verdict(families.golf_course(size, seed, depth=(10.0, 100.0)[seed % 2])).kind == "golf course"


@pytest.mark.parametrize("seed", range(10))
def test_independent_systems_are_no_glass(seed):
    found = verdict(families.independent_systems(5 + seed % 4, seed))
    assert found.kind in {"funnel", "smooth"}, found


@pytest.mark.parametrize("seed", range(10))
def test_levels_without_order_behind_passes_of_one_height_are_a_glass(seed):
    found = verdict(families.trap_glass((150, 250, 400)[seed % 3], seed, spread=(1.0, 5.0)[seed % 2]))
    assert found.kind == "glass", found


@pytest.mark.parametrize("seed", range(10))
def test_energies_that_rise_from_the_lowest_minimum_are_a_funnel(seed):
    found = verdict(families.guided(100 + 30 * seed, seed, roughness=(0.2, 0.5)[seed % 2]))
    assert found.kind == "funnel", found


@pytest.mark.parametrize("seed", range(10))
def test_two_funnels_joined_at_their_rims_are_several(seed):
    found = verdict(families.two_funnels(80 + 20 * seed, seed, height=(9.0, 14.0)[seed % 2]))
    assert found.kind == "multi-funnel", found


def test_minima_of_rastrigin_are_a_funnel_and_those_of_its_double_two():
    """Wells of one depth under a bowl, and under the lesser of two (Lunacek, Whitley, Sutton, PPSN X, 2008)."""
    bowl = families.lattice([range(-5, 6)] * 2, lambda x: float(x @ x), barrier=20.0)
    assert verdict(bowl).kind == "funnel"
    double = families.lattice(
        [range(-10, 6)] * 2, lambda x: min(float(x @ x), 2.0 + 0.153 * float((x + 8.36) @ (x + 8.36))), barrier=20.0
    )
    assert verdict(double).kind == "multi-funnel"


@pytest.mark.parametrize("offset", [0.0, 1e-13, -12345.678])
def test_two_equal_wells_are_two_funnels(offset):
    """Two wells and a saddle at 1, equal or up to rounding: each holds half of the weight."""
    two = families.smooth_map([offset, offset + 1e-13], [(offset + 1.0, 0, 1)], weight=[0.51, 0.49])
    measures = measure_all(two, names=NAMES)
    found = judge_measures(measures, kind=Kind.SMOOTH, road="smooth")
    assert found.kind == "multi-funnel", found
    assert measures["rival_occupation"].value == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    "make",
    [
        lambda: families.golf_course(150, 1),
        lambda: families.independent_systems(6, 1),
        lambda: families.trap_glass(150, 1),
        lambda: families.two_funnels(60, 1),
    ],
)
def test_unit_and_zero_of_the_energy_change_no_kind(make):
    graph = make()
    kinds = set()
    for unit, zero in ((1.0, 0.0), (1e5, 3e6), (1e-5, -40.0)):
        turned = dataclasses.replace(
            graph, energy=unit * graph.energy + zero, saddle_energy=unit * graph.saddle_energy + zero
        )
        kinds.add(verdict(turned).kind)
    assert len(kinds) == 1


def test_reasons_are_short_and_hold_the_numbers():
    for graph in (families.golf_course(150, 1), families.trap_glass(150, 1), families.two_funnels(60, 1)):
        reason = verdict(graph).reason.removesuffix(" (from a sampled map)")
        assert len(reason.split()) <= 30, reason
        assert any(letter.isdigit() for letter in reason)


def test_a_map_in_parts_is_said_to_be_one_and_warns_of_nothing(recwarn):
    """Two thirds of the minima have no path to the lowest; no search is known that ended in one."""
    rng = np.random.default_rng(0)
    energy = rng.random(90)
    edges = [(max(energy[k], energy[k + 1]) + 0.5, k, k + 1) for k in range(89) if k % 3 == 0]
    found = verdict(families.smooth_map(energy, edges))
    assert found.kind == "undecided"
    assert "of the minima have a known path" in found.reason
    assert not [warning for warning in recwarn if warning.category is RuntimeWarning]
