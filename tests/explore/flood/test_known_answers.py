"""What is known about landscapes of up to 24 bits, reproduced by the flood.

Means over disorder are compared with a tolerance of four standard errors of the difference (one comparison in 16,000
fails by chance if all is well); the seeds are fixed, so a failure is a change in the program.
"""

import math
from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from slow_twins import Table, slow_flood
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import state_bits
from spinfunnel.measure import measure_all
from spinfunnel.systems import resolve

LABS_OPTIMA = dict(enumerate([1, 2, 2, 7, 3, 8, 12, 13, 5, 10, 6, 19, 15, 24, 32, 25, 29, 26, 26, 39, 47, 36], start=3))
LABS_MINIMA = {  # strict (all neighbours higher), weak (none lower), of all 2^N strings
    8: (24, 24), 10: (40, 168), 12: (280, 280), 13: (308, 500), 14: (352, 736), 15: (696, 1392), 16: (1352, 1352),
    20: (9628, 9628), 21: (10892, 20564), 24: (59172, 59172),
}  # fmt: skip


@cache
def drained(spec):
    return flood(resolve(spec), workers=2)


def maps(spec, *, samples, first=0):
    return [drained(f"{spec},seed={seed}") for seed in range(first, first + samples)]


def mean_and_error(values):
    values = np.asarray(values, float)
    return values.mean(), values.std(ddof=1) / math.sqrt(len(values))


def assert_mean(values, known, known_error=0.0):
    mean, error = mean_and_error(values)
    assert abs(mean - known) < 4 * math.hypot(error, known_error), (
        f"{mean:.4g} +- {error:.2g} against {known} +- {known_error}"
    )


def stable_states(n, *, p=2):
    """2^N Integral phi(z) Phi(z sqrt(r / (1 - r)))^N dz, r = (p - 1) / (N - 1)."""
    r = (p - 1) / (n - 1)
    if r >= 1:
        return 2.0
    root = math.sqrt(r / (1 - r))
    return 2**n * quad(lambda z: norm.pdf(z) * norm.cdf(z * root) ** n, -9, 9, epsabs=1e-14)[0]


@pytest.mark.parametrize(("n", "known"), [(8, 5.22650), (12, 11.5494), (16, 25.5781), (20, 56.6913)])
def test_the_formula_for_stable_states_is_the_known_one(n, known):
    assert stable_states(n) == pytest.approx(known, rel=5e-6)


@pytest.mark.parametrize(("n", "samples"), [(8, 400), (12, 200), (16, 100), (20, 60)])
def test_one_flip_stable_states_of_sherrington_kirkpatrick(n, samples):
    assert_mean([graph.census.minima_raw for graph in maps(f"sk:n={n}", samples=samples)], stable_states(n))


def test_three_spins_have_two_stable_states_in_every_sample():
    assert {graph.census.minima_raw for graph in maps("sk:n=3", samples=20)} == {2}


def test_a_wrong_variance_would_be_noticed():
    """The broken twin: fields of independent neighbours instead of shared bonds give 2^N / 2^N = 1 at r = 0."""
    counts = [graph.census.minima_raw for graph in maps("sk:n=12", samples=200)]
    with pytest.raises(AssertionError):
        assert_mean(counts, stable_states(12, p=3))


@pytest.mark.parametrize(("n", "samples"), [(8, 200), (12, 100), (16, 30)])
def test_one_flip_stable_states_of_the_three_spin_glass(n, samples):
    assert_mean([graph.census.minima_raw for graph in maps(f"pspin:n={n},p=3", samples=samples)], stable_states(n, p=3))


@pytest.mark.parametrize(("n", "samples"), [(10, 60), (14, 20), (20, 4)])
def test_minima_of_the_random_energy_model(n, samples):
    assert_mean([graph.census.minima_raw for graph in maps(f"rem:n={n}", samples=samples)], 2**n / (n + 1))


@pytest.mark.parametrize("seed", range(8))
def test_stable_states_of_a_gaussian_ring(seed):
    """Exactly 2^W, W = number of bonds weaker than both of their neighbours."""
    ring = resolve(f"ea:shape=14,seed={seed}")
    bonds, strength = ring.terms[2]
    around = np.zeros(14)
    for (i, j), value in zip(bonds.tolist(), strength, strict=True):
        around[i if (i + 1) % 14 == j else j] = abs(value)
    weak = (around < np.roll(around, 1)) & (around < np.roll(around, -1))
    assert flood(ring).census.minima_raw == 2 ** weak.sum()


