"""Funnels of whole landscapes, enumerated, against the project's table of known answers."""

import numpy as np
import pytest

from slow_twins import slow_flood
from spinfunnel.measure import measure_all


def lattice(rng, *, ferromagnet):
    coupling = np.zeros((16, 16))
    for site in range(16):
        for neighbour in ((site + 4) % 16, site - site % 4 + (site + 1) % 4):
            drawn = rng.normal()
            coupling[site, neighbour] += abs(drawn) if ferromagnet else drawn
    return coupling


def pair_energies(coupling):
    n = len(coupling)
    spins = 2.0 * ((np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1) - 1.0
    return -np.einsum("bi,ij,bj->b", spins, coupling, spins)


@pytest.mark.parametrize(
    ("ferromagnet", "expected"),
    [
        (False, {
            "minima": (16.1, 0.6), "funnel_minima": (0.482, 0.021),
            "funnel_weight": (0.543, 0.02), "funnels": (3.5, 0.2)}),
        (True, {
            "minima": (12.7, 0.5), "funnel_minima": (0.766, 0.019),
            "funnel_weight": (0.884, 0.011), "funnels": (2.3, 0.1)}),
    ],
    ids=["spin glass", "disordered ferromagnet"],
)  # fmt: skip
def test_two_dimensional_lattices_of_sixteen_spins(ferromagnet, expected):
    samples = 40
    rng = np.random.default_rng(2024)
    rows = []
    for _ in range(samples):
        graph = slow_flood(pair_energies(lattice(rng, ferromagnet=ferromagnet)), flip=True)
        rows.append([measure_all(graph, names=[name])[name].value for name in expected])
    mean, error = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / np.sqrt(samples)
    for k, (name, (known, known_error)) in enumerate(expected.items()):
        # 4 standard errors of the difference; 8 comparisons: a false alarm in about 1 of 2,000 seeds.
        assert abs(mean[k] - known) < 4 * np.hypot(error[k], known_error), (name, mean[k])


@pytest.mark.parametrize(
    ("n", "minima", "share", "weight", "funnels"), [(12, 280, 0.214, 0.117, 68), (16, 1352, 0.183, 0.174, 408)]
)
def test_low_autocorrelation_binary_strings(n, minima, share, weight, funnels):
    spins = 2.0 * ((np.arange(2**n) >> np.arange(n)[:, None]) & 1) - 1.0
    energies = sum((spins[: n - k] * spins[k:]).sum(axis=0) ** 2 for k in range(1, n))
    names = ["minima", "funnel_minima", "funnel_weight", "funnels"]
    answers = measure_all(slow_flood(energies, ties="bit"), names=names)
    assert answers["minima"].value == minima
    assert answers["funnels"].value == funnels
    assert answers["funnel_minima"].value == pytest.approx(share, abs=5.1e-4)
    assert answers["funnel_weight"].value == pytest.approx(weight, abs=5.1e-4)
