"""Two-time functions: the closed form of a parabola, a stationary walk that must not age, and one that must."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.network import NetworkLandscape, two_time
from spinfunnel.systems import resolve


def noisy() -> NetworkLandscape:
    """A mean that is learnt from samples one at a time: an Ornstein-Uhlenbeck walk that is stationary at once."""
    x = torch.randn(400, 60, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    loss = lambda outputs, target: 0.5 * (outputs - target).square().sum(1).mean()  # noqa: E731
    return NetworkLandscape(nn.Linear(1, 60, bias=False), loss, (torch.ones(400, 1), x), dtype="float64")


def test_a_stationary_walk_does_not_age_and_has_its_known_displacement():
    """Exponents of 24 networks scatter by some 0.04: 0.2 is beyond chance, and below that of a slowing descent."""
    found = two_time(noisy(), networks=24, waits=(40, 80, 160), lags=(1, 20), rate=0.1, batch=1, seed=3)
    variance = 0.1 / (2.0 - 0.1)  # eta / (2 - eta) times that of the samples, by 1 in each direction
    known = [2.0 * variance * (1.0 - 0.9**t) for t in (1, 20)]
    np.testing.assert_allclose(found.displacement.mean((0, 1)), known, rtol=0.1)
    for exponent in found.exponents():
        assert isinstance(exponent, Estimate)
        assert abs(exponent.value) < 0.2


def test_a_descent_that_slows_down_ages_and_the_seed_decides():
    network = resolve("network:width=8,samples=200,dtype=float32")
    found = two_time(network, networks=3, waits=(100, 200, 400), lags=(10,), rate=0.5, batch=500, seed=1)
    (exponent,) = found.exponents()
    assert isinstance(exponent, Estimate)
    assert exponent.low > 0.2
    assert (np.diff(found.overlap.mean(0)[:, 0]) > 0).all()
    again = two_time(network, networks=3, waits=(100, 200, 400), lags=(10,), rate=0.5, batch=500, seed=1)
    np.testing.assert_array_equal(again.displacement, found.displacement)


def test_what_has_no_answer_and_what_is_refused():
    (lone,) = two_time(noisy(), networks=1, waits=(1, 2), lags=(1,)).exponents()
    assert isinstance(lone, NoAnswer)
    assert lone.outcome == "too_few"
    for wrong in ({"waits": ()}, {"lags": (0,)}, {"rate": 0.0}, {"networks": 0}):
        with pytest.raises(InputError, match="must be 1 or more"):
            two_time(noisy(), **wrong)
    with pytest.raises(InputError, match="diverged"):
        two_time(noisy(), networks=1, waits=(400,), lags=(1,), rate=9.0, batch=400)
