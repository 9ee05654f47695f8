"""Stationary points of small clusters against the literature; identity; what is refused or fails by name."""

import numpy as np
import pytest
from scipy.optimize import minimize

from spinfunnel.explore.smooth.climbing import explore
from spinfunnel.explore.smooth.engine import Engine, Proof
from spinfunnel.explore.smooth.identity import Catalogue, group_order, same_point
from spinfunnel.explore.smooth.point_catalogue import Collection
from spinfunnel.explore.smooth.stationary import explore as stationary
from spinfunnel.landscape import Budget, Effort, InputError, Minimum, Record, Saddle
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.systems.atoms.pair_potentials import binary_lennard_jones, lennard_jones
from spinfunnel.systems.surfaces.torch_energy import TorchLandscape

LJ7 = [-16.505384, -15.935043, -15.593211, -15.533060]
"""Energies of all minima: Hoare, McInnes, Adv. Phys. 32, 791 (1983)."""
PENTAGONAL_BIPYRAMID = 20
"""Order of the point group of the lowest, D5h."""


def mapped(landscape: TorchLandscape, **options: object) -> tuple[dict[str, Minimum], dict[str, Saddle], list[Record]]:
    records = [record for chunk in explore(landscape, **options) for record in chunk]  # type: ignore[arg-type]
    minima = {record.key: record for record in records if isinstance(record, Minimum)}
    saddles = {record.key: record for record in records if isinstance(record, Saddle)}
    return minima, saddles, records


@pytest.fixture(scope="module")
def seven() -> tuple[dict[str, Minimum], dict[str, Saddle], list[Record]]:
    """Map of LJ7. The rarest saddle is met in 0.4 % of the climbs from random states: 3000 of them miss it in e^-12."""
    return mapped(lennard_jones(7), seed=1, workers=2)


def test_every_minimum_and_saddle_of_lj7(seven):
    minima, saddles, records = seven
    np.testing.assert_allclose(sorted(record.energy for record in minima.values()), LJ7, atol=1e-6)
    assert len(saddles) == 12  # Doye, Wales, J. Chem. Phys. 116, 3777 (2002)
    assert isinstance(records[-1], Effort)
    assert records[-1].outcome == "finished"
    assert sum(record.weight for record in minima.values()) == pytest.approx(1.0)


def test_a_climb_is_no_visit_to_the_minimum_that_it_began_at():
    engine = Engine(lennard_jones(7))
    found = Collection(engine)
    generator = np.random.default_rng(1)
    (start,) = found.enter_rough(lennard_jones(7).starts(generator, 1))
    assert start.visits == 1
    shaken = start.position + 0.3 * generator.standard_normal((60, 21))
    climbs = engine.climb(shaken, generator.standard_normal(shaken.shape))
    rows = [row for row in range(60) if found.saddle(climbs, row, start=start.key) is not None]
    assert len(rows) > 20
    assert start.visits == 1
    visits = sum(point.visits for point in found.minima.points)
    assert visits > 1  # by saddles that were new, and by those that were not
    again = [found.saddle(climbs, row) for row in rows]
    assert not any(fresh for _, fresh in again)
    assert start.visits > 1
    assert sum(point.visits for point in found.minima.points) - visits == sum(
        len(set(found.joins[point.key])) for point, _ in again
    )


def test_what_is_kept_is_stationary_of_the_index_it_claims(seven):
    landscape = lennard_jones(7)
    for book, index in ((seven[0], 0), (seven[1], 1)):
        for record in book.values():
            position = np.frombuffer(record.state, "<f8")[None]
            energy, gradient = landscape.energy_and_gradient(position)
            assert energy[0] == pytest.approx(record.energy, abs=1e-10)
            assert np.abs(gradient).max() < 1e-8
            curvature = np.linalg.eigvalsh(landscape.hessian(position)[0])
            assert (curvature < -1e-4).sum() == index
            assert (np.abs(curvature) < 1e-4).sum() == 6


def test_products_with_the_hessian_lead_to_the_same_saddles(seven):
    """As for large systems, whose Hessians are not made: Lanczos iterations on differences of gradients."""
    minima, saddles, _ = seven
    engine = Engine(lennard_jones(7))
    engine.dense = False
    generator = np.random.default_rng(1)
    start = np.frombuffer(min(minima.values(), key=lambda each: each.energy).state, "<f8")
    climbs = engine.climb(start + 0.3 * generator.standard_normal((24, 21)), generator.standard_normal((24, 21)))
    found = climbs.energy[climbs.outcome == 0]
    assert len(found) >= 12
    known = np.array([record.energy for record in saddles.values()])
    index = [np.sum(engine.curvatures(x) < 0) for x in climbs.saddle[climbs.outcome == 0]]
    first = np.array(index) == 1
    assert first.mean() > 0.8
    assert np.abs(found[first][:, None] - known).min(axis=1).max() < 1e-8


