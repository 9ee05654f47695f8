"""Shuffled interactions: what is kept and what is not."""

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import InputError
from spinfunnel.null.interactions import has_interactions, shuffled_interactions
from spinfunnel.systems import resolve


@pytest.mark.parametrize(
    "spec", ["dfm:shape=3x4", "sk:n=8", "rfim:shape=3x3", "labs:n=8", "multiscale", "partition:n=8"]
)
def test_magnitudes_mean_and_variance_stay_and_signs_do_not(spec):
    landscape = resolve(spec)
    shuffled = shuffled_interactions(landscape, seed=3)
    assert shuffled.identity != landscape.identity
    changed = 0
    for order, (indices, coefficients) in landscape.terms.items():
        rows, values = shuffled.terms[order]
        assert np.array_equal(rows, indices)
        assert np.array_equal(np.abs(values), np.abs(coefficients))
        changed += int((values != coefficients).sum())
    total = sum(len(values) for _, values in landscape.terms.values())
    # A coin for each of at least 16 terms: less than a tenth or more than nine tenths in less than 1 case in 400.
    assert 0.1 * total < changed < 0.9 * total
    one, two = flood(landscape).census, flood(shuffled).census
    assert two.mean == pytest.approx(one.mean, abs=1e-9)
    assert two.variance == pytest.approx(one.variance, rel=1e-9)


def test_a_network_learns_its_labels_dealt_anew():
    network = resolve("committee")
    shuffled = shuffled_interactions(network, seed=1)
    assert np.array_equal(shuffled.inputs, network.inputs)
    assert sorted(shuffled.labels) == sorted(network.labels)
    assert not np.array_equal(shuffled.labels, network.labels)
    assert shuffled.symmetries == network.symmetries


def test_the_seed_decides():
    glass = resolve("sk:n=8")
    one, same, other = (shuffled_interactions(glass, seed=seed).identity for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("spec", ["rem:n=6", "golf:n=6"])
def test_what_has_no_interactions_is_refused(spec):
    landscape = resolve(spec)
    assert not has_interactions(landscape)
    with pytest.raises(InputError, match="no interactions to shuffle"):
        shuffled_interactions(landscape, seed=0)


def test_a_magnet_loses_its_depth():
    """Of 12 couplings on a 2 x 3 torus none is left satisfied together: the ground energy rises in every sample."""
    magnet = resolve("dfm:shape=3x4,seed=1")
    own = flood(magnet).census.ground_energy
    grounds = [flood(shuffled_interactions(magnet, seed=seed)).census.ground_energy for seed in range(10)]
    assert min(grounds) >= own
    assert np.mean(grounds) > own + 0.5
