"""Elastic bands between minima: forces, overlaying, what they lead to, and which pairs are chosen."""

import itertools

import numpy as np
import pytest

from spinfunnel.explore.smooth.bands import Band, band_gradient, climb_from_band, laid_out, maxima, relaxed, tangents
from spinfunnel.explore.smooth.bridging import Front, laid_on
from spinfunnel.explore.smooth.climbing import explore as climb
from spinfunnel.explore.smooth.connecting import Connections, cheapest, explore
from spinfunnel.explore.smooth.engine import Engine
from spinfunnel.explore.smooth.identity import Catalogue, Point
from spinfunnel.explore.smooth.overlaying import at_least_apart, overlaid, signature
from spinfunnel.explore.smooth.point_catalogue import Collection
from spinfunnel.landscape import Budget, InputError, Minimum, Saddle
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.systems import mueller_brown
from spinfunnel.systems.atoms.pair_potentials import lennard_jones
from spinfunnel.systems.surfaces.pspin_sphere import spherical_p_spin
from spinfunnel.systems.surfaces.xy import xy_lattice

LJ7 = [-16.505384, -15.935043, -15.593211, -15.533060]
"""Energies of all minima: Hoare, McInnes, Adv. Phys. 32, 791 (1983)."""
MUELLER_BROWN = [-72.2489401, -40.6648435]
"""Energies of both saddles: Mueller, Brown, Theor. Chim. Acta 53, 75 (1979)."""


def mapped(landscape, explorer=explore, **options):
    records = [record for chunk in explorer(landscape, **options) for record in chunk]
    minima = {record.key: record for record in records if isinstance(record, Minimum)}
    saddles = {record.key: record for record in records if isinstance(record, Saddle)}
    return minima, saddles, records


def joined_to_lowest(minima, saddles):
    known = {min(minima, key=lambda key: minima[key].energy)}
    while more := {k for s in saddles.values() if known & set(s.minima) for k in s.minima} - known:
        known |= more
    return known


def slow_tangent(behind, here, ahead, below, energy, above):
    """Henkelman, Jonsson, J. Chem. Phys. 113, 9978 (2000), eqs. 8 to 11, one image at a time."""
    if above > energy > below:
        way = ahead - here
    elif above < energy < below:
        way = here - behind
    else:
        most, least = max(abs(above - energy), abs(below - energy)), min(abs(above - energy), abs(below - energy))
        weights = (most, least) if above > below else (least, most)
        way = weights[0] * (ahead - here) + weights[1] * (here - behind)
    return way / np.linalg.norm(way)


def slow_gradient(images, energies, gradient, spring):
    """Trygubenko, Wales, J. Chem. Phys. 120, 2082 (2004), with matrices that project."""
    rows = []
    for i in range(1, len(images) - 1):
        t = slow_tangent(*images[i - 1 : i + 2], *energies[i - 1 : i + 2])
        along = np.outer(t, t)
        across = np.eye(len(t)) - along
        true = across @ gradient[i - 1]
        unit = true / np.linalg.norm(true)
        pull = spring * (images[i] - images[i - 1]) - spring * (images[i + 1] - images[i])
        rows.append(true + along @ pull + (np.eye(len(t)) - np.outer(unit, unit)) @ across @ pull)
    return np.array(rows)


def test_forces_on_a_band_are_those_of_the_formula():
    generator = np.random.default_rng(1)
    images, gradient = generator.standard_normal((14, 6)), generator.standard_normal((12, 6))
    energies = generator.standard_normal(14)
    fast, slow = band_gradient(images, energies, gradient, 0.7), slow_gradient(images, energies, gradient, 0.7)
    np.testing.assert_allclose(fast, slow, atol=1e-12)
    # Along the tangent there is the spring alone, and across it, along the gradient, the gradient alone.
    way = tangents(images, energies)
    pull = 0.7 * (2 * images[1:-1] - images[:-2] - images[2:])
    np.testing.assert_allclose((fast * way).sum(axis=1), (pull * way).sum(axis=1))
    across = gradient - (gradient * way).sum(axis=1)[:, None] * way
    np.testing.assert_allclose((fast * across).sum(axis=1), (across**2).sum(axis=1))
    # Twin that must fail: springs that are not projected.
    assert np.abs(across + pull - slow).max() > 0.1


def test_bands_of_mueller_brown_lead_to_its_saddles():
    """Between its two deepest minima the path goes over both; the band has a maximum near each."""
    engine = Engine(mueller_brown())
    found = Collection(engine)
    found.enter_rough(np.array([[-0.6, 1.4], [0.6, 0.0]]))
    one, other = found.minima.points
    band = Band(Front(one), other)
    climbs = climb_from_band(engine, band, np.random.default_rng(0))
    for row in range(len(climbs.outcome)):
        found.saddle(climbs, row)
    np.testing.assert_allclose(sorted(point.energy for point in found.saddles.points), MUELLER_BROWN, atol=1e-6)
    assert len(found.minima.points) == 3
    # The relaxed band itself is near both; the straight line, the twin that must fail, is higher by far.
    images = laid_out(engine, band, np.random.default_rng(0))
    straight = mueller_brown().energy_and_gradient(images)[0].max()
    energies, _ = relaxed(engine, images, (one.energy, other.energy))
    tops = maxima(images, energies)[0]
    assert all(min(np.linalg.norm(tops - point.position, axis=1)) < 0.2 for point in found.saddles.points)
    assert energies.max() < MUELLER_BROWN[1] + 2.0 < straight