@pytest.mark.parametrize(
    ("shape", "samples", "known", "error"), [("3x3", 400, 6.98, 0.02), ("4x4", 150, 32.7, 0.2), ("5x5", 12, 233, 1)]
)
def test_stable_states_of_the_gaussian_torus(shape, samples, known, error):
    assert_mean([graph.census.minima_raw for graph in maps(f"ea:shape={shape}", samples=samples)], known, error)


@pytest.mark.parametrize("n", [10, 16, 20])
def test_one_hopfield_pattern_has_two_minima(n):
    graph = flood(resolve(f"hopfield:n={n},patterns=1,seed=3"))
    assert (graph.minima, graph.census.minima_raw, graph.weight.tolist()) == (1, 2, [1.0])


TABLE = {  # system: samples, minima, share of minima, basin weight, funnels, each with its standard error
    "ea:shape=4x4": (100, (16.1, 0.6), (0.482, 0.021), (0.543, 0.020), (3.5, 0.2)),
    "dfm:shape=4x4": (100, (12.7, 0.5), (0.766, 0.019), (0.884, 0.011), (2.3, 0.1)),
    "sk:n=16": (100, (12.6, 0.5), (0.577, 0.028), (0.656, 0.025), (2.5, 0.1)),
    "hopfield:n=16,patterns=4": (100, (5.1, 0.2), (0.75, 0.02), (0.82, 0.02), (1.7, 0.1)),
    "rem:n=14": (30, (1095, 2), (0.007, 0.001), (0.008, 0.001), (274, 2)),
    "ea:shape=4x5": (60, (35.6, 2.4), (0.348, 0.029), (0.436, 0.032), (6.8, 0.5)),
    "dfm:shape=4x5": (60, (25.4, 1.7), (0.635, 0.043), (0.766, 0.027), (3.9, 0.4)),
    "sk:n=20": (60, (24.9, 1.3), (0.547, 0.067), (0.614, 0.061), (3.2, 0.4)),
}


@pytest.mark.parametrize("spec", TABLE)
def test_funnels_after_klemm_flamm_and_stadler(spec):
    samples, *known = TABLE[spec]
    names = ("minima", "funnel_minima", "funnel_weight", "funnels")
    answers = [measure_all(graph, names=list(names)) for graph in maps(spec, samples=samples)]
    for name, (value, error) in zip(names, known, strict=True):
        assert_mean([answer[name].value for answer in answers], value, error)


def test_freezing_a_spin_instead_of_dividing_out_the_flip_would_be_noticed():
    """The broken twin: without the fixed spin's move .46 / .59 instead of .77 / .88; twelve samples know it to .05."""
    weights = []
    for seed in range(12):
        energies = np.empty(1 << 15)
        resolve(f"dfm:shape=4x4,seed={seed}").enumerate(energies)
        weights.append(measure_all(flood(Table(energies)), names=["funnel_weight"])["funnel_weight"].value)
    assert np.mean(weights) == pytest.approx(0.59, abs=0.08)
    with pytest.raises(AssertionError):
        assert_mean(weights, 0.884, 0.011)


def test_frustration_of_the_disordered_ferromagnet():
    values = [
        measure_all(g, temperature=0.5, names=["frustration"])["frustration"]
        for g in maps("dfm:shape=4x4", samples=100)
    ]
    assert_mean([answer.value for answer in values if hasattr(answer, "value")], 1.21, 0.02)


def test_frustration_medians_rise_from_ferromagnet_to_glass():
    """The means of glasses are heavy-tailed (6.5(1.8), 4.6(7)): ranks are compared (Mann and Whitney, 4 sigma)."""
    found = {}
    for spec in ("dfm:shape=4x4", "ea:shape=4x4", "sk:n=16"):
        answers = [
            measure_all(g, temperature=0.5, names=["frustration"])["frustration"] for g in maps(spec, samples=60)
        ]
        found[spec] = np.array([answer.value for answer in answers if hasattr(answer, "value")])
    ferromagnet = found.pop("dfm:shape=4x4")
    for values in found.values():
        above = (values[:, None] > ferromagnet[None, :]).sum()
        pairs, spread = (
            len(values) * len(ferromagnet),
            math.sqrt(len(values) * len(ferromagnet) * (len(values) + len(ferromagnet) + 1) / 12),
        )
        assert above - pairs / 2 > 4 * spread


@pytest.mark.parametrize("n", LABS_OPTIMA)
def test_ground_energies_of_low_autocorrelation_strings(n):
    assert flood(resolve(f"labs:n={n}"), workers=2).census.ground_energy == LABS_OPTIMA[n]


