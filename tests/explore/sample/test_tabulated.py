"""Looked-up energies are the landscape's own, of every system of bits that is no polynomial; mirror images too."""

from __future__ import annotations

import numpy as np
import pytest

from registered import named, specs
from spinfunnel.explore.sample.tabulated import Tabulated, tabulated
from spinfunnel.landscape import Kind, Polynomial, no_progress
from spinfunnel.moves.spins import spin_model
from spinfunnel.null.interactions import shuffled
from spinfunnel.null.sampled_grounds import ground_energies
from spinfunnel.systems import resolve

ASKED = [spec for spec in specs(named(Kind.BINARY), {}) if not isinstance(resolve(spec, seed=3), Polynomial)]


@pytest.mark.quick
@pytest.mark.parametrize("spec", ASKED)
def test_energies_are_looked_up_right(spec: str) -> None:
    landscape = resolve(spec, seed=3)
    quick = tabulated(landscape, spin_model(landscape))
    assert isinstance(quick, Tabulated)
    states = np.random.default_rng(1).integers(0, 2, (200, landscape.size), dtype=np.uint8)
    states[:2] = [[0], [1]]
    np.testing.assert_allclose(quick.energy(states), landscape.energy(states), rtol=1e-12, atol=1e-12)


def test_there_are_such_systems() -> None:
    assert len(ASKED) >= 3


def test_the_null_of_a_small_network_has_its_ground_energies_themselves() -> None:
    network = resolve("committee:inputs=3,hidden=3", seed=1)
    found = ground_energies(network, shuffled, count=3, seed=2, workers=1, progress=no_progress)
    for energy, child in zip(found, np.random.SeedSequence(2).spawn(3), strict=True):
        sample = shuffled(network, 1)(int(child.generate_state(1)[0]))
        every = (np.arange(1 << sample.size)[:, None] >> np.arange(sample.size)) & 1
        assert energy == pytest.approx(float(sample.energy(every.astype(np.uint8)).min()))