def test_volume_of_a_minimum_is_that_of_its_curvatures(seven):
    record = min(seven[0].values(), key=lambda each: each.energy)
    position = np.frombuffer(record.state, "<f8")
    curvature = np.linalg.eigvalsh(lennard_jones(7).hessian(position[None])[0])
    expected = -0.5 * np.log(curvature[np.abs(curvature) > 1e-4]).sum() - np.log(PENTAGONAL_BIPYRAMID)
    assert record.log_volume == pytest.approx(expected, abs=1e-6)


def test_counts_do_not_hang_on_the_tolerance():
    """Both minima and all three saddles of six atoms are met in more than 2 % of the climbs: none is missed in 1000."""
    for distance in (1e-4, 1e-2):
        minima, saddles, _ = mapped(lennard_jones(6), seed=2, distance=distance, budget=Budget(evaluations=120_000))
        assert (len(minima), len(saddles)) == (2, 3)


def test_the_same_seed_gives_the_same_map_on_any_number_of_workers():
    budget = Budget(evaluations=60_000)
    one, two = (mapped(lennard_jones(8), seed=3, workers=count, budget=budget) for count in (1, 2))
    assert one[2] == two[2]
    assert one[2][-1].outcome == "out of budget"
    other = mapped(lennard_jones(8), seed=4, workers=2, budget=budget)
    assert set(other[0]) & set(one[0])  # Keys do not hang on how a point was found.
    assert other[2] != one[2]


