"""Measures of smooth maps on graphs typed by hand, and their verdict."""

import dataclasses

import numpy as np
import pytest

from spinfunnel.landscape import BasinGraph, Kind
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.measure.connected_part import connected_part
from spinfunnel.measure.kinetics import arrhenius
from spinfunnel.verdict.rules import judge_measures


def graph(energy, saddles, *, volume=None, weight=None) -> BasinGraph:
    """Smooth map of minima of given energies and saddles (energy, one, other)."""
    m, s = len(energy), len(saddles)
    return BasinGraph(
        key=np.array([f"m{k}" for k in range(m)]),
        energy=np.array(energy, float),
        weight=np.full(m, 1 / m) if weight is None else np.array(weight, float),
        plateau=np.ones(m, np.int64),
        orbit=np.ones(m, np.int64),
        saddle_key=np.array([f"s{k}" for k in range(s)]),
        saddle_energy=np.array([row[0] for row in saddles], float),
        saddle_offsets=2 * np.arange(s + 1),
        saddle_minima=np.array([row[1:] for row in saddles], np.int64).ravel(),
        saddle_exact=np.ones(s, bool),
        exact=False,
        kind=Kind.SMOOTH,
        log_volume=np.zeros(m) if volume is None else np.array(volume, float),
        saddle_log_volume=np.zeros(s),
    )


def palm(minima: int, *, rival: float = 0.0) -> BasinGraph:
    """Stem with side branches half as high as they hang; a rival of the given depth at 1 above the ground state."""
    energy = np.concatenate([[0.0], 1.0 + np.arange(minima - 1) * 0.1])
    saddles = sorted((energy[k] + (rival if k == 1 and rival else 0.3 * energy[k]), 0, k) for k in range(1, minima))
    return graph(energy, saddles)


def test_two_levels_melt_where_their_weights_are_equal():
    two = graph([0.0, 2.0], [(3.0, 0, 1)], volume=[-1.0, 4.0])
    answer = measure_all(two, names=["superposition_tf"])["superposition_tf"]
    assert answer.value == pytest.approx(2.0 / 5.0)  # exp(-1) = exp(4 - 2 / T)


def test_heat_capacity_of_two_levels_peaks_where_that_of_schottky_does():
    """Two states without degeneracy: C = (d / T)^2 e^(d/T) / (1 + e^(d/T))^2 peaks at T = 0.4168 d."""
    answer = measure_all(graph([0.0, 1.0], [(2.0, 0, 1)]), names=["superposition_peak"])["superposition_peak"]
    assert answer.value == pytest.approx(0.4168, rel=0.02)


def test_rates_are_those_of_transition_state_theory():
    temperature = 0.7
    two = graph([0.0, 0.4], [(1.5, 0, 1)], volume=[0.3, 0.9])
    two = dataclasses.replace(two, saddle_log_volume=np.array([0.2]))
    rate = arrhenius(two, temperature=temperature).rates()[1, 0]
    assert rate == pytest.approx(np.exp(0.2 - 0.9 - (1.5 - 0.4) / temperature) / (2 * np.pi))


def test_frustration_weighs_minima_by_their_volumes():
    three = graph([0.0, 1.0, 1.0], [(1.5, 0, 1), (3.0, 0, 2)], volume=[0.0, 0.0, 5.0])
    flat = dataclasses.replace(three, log_volume=np.zeros(3))
    weighed, even = (MEASURES["frustration"].compute(each).value for each in (three, flat))
    assert even == pytest.approx(0.5 * (1.5 + 3.0))
    assert weighed == pytest.approx((1.5 + np.exp(5.0) * 3.0) / (1 + np.exp(5.0)))


def test_what_no_path_reaches_is_left_out_and_said():
    apart = graph([0.0, 1.0, 2.0], [(1.5, 0, 1)], weight=[0.5, 0.3, 0.2])
    assert connected_part(apart).key.tolist() == ["m0", "m1"]
    found = measure_all(apart)
    assert found["connected_share"].value == pytest.approx(0.8)
    assert found["trap_ratio"].value == pytest.approx(0.5)
    assert connected_part(palm(5)) is not None


@pytest.mark.parametrize(
    ("rival", "kind"),
    [(0.0, "funnel"), (0.9, "funnel"), (8.0, "multi-funnel")],
)
def test_a_rival_is_a_trap_deeper_than_the_drop_below_it(rival, kind):
    found = measure_all(palm(30, rival=rival))
    verdict = judge_measures(found, kind=Kind.SMOOTH, road="smooth")
    assert verdict.kind == kind
    assert (found["rivals"].value > 0) == (kind == "multi-funnel")
    if kind == "multi-funnel":
        assert (found["rival_gap"].value, found["rival_barrier"].value) == (1.0, 8.0)
    else:
        assert isinstance(found["rival_gap"], NoAnswer)


