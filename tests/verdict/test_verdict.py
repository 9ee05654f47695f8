"""The verdict on measures typed by hand, and on labelled landscapes."""

import numpy as np
import pytest

from slow_twins import Table, basin_graph
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import Kind
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.verdict.rules import judge_measures
from spinfunnel.verdict.thresholds import THRESHOLDS, Threshold

SINGLE = NoAnswer("single_minimum", "there is one minimum only", "nothing to do")
NO_FOLDING = NoAnswer("no_folding_transition", "the ground energy is not low enough", "none")
FLAT = NoAnswer("flat", "every other state has one energy", "nothing to do")
TRAP = NoAnswer("misleading", "the energy rises along the overlap", "nothing to do")
NO_NULL = NoAnswer("no_null", "there are no interactions", "give a system that has them")
FUNNEL = {
    "minima": 9.0, "funnel_weight": 0.8, "rival_valley": 0.0, "profile_area": 0.03, "funnel_slope": 6.0,
    "levinthal": 0.5,
    "tf_tg": NO_FOLDING, "stability_gap": 0.2, "stability_z": 5.0, "native_depth": 1.03, "decoy_gap": 0.1,
    "relative_depth": 0.08, "fitness_distance": 0.35,
}  # fmt: skip
GLASS = {"stability_gap": 0.02, "stability_z": 0.4, "funnel_weight": 0.5}
SLOPE = {"minima": 1.0, "relative_depth": SINGLE, "funnel_weight": 1.0, "fitness_distance": 0.8}
PLAIN = {"stability_gap": NO_NULL, "stability_z": NO_NULL}
NULL = {
    "funnel_weight": Estimate(0.02, 0.01, 0.05),
    "profile_area": Estimate(0.4, 0.3, 0.5),
}


def measures(**change):
    values = FUNNEL | change
    return {k: Estimate.exactly(v) if isinstance(v, float) else v for k, v in values.items() if v is not None}


def verdict(null=NULL, exact=True, **change):
    nulls = {"shuffled_energies": null} if null else None
    return judge_measures(measures(**change), kind=Kind.GRAPH, road="exact" if exact else "sampled", nulls=nulls)


def between(name):
    return 0.5 * (THRESHOLDS[name].value + THRESHOLDS[f"{name}_lost"].value)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("funnel", {}),
        ("funnel", {"tf_tg": 2.5, **GLASS}),
        ("funnel", {"tf_tg": 4.1, "minima": 1.0, "relative_depth": SINGLE, "funnel_weight": 1.0}),
        ("funnel", {"funnel_weight": 0.3}),
        ("funnel", {"levinthal": None}),
        ("funnel", {**PLAIN, "native_depth": 1.5}),
        ("funnel", {**PLAIN, "decoy_gap": 0.3}),
        ("funnel", {"stability_z": between("stability_z"), "native_depth": 2.0}),
        ("multi-funnel", {"rival_valley": 0.4, "funnel_slope": 9.0}),
        ("multi-funnel", {"rival_valley": 0.4, "funnel_slope": 9.0, "levinthal": 0.1, "funnel_weight": 0.3}),
        ("golf course", {"levinthal": 0.0, "funnel_weight": 0.05, "tf_tg": 3.0}),
        ("golf course", {"levinthal": 0.0, "tf_tg": 3.0, "rival_valley": 0.4, "funnel_slope": 0.1}),
        ("golf course", {"levinthal": None, "funnel_weight": 0.05, "tf_tg": 3.0}),
        ("golf course", {"tf_tg": NoAnswer("no_roughness", "one", "-"), "funnel_slope": FLAT, "levinthal": None}),
        ("golf course", {"tf_tg": 2.3, "levinthal": -0.01, "rival_valley": 0.99, "funnel_slope": TRAP}),
        ("smooth", {**SLOPE, **GLASS, "funnel_weight": 1.0}),
        ("smooth", {**SLOPE, **PLAIN, "native_depth": 3.0}),
        ("smooth", {"fitness_distance": 0.8, "relative_depth": 0.002, **GLASS, "stability_z": NO_NULL}),
        ("glass", GLASS),
        ("glass", {**GLASS, "levinthal": 0.0, "funnel_weight": 0.01}),
        ("glass", {**PLAIN, "levinthal": 0.0, "funnel_weight": 0.01}),
        ("glass", {"stability_gap": 0.01, "stability_z": 6.0, "funnel_weight": 0.5}),
        ("undecided", {**GLASS, "funnel_weight": 0.95}),
        ("undecided", {"stability_z": between("stability_z")}),
        ("undecided", {"stability_gap": 0.05, "stability_z": 6.0}),
        ("undecided", {"stability_gap": 0.14, "stability_z": 2.2}),
        ("undecided", PLAIN),
        ("undecided", {"levinthal": between("levinthal"), "funnel_weight": 0.42}),
        ("undecided", {"levinthal": between("levinthal"), "funnel_weight": 0.05, "tf_tg": 3.0}),
        ("undecided", {"levinthal": Estimate(0.3, 0.1, 0.5), "funnel_weight": Estimate(0.55, 0.4, 0.7)}),
        ("undecided", {"rival_valley": between("rival_valley")}),
        ("undecided", {"rival_valley": 0.4, "funnel_slope": between("rival_slope")}),
        ("undecided", {"funnel_weight": NoAnswer("sampled_map", "the map was sampled", "flood it"), "levinthal": None}),
        ("undecided", {"levinthal": None, "profile_area": 0.35}),
        ("undecided", {"entropy": 2.0}),
        ("undecided", {"minima": 1.0, "relative_depth": SINGLE, "funnel_weight": 1.0, **GLASS}),
        ("undecided", {"minima": 1.0, "relative_depth": SINGLE, **PLAIN, "decoy_gap": 0.3, "fitness_distance": None}),
    ],
)  # fmt: skip
def test_kinds(kind, change):
    found = verdict(**change)
    assert found.kind == kind, found
    assert found.reason[0] != " "
    assert "  " not in found.reason


