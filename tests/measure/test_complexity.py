"""Energies of the theory of the spherical p-spin model."""

from __future__ import annotations

import itertools
import math

import pytest

from spinfunnel.landscape import InputError
from spinfunnel.measure.complexity import complexity, critical_energy, expected_points, threshold_energy

pytestmark = pytest.mark.quick


def test_known_energies_for_three_spins() -> None:
    assert threshold_energy(3) == pytest.approx(1.632993, abs=5e-7)
    assert [critical_energy(k) for k in range(3)] == pytest.approx([1.656998, 1.652873, 1.650253], abs=5e-7)
    assert complexity(-threshold_energy(3)) == pytest.approx(math.log(2) / 2 - 1 / 3, abs=1e-12)


@pytest.mark.parametrize("p", [3, 4, 6])
def test_energies_fall_toward_the_threshold(p: int) -> None:
    energies = [critical_energy(k, p=p) for k in range(30)]
    assert all(one > other for one, other in itertools.pairwise(energies))
    assert energies[-1] > threshold_energy(p)
    assert energies[-1] - threshold_energy(p) < 0.4 * (energies[0] - threshold_energy(p))
    for index, energy in enumerate(energies[:5]):
        assert complexity(-energy, p=p, index=index) == pytest.approx(0.0, abs=1e-12)
        assert complexity(-energy + 1e-6, p=p, index=index) > 0.0 > complexity(-energy - 1e-6, p=p, index=index)


def test_all_critical_points_lie_on_both_sides_alike() -> None:
    """Of odd order the energy changes sign at the antipode: index k at u is index n - 1 - k at -u."""
    count, error, energy = expected_points(6, draws=4000, seed=3)
    # Five standard errors: a false alarm in 1 of a million seeds.
    assert (abs(count - count[::-1]) < 5.0 * (error + error[::-1])).all()
    assert energy == pytest.approx(-energy[::-1], abs=0.02)
    assert all(one < other for one, other in itertools.pairwise(energy))


def test_few_spins_have_the_complexity_of_many_in_the_end() -> None:
    """Logarithm of the number of minima per spin: toward its largest value over energies, from above."""
    rate = [math.log(expected_points(n, draws=2000)[0][0]) / n for n in (8, 16, 32)]
    assert rate[0] > rate[1] > rate[2] > complexity(-threshold_energy(3))


def test_what_the_theory_does_not_say_is_refused() -> None:
    with pytest.raises(InputError, match="above the threshold"):
        complexity(-1.0)
    with pytest.raises(InputError, match="at least 2"):
        expected_points(1)
    with pytest.raises(InputError, match="p >= 3"):
        critical_energy(0, p=2)