def test_traps_of_one_lake_are_one_rival():
    """Fifteen traps, each deeper than the drop below it, but all of them with a lower way to the lowest of them."""
    energy = np.concatenate([[0.0], 1.0 + 0.05 * np.arange(16)])
    ways = [(9.0, 0, 1)] + [(e + 2.6, 1, k + 2) for k, e in enumerate(energy[2:])]
    found = measure_all(
        graph(np.concatenate([energy, [5.0, 5.1, 5.2, 5.3]]), ways + [(5.5, 0, k) for k in range(17, 21)])
    )
    assert found["rivals"].value == 1.0
    assert judge_measures(found, kind=Kind.SMOOTH, road="smooth").kind == "multi-funnel"


def trapped(traps: int, *, spacing: float, wide: float = 0.0) -> BasinGraph:
    """Traps of a depth of 20 from 1 above the ground state on; the first of so large a logarithm of its volume."""
    energy = np.concatenate([[0.0], 1.0 + spacing * np.arange(traps), 2.2 + 0.1 * np.arange(20)])
    saddles = sorted((e + (20.0 if k <= traps else 0.5), 0, k) for k, e in enumerate(energy) if k)
    return graph(energy, saddles, volume=np.where(np.arange(len(energy)) == 1, wide, 0.0))


@pytest.mark.parametrize(("traps", "kind"), [(40, "glass"), (9, "undecided"), (3, "multi-funnel")])
def test_a_glass_has_many_funnels_of_like_weight(traps, kind):
    found = measure_all(trapped(traps, spacing=0.001))
    assert found["rivals"].value == traps
    assert found["rival_funnels"].value == pytest.approx(traps, rel=0.01)
    assert judge_measures(found, kind=Kind.SMOOTH, road="smooth").kind == kind


def test_pockets_beside_a_funnel_do_not_count():
    """Forty traps, one of which holds nearly all that is in them: half of all at T = 1/8. Descents end elsewhere."""
    wide = trapped(40, spacing=0.01, wide=8.0)
    found = measure_all(dataclasses.replace(wide, weight=np.repeat([0.0, 1 / 20], [41, 20])))
    assert found["rivals"].value == 40
    assert found["rival_descents"].value == 0.0
    assert 0.3 < found["rival_occupation"].value < 0.6
    assert found["rival_funnels"].value == pytest.approx(1.0, abs=0.05)
    assert judge_measures(found, kind=Kind.SMOOTH, road="smooth").kind == "multi-funnel"


def test_traps_that_hold_nothing_in_the_cold_count_if_descents_end_in_them():
    """A wide native state holds nearly all while it is cold, as in a spherical glass; descents end in many traps."""
    many = trapped(16, spacing=0.01, wide=0.0)
    native = dataclasses.replace(many, log_volume=np.where(np.arange(37) == 0, 15.0, 0.0))
    found = {}
    for caught in (0.0, 0.6):
        weight = np.repeat([0.0, caught / 16, (1.0 - caught) / 20], [1, 16, 20])
        found[caught] = measure_all(dataclasses.replace(native, weight=weight))
        assert found[caught]["rival_occupation"].value < 0.01
        assert found[caught]["rival_descents"].value == pytest.approx(caught)
    assert judge_measures(found[0.0], kind=Kind.SMOOTH, road="smooth").kind == "funnel"
    verdict = judge_measures(found[0.6], kind=Kind.SMOOTH, road="smooth")
    assert verdict.kind == "glass"
    assert "60 % of the descents" in verdict.reason


def test_rivals_that_hold_nothing_leave_one_funnel():
    """One deep trap just below the height from which on none counts; it melts before anything is in it."""
    energy = np.concatenate([[0.0, 4.0], 5.0 + 0.01 * np.arange(400)])
    saddles = sorted([(8.5, 0, 1)] + [(9.0 + 0.01 * k, 0, k) for k in range(2, 402)])
    found = measure_all(graph(energy, saddles, volume=np.where(np.arange(402) == 1, -4.0, 0.0)))
    assert found["rivals"].value == 1
    assert found["rival_occupation"].value < 0.01
    assert judge_measures(found, kind=Kind.SMOOTH, road="smooth").kind == "funnel"


@pytest.mark.parametrize(
    ("barrier", "wide", "kind"), [(3.0, 0.0, "funnel"), (20.0, 0.0, "multi-funnel"), (3.0, 6.0, "multi-funnel")]
)
def test_a_trap_that_is_soon_left_and_never_holds_half_is_a_substate(barrier, wide, kind):
    """A trap 1 above the ground state: shallow; deep; and wide, so that it holds weight while it is still cold."""
    energy = np.concatenate([[0.0, 1.0], 3.0 + 0.1 * np.arange(30)])
    saddles = sorted([(1.0 + barrier, 0, 1)] + [(e + 0.5, 0, k + 2) for k, e in enumerate(energy[2:])])
    found = measure_all(graph(energy, saddles, volume=np.where(np.arange(32) == 1, wide, 0.0)))
    assert found["rivals"].value == 1
    verdict = judge_measures(found, kind=Kind.SMOOTH, road="smooth")
    assert verdict.kind == kind
    assert ("substates" in verdict.reason) == (kind == "funnel")