def test_the_reason_carries_the_numbers():
    reason = verdict(funnel_weight=0.77, tf_tg=2.24).reason
    assert reason == ("walks find the native state fast (Levinthal efficiency 0.5), and Tf/Tg = 2.24")


def test_the_evidence_holds_what_was_read_beside_its_null():
    evidence = verdict().evidence
    assert evidence["funnel_weight"].measurement == Estimate.exactly(0.8)
    assert evidence["funnel_weight"].nulls == {"shuffled_energies": NULL["funnel_weight"]}
    assert evidence["tf_tg"].measurement is NO_FOLDING
    assert set(evidence) <= set(MEASURES)


def test_without_nulls_the_reason_says_so():
    assert verdict(null=None).kind == "funnel"
    assert verdict(null=None).reason.endswith("(no nulls)")


@pytest.mark.parametrize(
    "null",
    [{**NULL, "funnel_weight": Estimate(0.6, 0.2, 1.0)}, {**NULL, "profile_area": Estimate(0.05, 0.01, 0.1)}],
)
def test_what_chance_does_as_well_proves_nothing(null):
    assert verdict(null=null, levinthal=None).kind == "undecided"


def test_thresholds_are_those_given():
    strict = {**THRESHOLDS, "stability_gap": Threshold(0.4, "a test"), "stability_gap_lost": Threshold(0.3, "a test")}
    assert judge_measures(measures(), thresholds=strict).kind == "glass"
    assert judge_measures(measures(funnel_weight=0.9), thresholds=strict).kind == "undecided"


@pytest.mark.parametrize("name", [name for name in THRESHOLDS if f"{name}_lost" in THRESHOLDS])
def test_the_thresholds_of_a_pair_do_not_cross(name):
    assert THRESHOLDS[f"{name}_lost"].value <= THRESHOLDS[name].value


@pytest.mark.parametrize(
    ("change", "kind"), [(GLASS, "glass"), ({**GLASS, "funnel_weight": 0.95}, "undecided"), ({}, "funnel")]
)
def test_a_chain_no_better_than_its_shuffles_has_no_native_state_whatever_tf_tg(change, kind):
    found = measures(tf_tg=2.5, **change)
    assert judge_measures(found, kind=Kind.CHAIN).kind == kind
    # Twin: coupling signs dealt anew do not overrule the random-energy form.
    assert judge_measures(found).kind == "funnel"


@pytest.mark.parametrize(("slope", "kind"), [(13.0, "undecided"), (0.5, "golf course")])
def test_a_chain_too_long_to_walk_whose_energy_guides_is_no_golf_course(slope, kind):
    found = measures(tf_tg=2.6, levinthal=None, funnel_weight=0.31, funnel_slope=slope)
    assert judge_measures(found, kind=Kind.CHAIN).kind == kind


def test_nulls_without_an_answer_are_no_nulls():
    failed = {name: NoAnswer("flat", "flat", "-") for name in NULL}
    assert verdict(null=failed).kind == "funnel"


@pytest.mark.parametrize("missing", [[name] for name in FUNNEL] + [list(FUNNEL)])
@pytest.mark.parametrize("as_outcome", [True, False])
def test_any_measure_may_fail(missing, as_outcome):
    outcome = NoAnswer("broken", "it could not be measured", "try again")
    found = judge_measures(
        {k: outcome if k in missing else v for k, v in measures().items() if as_outcome or k not in missing}
    )
    assert found.kind in {"funnel", "undecided"}