def random_image(position, invariance, generator):
    """A position turned, mirrored and its like atoms exchanged."""
    species = np.array(invariance.species)
    turn, _ = np.linalg.qr(generator.standard_normal((3, 3)))
    order = np.arange(len(species))
    for kind in set(invariance.species):
        order[species == kind] = generator.permutation(order[species == kind])
    return (position.reshape(-1, 3)[order] @ turn + generator.normal(size=3)).ravel()


def test_a_band_between_a_minimum_and_its_image_is_empty():
    generator = np.random.default_rng(3)
    engine = Engine(lennard_jones(9))
    found = Collection(engine)
    found.enter_rough(engine.landscape.starts(generator, 10))
    for point in found.minima.points:
        image = Point("image", point.energy, random_image(point.position, engine.landscape.invariance, generator))
        assert not len(laid_out(engine, Band(Front(point), image), generator))
        assert not len(climb_from_band(engine, Band(Front(point), image), generator).outcome)
    one, other = found.minima.points[:2]
    assert len(laid_out(engine, Band(Front(one), other), generator)) > 2


@pytest.mark.parametrize("mirror", [False, True])
def test_four_atoms_are_overlaid_nearly_as_well_as_by_all_exchanges(mirror):
    """Random ones, the worst there are: of 40 pairs 35 come as near as by any exchange, the rest 22 % less at worst."""
    generator = np.random.default_rng(4)
    invariance = Invariance("atoms", species=(0, 0, 0, 1), mirror=mirror)
    ratio, twin = [], []
    for _ in range(40):
        one, other = (each - np.tile(each.reshape(4, 3).mean(axis=0), 4) for each in generator.standard_normal((2, 12)))
        allowed = [order for order in itertools.permutations(range(4)) if order[3] == 3]
        images = [laid_on(one, other.reshape(4, 3)[list(order)].ravel(), mirror=mirror) for order in allowed]
        image = overlaid(invariance, one, other)
        assert any(np.allclose(image, each) for each in images)
        least = min(np.linalg.norm(one - each) for each in images)
        ratio.append(np.linalg.norm(one - image) / least)
        twin.append(np.linalg.norm(one - laid_on(one, other, mirror=mirror)) / least)
    assert min(ratio) > 1.0 - 1e-9
    assert np.mean(np.array(ratio) < 1.0 + 1e-9) > 0.75
    assert max(ratio) < 1.3
    # Twin that must fail: a turn without exchanges.
    assert max(twin) > 1.3 or np.mean(np.array(twin) < 1.0 + 1e-9) < 0.75


@pytest.mark.parametrize(
    "invariance",
    [
        Invariance("none"),
        Invariance("atoms", species=(0, 0, 1, 1)),
        Invariance("atoms", species=(0,) * 4, mirror=False),
        Invariance("sphere"),
        Invariance("sphere", mirror=False),
        Invariance("angles"),
        Invariance("angles", mirror=False),
    ],
)
def test_no_two_points_are_nearer_than_their_signatures_tell(invariance):
    generator = np.random.default_rng(5)
    points = generator.standard_normal((12, 12))
    points /= np.linalg.norm(points, axis=1, keepdims=True) / 3.0
    signs = np.array([signature(invariance, point) for point in points])
    bound = at_least_apart(invariance, signs, signs)
    apart = np.array([[np.linalg.norm(one - overlaid(invariance, one, other)) for other in points] for one in points])
    assert (bound <= apart + 1e-7).all()
    assert (bound[~np.eye(12, dtype=bool)] > 0.1 * apart[~np.eye(12, dtype=bool)]).all()


def test_images_by_symmetry_have_the_energy_of_the_state():
    generator = np.random.default_rng(6)
    for landscape in (spherical_p_spin(12, seed=1), xy_lattice((3, 3)), lennard_jones(5)):
        one, other = landscape.starts(generator, 2)
        image = overlaid(landscape.invariance, one, other)
        energies = landscape.energy_and_gradient(np.array([other, image]))[0]
        assert energies[1] == pytest.approx(energies[0])
        assert np.linalg.norm(image - one) <= np.linalg.norm(other - one)


def test_the_cheapest_path_is_that_of_all_paths():
    generator = np.random.default_rng(7)
    for _ in range(10):
        cost = generator.exponential(size=(6, 6))
        cost = np.where(generator.random((6, 6)) < 0.4, np.inf, cost + cost.T)
        cost = np.minimum(cost, cost.T)
        paths = [(0, *middle, 5) for k in range(5) for middle in itertools.permutations(range(1, 5), k)]
        least = min(sum(cost[step] for step in itertools.pairwise(path)) for path in paths)
        found = cheapest(cost, 0, 5)
        assert (sum(cost[step] for step in found) if found else np.inf) == pytest.approx(least)