def test_quenches_end_where_those_of_scipy_do():
    landscape = lennard_jones(7)
    start = landscape.starts(np.random.default_rng(1), 20)
    _, energy, size, _ = Engine(landscape).quench(start)
    assert size.max() < 1e-6

    def both(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = landscape.energy_and_gradient(x[None])
        return float(value[0]), slope[0]

    for row in range(len(start)):
        assert np.abs(energy[row] - LJ7).min() < 1e-6
        closest = minimize(both, Engine(landscape).quench(start[row : row + 1])[0][0], jac=True, tol=1e-10)
        assert closest.fun == pytest.approx(energy[row], abs=1e-8)


def moved(position: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A rotated, reflected, shifted copy with its atoms in another order."""
    atoms = position.reshape(-1, 3)[generator.permutation(len(position) // 3)]
    turn = np.linalg.qr(generator.standard_normal((3, 3)))[0]
    return (atoms @ turn * generator.choice([-1, 1]) + generator.standard_normal(3)).ravel()


def test_a_moved_copy_is_the_same_point(seven):
    generator = np.random.default_rng(7)
    invariance = lennard_jones(7).invariance
    minima = [np.frombuffer(record.state, "<f8") for record in seven[0].values()]
    for number, position in enumerate(minima):
        for _ in range(20):
            copy = moved(position, generator)
            assert [same_point(invariance, each, copy) for each in minima] == [k == number for k in range(4)]
            shaken = copy + 0.05 * generator.standard_normal(len(copy))
            assert not same_point(invariance, position, shaken)


def test_identity_is_never_by_energy_alone():
    book = Catalogue(Invariance("atoms", species=(0, 0, 0)))
    book.add(np.array([0.0, 0, 0, 1, 0, 0, 2, 0, 0]), -1.0)
    assert book.find(np.array([0.0, 0, 0, 1, 0, 0, 1, 1, 0]), -1.0) is None


def test_unlike_atoms_are_told_apart():
    row = np.array([0.0, 0, 0, 1, 0, 0, 2, 0, 0])
    swapped = np.array([1.0, 0, 0, 0, 0, 0, 2, 0, 0])
    assert same_point(Invariance("atoms", species=(0, 0, 0)), row, swapped)
    assert not same_point(Invariance("atoms", species=(0, 1, 1)), row, swapped)


def test_a_mirror_image_is_the_same_point_only_where_it_may_be():
    helix = np.array([[np.cos(t), np.sin(t), 0.3 * t] for t in range(6)]).ravel()
    mirrored = -helix
    assert same_point(Invariance("atoms", species=(0,) * 6), helix, mirrored)
    assert not same_point(Invariance("atoms", species=(0,) * 6, mirror=False), helix, mirrored)


@pytest.mark.parametrize(
    ("atoms", "order"),
    [
        ([[0, 0, 0], [1, 0, 0]], 4),
        ([[0, 0, 0], [1, 0, 0], [3, 0, 0]], 2),
        ([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], 24),
        ([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], 48),
        ([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3.5]], 1),
    ],
)
def test_orders_of_point_groups(atoms, order):
    position = np.array(atoms, float).ravel()
    assert group_order(Invariance("atoms", species=(0,) * len(atoms)), position) == order


def test_a_proof_refuses_what_it_is_not_given():
    engine = Engine(lennard_jones(3))
    side = 2 ** (1 / 6)
    triangle = side * np.array([0.0, 0, 0, 1, 0, 0, 0.5, 3**0.5 / 2, 0])
    proof = engine.prove(triangle + 1e-3, index=0)
    assert isinstance(proof, Proof)
    assert (proof.energy, proof.order) == (pytest.approx(-3.0), 12)
    assert engine.prove(triangle, index=1) == "index 0 instead of 1"
    apart = np.array([0.0, 0, 0, side, 0, 0, 100, 0, 3])
    assert engine.prove(apart, index=0) == "cluster falls apart"


def test_two_atoms_out_of_reach_of_each_other_are_no_minimum():
    """No force and no curvature: a pair has no nearer neighbours by which a gap would be known."""
    import torch

    def short(x):
        r = (x[:, :3] - x[:, 3:]).norm(dim=1)
        return torch.where(r < 3.0, (r - 1.0).square() * (3.0 - r) ** 4 - 16.0, 0.0)

    pair = TorchLandscape(
        "pair", {}, 6, short, lambda g, n: g.uniform(-1, 1, (n, 6)), invariance=Invariance("atoms", species=(0, 0))
    )
    engine = Engine(pair)
    far = np.array([0.0, 0, 0, 7.3, 1.1, 2.9])
    assert engine.prove(far, index=0) == "a curvature vanishes"
    assert isinstance(engine.prove(np.array([0.0, 0, 0, 0.6, 0, 0.8]), index=0), Proof)


def test_an_energy_that_is_no_number_is_said_to_be_none():
    import torch

    def broken(x):
        return torch.where(x[:, 0] > -1e9, torch.nan, 1.0) * x.square().sum(-1)

    landscape = TorchLandscape("broken", {}, 2, broken, lambda generator, count: generator.standard_normal((count, 2)))
    with pytest.raises(InputError, match=r"none of 10 random starts .* energy is not a number \(10\)"):
        list(explore(landscape, starts=10))


@pytest.mark.parametrize("explorer", [explore, stationary])
def test_an_energy_without_a_lower_bound_is_said_to_fall_without_end(explorer):
    hill = TorchLandscape(
        "hill", {}, 1, lambda x: -x.square().sum(-1), lambda generator, count: generator.standard_normal((count, 1))
    )
    with pytest.raises(InputError, match="energy falls without end"):
        list(explorer(hill, starts=4))


def test_a_minimum_beside_an_abyss_is_kept_and_the_way_over_is_not():
    """E = x^3 - 3x: a minimum at 1, a saddle at -1, and no end beyond it; saddles are kept with both their minima."""
    cubic = TorchLandscape(
        "cubic", {}, 1, lambda x: (x**3 - 3 * x).sum(-1), lambda generator, count: generator.uniform(0, 2, (count, 1))
    )
    minima, saddles, records = mapped(cubic, starts=4, budget=Budget(evaluations=3000))
    assert [record.energy for record in minima.values()] == pytest.approx([-2.0])
    assert not saddles
    assert records[-1].outcome == "out of budget"


def test_what_the_energy_raises_is_handed_on():
    def raising(x):
        raise ZeroDivisionError("on purpose")

    landscape = TorchLandscape("raising", {}, 2, raising, lambda _, count: np.zeros((count, 2)))
    with pytest.raises(InputError, match="on purpose"):
        list(explore(landscape, starts=2))


class Well:
    """Two wells of unequal depth, E = (x^2 - 1)^2 + 0.2 x + y^2, in NumPy: no kernel, no PyTorch."""

    name, parameters, identity, dimension = "well", {}, "well", 2
    invariance, kernel, step = Invariance(), None, 0.1

    def starts(self, generator, count):
        return generator.uniform(-2, 2, (count, 2))

    def energy_and_gradient(self, position):
        x, y = position.T
        return (x * x - 1) ** 2 + 0.2 * x + y * y, np.stack([4 * x * (x * x - 1) + 0.2, 2 * y], axis=1)

    def hessian(self, position):
        return np.array([np.diag([12 * x * x - 4, 2.0]) for x in position[:, 0]])


def test_one_without_a_kernel_is_mapped_alike():
    minima, saddles, _ = mapped(Well(), seed=1, starts=8, budget=Budget(evaluations=8000))
    roots = np.sort(np.roots([4, 0, -4, 0.2]))
    places = sorted(np.frombuffer(record.state, "<f8")[0] for record in (*minima.values(), *saddles.values()))
    np.testing.assert_allclose(places, roots, atol=1e-8)
    (saddle,) = saddles.values()
    assert sorted(saddle.minima) == sorted(minima)


def test_a_landscape_without_symmetry_declared_is_refused():
    class Bare:
        name, dimension = "bare", 2

    with pytest.raises(InputError, match="TorchLandscape"):
        list(explore(Bare()))  # type: ignore[arg-type]


def test_mixtures_have_more_minima_than_pure_clusters():
    pure, mixed = (
        mapped(each, seed=1, budget=Budget(evaluations=100_000))[0]
        for each in (lennard_jones(6), binary_lennard_jones(6, small=2))
    )
    assert len(pure) == 2
    assert len(mixed) > 2
