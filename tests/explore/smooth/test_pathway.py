"""The way between two minima: downhill from each saddle, ends where the map says, pieces that meet."""

import numpy as np
import pytest

from spinfunnel.atlas import Atlas
from spinfunnel.cli.work import exported
from spinfunnel.explore.smooth.pathway import follow_pathway, superposed
from spinfunnel.landscape import Budget, InputError
from spinfunnel.moves.differentiable import Invariance
from spinfunnel.pipeline.run import explore
from spinfunnel.systems import binary_lennard_jones, lennard_jones, mueller_brown


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    """Seven atoms, and six of two sizes, in one atlas."""
    path = str(tmp_path_factory.mktemp("pathway") / "lj.db")
    landscapes = lennard_jones(7), binary_lennard_jones(6, small=3)
    with Atlas(path) as book:
        for landscape in landscapes:
            explore(landscape, atlas=book, budget=Budget(evaluations=300_000), workers=1)
    return path, landscapes


def map_of(path, landscape):
    with Atlas(path, read_only=True) as book:
        identity = landscape.identity
        return book.basin_graph(identity), book.coordinates(identity), book.saddle_coordinates(identity)


@pytest.mark.parametrize("which", [0, 1])
def test_every_piece_goes_down_from_its_saddle_and_meets_the_next(clusters, which):
    path, landscape = clusters[0], clusters[1][which]
    graph, minima, saddles = map_of(path, landscape)
    for end in range(1, graph.minima):
        way = follow_pathway(landscape, graph, minima, saddles, end=end)
        rises = np.diff(way.energies)
        assert (way.minima[0], way.minima[-1]) == (0, len(way.energies) - 1)
        for low, top, after in zip(way.minima, way.saddles, way.minima[1:], strict=False):
            assert (rises[low:top] > 0.0).all()
            assert (rises[top:after] < 0.0).all()
            assert np.abs(way.energies[top] - graph.saddle_energy).min() < 1e-9
        np.testing.assert_allclose(way.energies[[0, -1]], graph.energy[[0, end]], atol=1e-8)
        # A piece that is not brought to where the last one ended jumps by the size of the cluster.
        assert np.linalg.norm(np.diff(way.positions, axis=0), axis=1).max() < 2.0 * landscape.step
        # The path runs along the gradient, but for the bend into the soft mode near the minimum.
        gradient = landscape.energy_and_gradient(way.positions)[1]
        between = list(range(3, way.saddles[0] - 3))
        along = (way.positions[2:] - way.positions[:-2])[[frame - 1 for frame in between]]
        cosine = (along * gradient[between]).sum(axis=1) / np.linalg.norm(along, axis=1)
        assert (cosine / np.linalg.norm(gradient[between], axis=1) > 0.9).all()


def test_a_frame_is_found_again_under_every_symmetry():
    generator = np.random.default_rng(3)
    species = np.array([0, 0, 0, 1, 1, 0])
    frames = generator.normal(size=(3, 6, 3))
    for mirror in (False, True):
        turn = np.linalg.qr(generator.normal(size=(3, 3)))[0]
        turn *= np.linalg.det(turn) * (-1.0 if mirror else 1.0)
        order = np.array([2, 0, 5, 4, 3, 1])
        target = (frames[0] @ turn + 2.0)[order].ravel()
        invariance = Invariance("atoms", species=tuple(species.tolist()))
        moved = superposed(invariance, frames.reshape(3, -1), target)
        np.testing.assert_allclose(moved[0], target, atol=1e-9)
        np.testing.assert_allclose(moved[2], (frames[2] @ turn + 2.0)[order].ravel(), atol=1e-9)
        # Atoms of two kinds are not exchanged, and no mirror image is taken where there is none.
        with pytest.raises(InputError, match="do not meet"):
            superposed(Invariance("atoms", species=tuple(range(6))), frames.reshape(3, -1), target)
    with pytest.raises(InputError, match="do not meet"):
        superposed(Invariance("atoms", species=invariance.species, mirror=False), frames.reshape(3, -1), target)


def test_what_has_no_pathway_is_said(clusters):
    path, (landscape, _) = clusters
    graph, minima, saddles = map_of(path, landscape)
    with pytest.raises(InputError, match="no landscape of atoms"):
        follow_pathway(mueller_brown(), graph, minima, saddles)
    swapped = dict.fromkeys(saddles, next(iter(minima.values())))
    with pytest.raises(InputError, match=r"no path of saddles is known|none of 20 routes"):
        follow_pathway(landscape, graph, minima, swapped, end=3)


def test_the_trajectory_is_read_by_ase(clusters, tmp_path):
    ase_io = pytest.importorskip("ase.io")
    path, (landscape, _) = clusters
    out = tmp_path / "way.xyz"
    exported(path, form="pathway", output=out, which="lj", overwrite=False, between="1,3")
    frames = ase_io.read(out, index=":")
    places = np.array([atoms.positions.ravel() for atoms in frames])
    energies = [atoms.get_potential_energy() for atoms in frames]
    np.testing.assert_allclose(landscape.energy_and_gradient(places)[0], energies, atol=1e-9)
    assert [frames[0].info["point"], frames[-1].info["point"]] == ["minimum", "minimum"]
    for between, said in (("1", "no two minima"), ("2,2", "no two minima"), ("1,9", "numbers from 1 to 4")):
        with pytest.raises(InputError, match=said):
            exported(path, form="pathway", output=tmp_path / "x", which="lj", overwrite=False, between=between)
    with pytest.raises(InputError, match="ends of a pathway"):
        exported(path, form="xyz", output=tmp_path / "x", which="lj", overwrite=False, between="1,2")
