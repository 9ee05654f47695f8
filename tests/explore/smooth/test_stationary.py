"""Every stationary point, against what is known of it."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from spinfunnel.explore.smooth.batch_quench import quench_together
from spinfunnel.explore.smooth.engine import Engine
from spinfunnel.explore.smooth.stationary import descend_gradient, explore
from spinfunnel.landscape import Budget, Effort, InputError, Minimum, Record, Saddle
from spinfunnel.systems import resolve
from spinfunnel.systems.surfaces.pspin_sphere import SphericalCouplings
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape

pytestmark = pytest.mark.quick


def found(spec: str, **options: object) -> tuple[dict[str, Minimum], dict[str, Saddle], list[Record]]:
    landscape = resolve(spec, seed=1)
    records = [record for chunk in explore(landscape, seed=3, **options) for record in chunk]
    named: set[str] = set()
    for record in records:
        if isinstance(record, Minimum):
            named.add(record.key)
        elif isinstance(record, Saddle):
            assert set(record.minima) <= named
            assert len(record.minima) >= 2
    minima = {record.key: record for record in records if isinstance(record, Minimum)}
    saddles = {record.key: record for record in records if isinstance(record, Saddle)}
    for point in [*minima.values(), *saddles.values()]:
        place = np.frombuffer(point.state or b"", "<f8")[None]
        energy, gradient = landscape.energy_and_gradient(place)
        assert energy[0] == pytest.approx(point.energy, abs=1e-9)
        assert np.abs(gradient).max() < 1e-8
        values = np.linalg.eigvalsh(landscape.hessian(place)[0])
        assert (values < -1e-9).sum() == getattr(point, "index", 0)
    assert isinstance(records[-1], Effort)
    return minima, saddles, records


def places_of(points: dict) -> np.ndarray:
    return np.array([np.frombuffer(point.state, "<f8") for point in points.values()])


def test_mueller_brown_has_three_minima_and_two_saddles() -> None:
    minima, saddles, _ = found("mueller-brown", starts=192)
    known = [-146.699517209, -108.166724117, -80.767818129]
    assert sorted(minimum.energy for minimum in minima.values()) == pytest.approx(known, abs=1e-8)
    assert sorted(saddle.energy for saddle in saddles.values()) == pytest.approx(
        [-72.248940112, -40.664843512], abs=1e-8
    )
    assert {saddle.index for saddle in saddles.values()} == {1}
    middle = max(minima.values(), key=lambda minimum: minimum.energy).key
    assert all(middle in saddle.minima for saddle in saddles.values())
    assert sum(minimum.weight for minimum in minima.values()) == pytest.approx(1.0)


def test_double_wells_have_all_twenty_seven_points() -> None:
    minima, saddles, _ = found("double-well:n=3,tilt=0.4")
    assert Counter(saddle.index for saddle in saddles.values()) == {1: 12, 2: 6, 3: 1}
    roots = np.sort(np.roots([4.0, 0.0, -4.0, 0.4]).real)
    turn = resolve("double-well:n=3,tilt=0.4", seed=1).content[0]
    known = np.array([roots[list(choice)] @ turn.T for choice in np.ndindex(3, 3, 3)])
    ours = np.concatenate([places_of(minima), places_of(saddles)])
    distance = np.linalg.norm(known[:, None] - ours[None], axis=2)
    assert len(ours) == 27
    assert distance.min(axis=1).max() < 1e-8
    assert all(len(set(saddle.minima)) >= 2 for saddle in saddles.values())


def test_quadratic_has_one_point() -> None:
    minima, saddles, _ = found("quadratic:n=5,condition=100", starts=128)
    (only,) = minima.values()
    assert not saddles
    assert abs(only.energy) < 1e-15
    np.testing.assert_allclose(places_of(minima)[0], resolve("quadratic:n=5", seed=1).content[1], atol=1e-8)
    assert only.log_volume == pytest.approx(-0.5 * math.log(100.0 ** (5 / 2)))
    assert only.weight == 1.0


@pytest.mark.parametrize(("spec", "known"), [("camel", [6, 7, 2]), ("himmelblau", [4, 4, 1])])
def test_surfaces_have_their_known_numbers_of_points(spec: str, known: list[int]) -> None:
    minima, saddles, _ = found(spec)
    count = Counter(saddle.index for saddle in saddles.values())
    assert [len(minima), count[1], count[2]] == known


def test_two_spin_model_has_its_eigenvectors() -> None:
    """Antipodes are one: n points, of index 0 to n - 1, at n times the eigenvalues."""
    minima, saddles, _ = found("spherical-pspin:n=7,p=2", starts=256)
    values = np.linalg.eigvalsh(SphericalCouplings(7, 2, seed=1).parts[0])
    ours = {0: next(iter(minima.values())).energy} | {saddle.index: saddle.energy for saddle in saddles.values()}
    assert len(minima) + len(saddles) == 7
    assert [ours[index] for index in range(7)] == pytest.approx(list(7 * values), abs=1e-9)


def test_the_same_seed_gives_the_same_on_any_number_of_workers() -> None:
    one = found("camel", starts=128, workers=1)[2]
    two = found("camel", starts=128, workers=2)[2]
    assert one == two


def test_a_budget_ends_the_search_and_says_so() -> None:
    records = found("spherical-pspin:n=9", budget=Budget(evaluations=3000))[2]
    assert records[-1].outcome == "out of budget"
    assert 3000 <= records[-1].evaluations < 30000


def test_no_number_and_no_minimum_are_named() -> None:
    import torch

    nowhere = TorchLandscape(
        "nowhere", {}, 2, lambda x: (x**2 * torch.nan).sum(1), lambda g, n: g.standard_normal((n, 2))
    )
    with pytest.raises(InputError, match=r"none of .* leads to a minimum: .*not a number"):
        list(explore(nowhere, starts=32))
    with pytest.raises(InputError, match=r"528 coordinates.*climbing"):
        list(explore(resolve("xy:shape=22x24")))


def test_quenches_together_are_quenches_alone() -> None:
    """Against the compiled quench, on a landscape with a kernel: the same minima, energies to rounding."""
    landscape = resolve("spherical-pspin:n=12", seed=2)
    start = landscape.starts(np.random.default_rng(1), 20)
    _, energy, size, spent = quench_together(landscape, start, settled=1e-8, most=2000, longest=0.6)
    _, other, _, _ = Engine(landscape).quench(start)
    assert (size < 1e-8).all()
    assert spent > 20
    known = np.unique(np.concatenate([energy, other]).round(6))
    assert len(known) <= len(np.unique(other.round(6))) + 2
    assert (np.abs(energy - other) < 1e-6).mean() > 0.8


def test_lowering_the_gradient_stays_where_it_is_stationary() -> None:
    landscape = resolve("himmelblau")
    top = np.array([[-0.270844590667, -0.923038522469]])
    place, size, spent = descend_gradient(landscape, top + 1e-4)
    np.testing.assert_allclose(place, top, atol=1e-10)
    assert size[0] < 2e-8
    assert spent < 40