@pytest.mark.parametrize(("kind", "kicked"), [("glass", 0.1), ("undecided", 0.5)])
def test_walks_of_kicks_stand_in_where_chains_of_exits_are_not_known(kind, kicked):
    """Nothing stands out, walks are fast, the funnel's weight is open: those that kicks carry on decide."""
    open_share = Estimate(0.5, 0.0, 1.0)
    change = {**GLASS, "native_depth": 0.5, "minima": 1000.0, "levinthal": 0.9, "kick_weight": kicked}
    found = verdict(exact=False, **change | {"funnel_weight": open_share, "followed_weight": open_share})
    assert found.kind == kind
    assert ("kicks" in found.reason) == (kind == "glass")


def test_a_sampled_graph_is_undecided_with_a_way_out():
    found = judge_measures(
        measure_all(basin_graph([0.0, 1.0], [(2.0, 0, 1)], exact=False)), kind=Kind.GRAPH, road="sampled"
    )
    assert found.kind == "undecided"
    assert "is not known: the map knows nothing of all states" in found.reason


def test_every_threshold_has_a_source():
    assert all(len(threshold.source) > 20 for threshold in THRESHOLDS.values())


# ---------------------------------------------------------------------------------------------
# Labelled landscapes. Seeds are fixed; the counts allow for samples that are truly of another kind.


def mapped(energies, *, flip):
    return flood(Table.halved(energies) if flip else Table(energies))


def spins(n, states):
    return 2.0 * ((np.arange(states)[:, None] >> np.arange(n)) & 1) - 1.0


def pair_energies(coupling, *, flip=True):
    n = len(coupling)
    s = spins(n, 2 ** (n - flip))
    return -np.einsum("bi,ij,bj->b", s, coupling, s)


def ferromagnet(rng):
    coupling = np.zeros((16, 16))
    for site in range(16):
        for neighbour in ((site + 4) % 16, site - site % 4 + (site + 1) % 4):
            coupling[site, neighbour] += abs(rng.normal())
    return pair_energies(coupling)


def golf(rng):
    energies = np.zeros(4096)
    energies[rng.integers(4096)] = -1.0
    return energies


def strings(_):
    s = spins(12, 4096).T
    return sum((s[: 12 - k] * s[k:]).sum(axis=0) ** 2 for k in range(1, 12))


def with_null(energies, *, flip, rng):
    names = ["funnel_weight", "profile_area"]
    dealt = [measure_all(mapped(rng.permutation(energies), flip=flip), names=names) for _ in range(4)]
    null = {}
    for name in names:
        values = [row[name].value for row in dealt if isinstance(row[name], Estimate)]
        if values:
            null[name] = Estimate(float(np.median(values)), min(values), max(values))
    landscape = Table.halved(energies) if flip else Table(energies)
    found = measure_all(flood(landscape), landscape=landscape)
    return judge_measures(found, nulls={"shuffled_energies": null})


@pytest.mark.parametrize(
    ("energies", "flip", "kinds"),
    [
        (ferromagnet, True, {"funnel"}),
        (lambda rng: rng.normal(size=4096), False, {"glass"}),
        (strings, False, {"glass", "golf course"}),
        (golf, False, {"golf course"}),
        (lambda rng: -spins(10, 1024) @ (20 * rng.normal(size=10)), False, {"smooth"}),
        (lambda _: -(spins(12, 2048).sum(axis=1) ** 2) / 24, True, {"funnel", "smooth"}),
        (lambda _: np.zeros(64), False, {"smooth", "undecided"}),
        (lambda rng: rng.normal(size=4), False, {"undecided"}),
    ],
    ids=["ferromagnet", "random energies", "labs", "golf", "huge field", "one pattern", "constant", "two bits"],
)
def test_labelled_landscapes(energies, flip, kinds):
    rng = np.random.default_rng(12)
    for _ in range(3):
        found = with_null(np.asarray(energies(rng), float), flip=flip, rng=rng)
        assert found.kind in kinds, found


def test_a_small_spin_glass_is_not_called_a_funnel_as_a_rule():
    rng = np.random.default_rng(6)
    kinds = []
    for _ in range(12):
        coupling = np.triu(rng.normal(size=(14, 14)), 1) / np.sqrt(14)
        kinds.append(judge_measures(measure_all(mapped(pair_energies(coupling), flip=True))).kind)
    assert sum(kind in {"glass", "undecided"} for kind in kinds) >= 7, kinds