@pytest.mark.parametrize("n", LABS_MINIMA)
def test_minima_of_low_autocorrelation_strings(n):
    strict, weak = LABS_MINIMA[n]
    graph = flood(resolve(f"labs:n={n}"), workers=2)
    assert graph.census.minima_raw == weak
    assert graph.orbit[graph.plateau == 1].sum() == strict


@pytest.mark.parametrize(
    ("n", "minima", "share", "weight", "funnels"), [(12, 280, 0.214, 0.117, 68), (16, 1352, 0.183, 0.174, 408)]
)
def test_funnels_of_low_autocorrelation_strings(n, minima, share, weight, funnels):
    """The rows are for the plain cube with ties in the descent going to the first bit, as the slow twin can do."""
    landscape = resolve(f"labs:n={n}")
    graph = slow_flood(landscape.energy(state_bits(np.arange(1 << n), size=n)), ties="bit")
    answers = measure_all(graph, names=["minima", "funnel_minima", "funnel_weight", "funnels"])
    assert answers["minima"].value == minima
    assert answers["funnels"].value == funnels
    assert answers["funnel_minima"].value == pytest.approx(share, abs=5e-4)
    assert answers["funnel_weight"].value == pytest.approx(weight, abs=5e-4)


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ("sk:n=17,seed=5", 1 - 4 / 17),
        ("pspin:n=14,p=3,seed=1", 1 - 6 / 14),
        ("pspin:n=12,p=4", 1 - 8 / 12),
        ("labs:n=3", None),
    ],
)
def test_autocorrelation_of_pure_models_is_the_same_in_every_sample(spec, known):
    found = flood(resolve(spec)).census.autocorrelation
    if known is None:
        assert found == pytest.approx(
            1 - 4 / 3
        )  # E = const + s_1 s_3 squared away: one pair interaction among three spins
    else:
        assert found == pytest.approx(known, abs=1e-12)


def test_the_random_energy_model_has_no_correlation():
    found = [flood(resolve(f"rem:n=14,seed={seed}")).census.autocorrelation for seed in range(20)]
    assert_mean(found, 0.0, 2 / 2**14)


def test_ground_energy_of_sherrington_kirkpatrick():
    """e_0 = -0.763167 + 0.70 N^(-2/3), to a tenth of the correction: higher orders are not known."""
    found = [graph.census.ground_energy / 20 for graph in maps("sk:n=20", samples=60)]
    correction = 0.70 * 20 ** (-2 / 3)
    assert_mean(found, -0.763167 + correction, 0.1 * correction)


def test_ground_energy_of_the_two_dimensional_torus_lies_near_the_bulk():
    """-1.31479 per spin in the bulk; small tori with periodic boundaries lie lower by a few hundredths."""
    found = np.mean([graph.census.ground_energy / 25 for graph in maps("ea:shape=5x5", samples=12)])
    assert -1.45 < found < -1.22


def labelled(architecture, *, labels, samples):
    size = "inputs=5,hidden=3" if architecture == "committee" else "inputs=15,hidden=1"
    graphs = maps(f"committee:architecture={architecture},{size},patterns=120,labels={labels}", samples=samples)
    shares = [measure_all(graph, names=["funnel_minima"])["funnel_minima"].value for graph in graphs]
    return [graph.census.minima_raw for graph in graphs], shares


def test_committees_on_teacher_and_random_labels():
    """15 binary weights, 8N patterns: 30 and 208 minima, means over five samples: errors of five of ours."""
    found = {labels: labelled("committee", labels=labels, samples=40) for labels in ("teacher", "random")}
    for labels, known in (("teacher", 30), ("random", 208)):
        counts = found[labels][0]
        assert_mean(counts, known, np.std(counts, ddof=1) / math.sqrt(5))
    (teacher, teacher_error), (random, random_error) = (mean_and_error(found[key][1]) for key in ("teacher", "random"))
    assert teacher - random > 4 * math.hypot(teacher_error, random_error)
    assert_mean(found["teacher"][1], 0.66, np.std(found["teacher"][1], ddof=1) / math.sqrt(5))


def test_perceptrons_on_teacher_and_random_labels():
    """A teacher leaves a perceptron 1.2 minima in one funnel; random labels many times as many."""
    teacher, random = (labelled("perceptron", labels=labels, samples=12) for labels in ("teacher", "random"))
    assert_mean(teacher[0], 1.2, 0.2)
    assert np.mean(teacher[1]) > 0.95
    assert np.mean(random[0]) > 4 * np.mean(teacher[0])
    assert np.mean(random[1]) < 0.95