def test_a_pocket_behind_an_unrefined_barrier_hides_no_rivals():
    """Three deep traps, and one minimum, far above the ground state, to which one way of a height of 60 is known."""
    energy = np.concatenate([[0.0], 1.0 + 0.01 * np.arange(3), [3.0], 4.0 + 0.1 * np.arange(30)])
    saddles = sorted((e + (20.0 if k < 4 else 60.0 if k == 4 else 0.5), 0, k) for k, e in enumerate(energy) if k)
    found = measure_all(graph(energy, saddles, volume=np.where(np.arange(35) == 4, -6.0, 0.0)))
    assert found["rivals"].value == 4
    assert judge_measures(found, kind=Kind.SMOOTH, road="smooth").kind == "multi-funnel"


def test_too_little_is_undecided():
    assert judge_measures(measure_all(palm(8)), kind=Kind.SMOOTH, road="smooth").kind == "undecided"
    scattered = dataclasses.replace(palm(30), weight=np.concatenate([np.full(29, 0.01), [0.71]]))
    cut = dataclasses.replace(
        scattered,
        saddle_key=scattered.saddle_key[:-1],
        saddle_energy=scattered.saddle_energy[:-1],
        saddle_offsets=scattered.saddle_offsets[:-1],
        saddle_minima=scattered.saddle_minima[:-2],
        saddle_exact=scattered.saddle_exact[:-1],
        saddle_log_volume=scattered.saddle_log_volume[:-1],
    )
    verdict = judge_measures(measure_all(cut), kind=Kind.SMOOTH, road="smooth")
    assert verdict.kind == "undecided"
    assert "29 %" in verdict.reason


@pytest.mark.parametrize(("met", "kind"), [(4, "undecided"), (5, "funnel")])
def test_a_small_map_tells_the_kind_if_every_minimum_was_met_again_and_again(met, kind):
    visits = np.full(8, 90)
    visits[5] = met
    verdict = judge_measures(measure_all(dataclasses.replace(palm(8), visits=visits)), kind=Kind.SMOOTH, road="smooth")
    assert verdict.kind == kind
    assert f"met by {met} searches" in verdict.reason


def test_one_minimum_is_smooth_only_if_searches_end_there_again_and_again():
    one = graph([0.0], [])
    kinds = [
        judge_measures(
            measure_all(dataclasses.replace(one, visits=np.array([n]))), kind=Kind.SMOOTH, road="smooth"
        ).kind
        for n in (1, 40)
    ]
    assert kinds == ["undecided", "smooth"]


@pytest.mark.parametrize(("weight", "descents"), [([0.5, 0.5], 2), ([0.7, 0.3], 10), ([0.4, 0.35, 0.25], 20)])
def test_the_number_of_descents_is_read_off_their_shares(weight, descents):
    """Wilson's interval of all of them: its lower end is n / (n + 1.96^2)."""
    ways = [(3.0, 0, k) for k in range(1, len(weight))]
    share = measure_all(graph(np.arange(len(weight)), ways, weight=weight), names=["connected_share"])
    assert share["connected_share"].low == pytest.approx(descents / (descents + 1.96**2))


def test_discrete_maps_have_no_such_answers():
    discrete = dataclasses.replace(palm(5), kind=Kind.BINARY, log_volume=None, saddle_log_volume=None, exact=True)
    found = measure_all(discrete)
    assert all(found[name].outcome == "not_smooth" for name in ("rivals", "superposition_tf", "connected_share"))
    assert isinstance(found["trap_ratio"], NoAnswer)


def test_shares_of_descents_have_the_interval_of_their_number():
    hundred = graph([0.0, 1.0], [(1.5, 0, 1)], weight=[0.99, 0.01])
    share = measure_all(hundred, names=["funnel_weight"])["funnel_weight"]
    assert isinstance(share, Estimate)
    assert share.value == 1.0
    assert share.low == pytest.approx(0.963, abs=0.001)  # Wilson's 95 % for 100 of 100


def test_descents_that_all_end_outside_the_mapped_part_have_no_share_in_its_funnels():
    apart = graph([0.0, 1.0, 2.0], [(1.5, 0, 1)], weight=[0.0, 0.0, 1.0])
    found = measure_all(apart)
    assert {found[name].outcome for name in ("funnel_weight", "rival_weight")} == {"no_path"}
    assert found["connected_share"].value == 0.0
    assert not any(np.isnan(answer.value) for answer in found.values() if isinstance(answer, Estimate))


def test_what_counts_states_says_that_there_are_none_to_count():
    found = measure_all(palm(30))
    assert found["tf_tg"].outcome == found["fitness_distance"].outcome == "smooth_map"
    assert not any("tempering" in answer.remedy for answer in found.values() if isinstance(answer, NoAnswer))


def test_without_random_descents_there_is_no_share_of_them():
    hopped = dataclasses.replace(palm(30), weight=np.zeros(30))
    names = ["rival_weight", "folding_sweeps", "funnel_weight"]
    assert {answer.outcome for answer in measure_all(hopped, names=names).values()} == {"no_descents"}