def line_of(places, energies):
    """Minima on a line, and the choice of bands between them."""
    minima, saddles = Catalogue(Invariance()), Catalogue(Invariance())
    points = [minima.add(np.array([place]), energy) for place, energy in zip(places, energies, strict=True)]
    joins = {}
    return points, saddles, joins, Connections(Invariance(), minima, saddles, joins, {})


def asked(choice, count):
    return [(band.front.point.key, band.other.key, band.tried) for band in itertools.islice(choice.tasks(), count)]


def test_bands_are_laid_along_known_saddles_and_shorter_steps():
    """From a at 0 to d at 10 by b at 4 and c at 7, which a known saddle joins: a-b costs 16, c-d 9, a-d 100."""
    (a, b, c, d), saddles, joins, choice = line_of((0.0, 4.0, 7.0, 10.0), (-4.0, -2.0, -1.0, -3.0))
    joins[saddles.add(np.array([5.5]), 0.0).key] = (b.key, c.key)
    assert asked(choice, 2) == [(a.key, b.key, 0), (c.key, d.key, 0)]


def test_what_failed_costs_more_until_it_is_given_up():
    """From a at 0 to c at 3 by b at 1: 1 + 4 against 9. Bands fail, until none from a is left after five tries each."""
    (a, b, c), _, _, choice = line_of((0.0, 1.0, 3.0), (-3.0, -1.0, -2.0))
    bands = asked(choice, 1000)
    assert [band[:2] for band in bands[:2]] == [(a.key, b.key), (b.key, c.key)]
    for pair, tries in (({a.key, b.key}, 5), ({a.key, c.key}, 5), ({b.key, c.key}, 4)):
        assert [tried for one, other, tried in bands if {one, other} == pair] == list(range(tries))
    assert bands.index((a.key, c.key, 0)) < bands.index((a.key, b.key, 4))


def test_a_lower_minimum_that_turns_up_meanwhile_becomes_the_one_to_be_joined_to():
    (_, b, c), _, _, choice = line_of((0.0, 1.0, 3.0), (-3.0, -1.0, -2.0))
    tasks = choice.tasks()
    next(tasks)
    lowest = choice.minima.add(np.array([1.5]), -4.0)
    pairs = [{band.front.point.key, band.other.key} for band in itertools.islice(tasks, 4)]
    assert pairs[0] == {b.key, c.key}  # the rest of a path that was chosen before
    assert {lowest.key, b.key} in pairs


def test_images_without_an_energy_are_no_maxima():
    images = np.arange(12.0).reshape(6, 2)
    assert len(maxima(images, np.array([0.0, 1.0, np.nan, 3.0, np.inf, 0.0]))[0]) == 0
    assert maxima(images, np.array([0.0, 2.0, 1.0, 3.0, 2.0, 0.0]))[0].tolist() == [[2.0, 3.0], [6.0, 7.0]]


def test_all_minima_of_lj7_are_joined_by_saddles_that_climbing_finds():
    """From 40 quenches and 400 hops, each of which ends in the rarest minimum in some percent of the cases."""
    whole = mapped(lennard_jones(7), climb, seed=1, budget=Budget(evaluations=400_000))[1]
    minima, saddles, records = mapped(lennard_jones(7), seed=2, hops=400)
    np.testing.assert_allclose(sorted(record.energy for record in minima.values()), LJ7, atol=1e-6)
    assert joined_to_lowest(minima, saddles) == set(minima)
    known = np.array([record.energy for record in whole.values()])
    assert len(known) == 12
    assert all(np.abs(known - record.energy).min() < 1e-8 for record in saddles.values())
    assert records[-1].outcome == "finished"


def test_the_same_seed_gives_the_same_map_on_any_number_of_workers():
    one, two = (mapped(lennard_jones(10), seed=3, workers=count, hops=200)[2] for count in (1, 2))
    assert one == two
    minima, saddles, _ = mapped(lennard_jones(10), seed=3, hops=200)
    assert joined_to_lowest(minima, saddles) == set(minima)


def test_budgets_end_it():
    records = mapped(lennard_jones(13), seed=1, hops=400, budget=Budget(evaluations=60_000))[2]
    assert records[-1].outcome == "out of budget"
    assert records[-1].evaluations < 120_000


@pytest.mark.parametrize("landscape", [spherical_p_spin(20, seed=2), xy_lattice((4, 4))])
def test_spheres_and_angles_are_joined_as_well(landscape):
    minima, saddles, records = mapped(landscape, seed=1, hops=100, starts=12)
    assert records[-1].outcome == "finished"
    assert len(joined_to_lowest(minima, saddles)) > len(minima) // 2


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="above 0"):
        list(explore(lennard_jones(7), temperature=0.0))
    with pytest.raises(InputError, match="low=-1"):
        list(explore(lennard_jones(7), low=-1))
