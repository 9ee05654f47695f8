"""Pictures of clusters in the report that are made from coordinates."""

import json
import re

import numpy as np
import pytest

from spinfunnel.atlas import Atlas
from spinfunnel.cli import work
from spinfunnel.explore.smooth.curvature_rows import spectra_of
from spinfunnel.explore.smooth.pathway import follow_pathway
from spinfunnel.landscape import Budget, InputError, Kind
from spinfunnel.pipeline.run import explore
from spinfunnel.pipeline.study import study
from spinfunnel.plot import pictures_of
from spinfunnel.plot.hessian_rows import hessian_rows, hessian_rows_caption, hessian_rows_figure
from spinfunnel.plot.pathway_movie import pathway_movie, pathway_movie_caption, pathway_movie_figure
from spinfunnel.report import write_report
from spinfunnel.report.payload import unpacked
from spinfunnel.systems import lennard_jones, mueller_brown, sherrington_kirkpatrick


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    path, landscape = str(tmp_path_factory.mktemp("movie") / "lj.db"), lennard_jones(7)
    with Atlas(path) as book:
        explore(landscape, atlas=book, budget=Budget(evaluations=300_000), workers=1)
        identity = landscape.identity
        graph, minima, saddles = (
            book.basin_graph(identity), book.coordinates(identity), book.saddle_coordinates(identity),
        )  # fmt: skip
    return path, follow_pathway(landscape, graph, minima, saddles, end=3), (landscape, graph, minima, saddles)


def test_frames_of_the_movie_are_those_of_the_pathway(clusters):
    _, way, _ = clusters
    figure = pathway_movie_figure(way)
    assert len(figure.frames) == len(way.energies) == len(figure.layout.sliders[0].steps)
    for number, frame in enumerate(figure.frames):
        atoms, _, place = frame.data
        shown = np.stack([atoms.x, atoms.y, atoms.z], axis=1)
        np.testing.assert_allclose(shown, way.positions[number].reshape(-1, 3), atol=1e-4)
        assert place.y[0] == way.energies[number]
    axes = pathway_movie(way)
    assert f"{way.energies.max():.6g}" in axes.get_title()
    assert f"{way.energies.max() - way.energies[0]:.4g}" in pathway_movie_caption(way)


def test_the_report_of_a_cluster_holds_the_movie(clusters, tmp_path):
    page = tmp_path / "page.html"
    given = {"which": None, "seed": None, "workers": 1, "nulls": False, "temperature": None}
    found = work.recalled(clusters[0], native_tolerance=0.0, quiet=True, report=page, **given)
    text = write_report(found, page).read_text(encoding="utf-8")
    data = re.search(r'id="data-0">([^<]*)</script>', text)
    assert data is not None
    drawn = json.loads(unpacked(data.group(1)))
    assert len(drawn["figures"]["pathway"]["frames"]) > 10
    state = drawn["minima"]["state"]
    assert state["form"] == "atoms"
    assert len(state["of"][drawn["minima"]["key"][0]]) == 21


def test_a_study_of_its_own_has_the_same_pictures_as_the_command_line(tmp_path):
    found = study(lennard_jones(6), budget=Budget(evaluations=40_000), workers=1, nulls=False)
    text = found.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'id="plot-pathway-0"' in text
    assert 'id="plot-hessian_rows-0"' in text


def test_a_surface_has_the_spectra_of_its_minimum_and_no_atoms_to_move():
    """Mueller and Brown's: curvatures at the native minimum against differences of gradients."""
    surface = mueller_brown()
    with Atlas() as book:
        drawn = study(surface, nulls=False, workers=1, atlas=book)
        minima, saddles = book.coordinates(surface.identity), book.saddle_coordinates(surface.identity)
    assert list(drawn.views) == ["hessian_rows", "coordinates"]
    rows = spectra_of(surface, drawn.graph, minima, saddles)
    np.testing.assert_array_equal(drawn.views["hessian_rows"].curvatures, rows.curvatures)
    x = np.frombuffer(minima[str(drawn.graph.key[0])], "<f8")
    step = 1e-5 * np.eye(2)
    forward, back = (surface.energy_and_gradient(x + sign * step)[1] for sign in (1, -1))
    np.testing.assert_allclose(rows.curvatures[0], np.linalg.eigvalsh((forward - back) / 2e-5), rtol=1e-6)
    assert ((rows.curvatures < 0).sum(axis=1) == [0] + [1] * (len(rows.energies) - 1)).all()
    picture = pictures_of("mueller-brown", {}, kind=Kind.SMOOTH, views=drawn.views)[0]
    assert "native minimum" in picture.caption(drawn.graph)


def test_spins_have_no_views():
    assert study(sherrington_kirkpatrick(8, seed=1), nulls=False).views == {}


def test_one_minimum_has_no_way_and_says_so(tmp_path):
    (found,) = work.studies(["lj:atoms=4"], seed=0, workers=1, nulls=False, report=tmp_path / "page.html", quiet=True)
    picture = pictures_of("lj", {}, kind=Kind.SMOOTH, views=found.views)[0]
    with pytest.raises(InputError, match="one minimum is known"):
        picture.caption(found.graph)
    assert "no way to another" in write_report([found], tmp_path / "page.html").read_text(encoding="utf-8")


def test_spectra_are_those_of_a_dense_eigensolver(clusters):
    """Of 21 eigenvalues six are zero modes; what is left is that of finite differences, one below 0 at each saddle."""
    landscape, graph, minima, _ = clusters[2]
    rows = spectra_of(*clusters[2])
    x = np.frombuffer(minima[str(graph.key[0])], "<f8")
    step = 1e-5 * np.eye(21)
    forward, back = (landscape.energy_and_gradient(x + sign * step)[1] for sign in (1, -1))
    slow = np.linalg.eigvalsh((forward - back) / 2e-5)
    np.testing.assert_allclose(rows.curvatures[0], slow[np.abs(slow) > 1e-3], rtol=1e-5)
    assert rows.curvatures.shape == (1 + min(15, rows.known), 15)
    assert ((rows.curvatures < 0).sum(axis=1) == [0] + [1] * (len(rows.energies) - 1)).all()
    figure = hessian_rows_figure(rows)
    for trace, line in zip(figure.data, rows.frequencies, strict=True):
        np.testing.assert_allclose(trace.x, line)
    ticks = sum(len(line.get_xdata()) for line in hessian_rows(rows).lines[:-1])
    assert ticks == rows.curvatures.size
    assert f"of the {rows.known} known saddles" in hessian_rows_caption(rows)
