"""Models fitted to observations: known answers, the gradient at the optimum, intervals, refusals."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError
from spinfunnel.systems import resolve
from spinfunnel.systems.spins.exact_likelihood import fit_interactions
from spinfunnel.systems.spins.glasses import subsets

DATA = Path(__file__).parents[2] / "data" / "ela"
KNOWN = {
    1: (0.9044970586, [-2.820401, -2.744473, -2.185090, -1.965248], [58, 50, 11, 9], -1.426959),
    2: (
        0.9154415365,
        [-2.521547, -2.500490, -2.386479, -2.330358, -1.941285, -1.888110],
        [35, 36, 25, 24, 4, 4],
        -0.954265,
    ),
}


@pytest.mark.parametrize("number", KNOWN)
def test_brain_regions_have_the_minima_basins_and_highest_pass_that_are_known(number):
    accuracy, energies, basins, highest = KNOWN[number]
    landscape = resolve(f"fit:file={DATA / f'testdata_{number}.dat'}")
    graph = flood(landscape)
    assert graph.energy == pytest.approx(energies, abs=6e-7)
    assert graph.weight * 128 == pytest.approx(basins)
    assert graph.saddle_energy.max() == pytest.approx(highest, abs=6e-7)
    assert float(landscape.note.rsplit(" ", 1)[1]) == pytest.approx(accuracy, abs=1e-10)
    assert landscape.labels[0] == "left aPFC"


def _features(n, order):
    sets = [members for k in range(1, order + 1) for members in subsets(n, k)]
    states = np.array(list(product((-1.0, 1.0), repeat=n)))
    values = np.stack([states[:, members].prod(axis=1) for members in sets], axis=1)
    return np.array([sum(1 << int(i) for i in members) for members in sets]), values


@pytest.mark.parametrize("order", [1, 2, 3])
def test_gradient_of_the_slow_sum_over_states_vanishes_at_the_optimum(order):
    masks, values = _features(6, order)
    rng = np.random.default_rng(order)
    drawn = values[rng.integers(0, 64, 400)]
    theta = fit_interactions(drawn.mean(axis=0), masks, 6, ridge=0.01)
    weight = np.exp(values @ theta)
    gradient = drawn.mean(axis=0) - weight @ values / weight.sum() - 0.01 * theta
    assert np.abs(gradient).max() < 1e-9


def test_intervals_of_the_curvature_cover_what_was_planted():
    """Of 20 x 36 parameters 95 % are covered on average; 90 to 98 % leaves a false alarm below 1e-3."""
    masks, values = _features(8, 2)
    covered = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        planted = rng.normal(0, 0.3, len(masks))
        p = np.exp(values @ planted)
        p /= p.sum()
        means = values[rng.choice(256, 2000, p=p)].mean(axis=0)
        theta = fit_interactions(means, masks, 8)
        q = np.exp(values @ theta)
        q /= q.sum()
        mean = q @ values
        fisher = (values * q[:, None]).T @ values - np.outer(mean, mean)
        error = np.sqrt(np.diag(np.linalg.inv(fisher)) / 2000)
        covered.append(np.abs(theta - planted) < 1.96 * error)
    assert 0.90 < np.mean(covered) < 0.98


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A,B\n1,0\n1,1\n1,0\n", "A has the same value in all 3 samples"),
        ("A,B\n1,1\n0,0\n1,1\n", "A and B are equal or opposite"),
        ("A,B\n1,0\n0,x\n1,1\n", "row 2, column 2 .* holds 'x'"),
        ("A,B\n1,0\n0,\n1,1\n", "sample 2 of B is missing"),
        ("A,B,C\n1,0,1\n0,1,1\n", "2 samples are too few for 3 variables"),
        ("A,B\n1,0\n1\n", "row 3 of .* has 1 cells"),
        ("A,B\n1,0\n0,1\n0,0\n", "the likelihood has no maximum"),
        ("", "empty|holds no rows"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, text, said):
    file = tmp_path / "data.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        resolve(f"fit:file={file}")


def test_continuous_values_are_parted_and_orientation_does_not_matter(tmp_path):
    values = np.random.default_rng(3).normal(size=(300, 4))
    np.save(tmp_path / "a.npy", values)
    np.save(tmp_path / "b.npy", values.T)
    first, second = (resolve(f"fit:file={tmp_path / name}") for name in ("a.npy", "b.npy"))
    assert np.array_equal(first.terms[2][1], second.terms[2][1])
    assert "4 variables parted at their mean" in first.note
    assert "rows are variables" in second.note
