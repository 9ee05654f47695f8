"""Functions in a box: what a grid and what followed descents find, against known stationary points."""

import numpy as np
import pytest

from spinfunnel.atlas import Atlas
from spinfunnel.landscape import InputError
from spinfunnel.measure import measure_all
from spinfunnel.pipeline.plan import plan
from spinfunnel.pipeline.run import explore
from spinfunnel.systems import resolve
from spinfunnel.systems.surfaces.box import box_function, read_bounds
from spinfunnel.verdict import judge_map
from spinfunnel.verdict.smooth import SMOOTH_EVIDENCE


def camel(x):
    u, v = x[:, 0] ** 2, x[:, 1] ** 2
    return (4.0 - 2.1 * u + u * u / 3.0) * u + x[:, 0] * x[:, 1] + (4.0 * v - 4.0) * v


def himmelblau(x):
    return (x[:, 0] ** 2 + x[:, 1] - 11.0) ** 2 + (x[:, 0] + x[:, 1] ** 2 - 7.0) ** 2


def rastrigin(x):
    return (x * x - 10.0 * np.cos(2.0 * np.pi * x) + 10.0).sum(axis=1)


def ackley(x):
    return (
        20.0 + np.e - 20.0 * np.exp(-0.2 * np.sqrt((x * x).mean(axis=1))) - np.exp(np.cos(2.0 * np.pi * x).mean(axis=1))
    )


def griewank(x):
    return (x * x).sum(axis=1) / 4000.0 - np.prod(np.cos(x / np.sqrt(np.arange(1, x.shape[1] + 1))), axis=1) + 1.0


def lunacek(x):
    """Double Rastrigin (Lunacek, Whitley, Sutton, PPSN X, 2008)."""
    d, low = x.shape[1], 2.5
    s = 1.0 - 1.0 / (2.0 * np.sqrt(d + 20.0) - 8.2)
    other = -np.sqrt((low * low - 1.0) / s)
    bowls = np.minimum(((x - low) ** 2).sum(axis=1), d + s * ((x - other) ** 2).sum(axis=1))
    return bowls + 10.0 * (1.0 - np.cos(2.0 * np.pi * (x - low))).sum(axis=1)


def schwefel(x):
    return 418.9829 * x.shape[1] - (x * np.sin(np.sqrt(np.abs(x)))).sum(axis=1)


def easom(x):
    return -np.prod(np.cos(x), axis=1) * np.exp(-((x - np.pi) ** 2).sum(axis=1))


def random_waves(x):
    """Gaussian random field of one length scale, from 60 waves of equal size."""
    rng = np.random.default_rng(3)
    ways, phase = rng.normal(size=(60, x.shape[1])) * 6.0, rng.uniform(0.0, 2.0 * np.pi, 60)
    return np.sqrt(2.0 / 60) * np.cos(x @ ways.T + phase).sum(axis=1)


def mapped(function, bounds, *, dimension=2, explorer="auto", **facts):
    landscape = box_function(function, bounds=bounds, dimension=dimension, name="own", **facts)
    with Atlas(None) as atlas:
        run = explore(landscape, atlas=atlas, explorer=explorer, seed=1, workers=1)
        return atlas.basin_graph(landscape.identity), run


def kind(function, bounds, **options):
    graph, _ = mapped(function, bounds, **options)
    return judge_map(graph, measure_all(graph, names=[*SMOOTH_EVIDENCE, "funnel_weight"]))


def test_a_grid_finds_what_a_search_of_every_stationary_point_finds():
    """The camel's six minima and seven saddles: the same energies by two methods that share no step."""
    graph, run = mapped(camel, ((-2.2, -1.2), (2.2, 1.2)))
    assert run.explorer == "grid"
    landscape = resolve("camel")
    with Atlas(None) as atlas:
        explore(landscape, atlas=atlas, explorer="stationary", seed=1, workers=1)
        other = atlas.basin_graph(landscape.identity)
    saddles = other.saddle_energy[other.saddle_index == 1]
    assert graph.minima == other.minima == 6
    assert graph.energy == pytest.approx(other.energy, abs=1e-7)
    assert graph.saddle_energy == pytest.approx(np.sort(saddles), abs=1e-7)
    assert bool(graph.saddle_exact.all())


@pytest.mark.parametrize("explorer", ["grid", "downhill"])
def test_himmelblau_has_four_minima_and_four_saddles(explorer):
    graph, _ = mapped(himmelblau, (-5, 5), explorer=explorer)
    assert graph.energy == pytest.approx(np.zeros(4), abs=1e-8)
    # Of followed descents the ways across the maximum are passes as well: upper bounds, above the four.
    lowest = np.unique(graph.saddle_energy.round(3))[:4]
    assert lowest == pytest.approx([13.312, 67.719, 104.015, 178.337], abs=2e-3)


def test_wells_and_passes_of_rastrigin_are_counted():
    """Eleven wells a coordinate, and a pass between every two neighbours; the lowest passes are known."""
    graph, _ = mapped(rastrigin, (-5.12, 5.12))
    assert (graph.minima, graph.saddles) == (121, 220)
    line = np.linspace(0.3, 0.7, 400001)
    top = rastrigin(line[:, None]).max()
    assert graph.saddle_energy[:4] == pytest.approx(np.full(4, top), abs=1e-6)
    inner = graph.energy < 16.0  # wells at the walls are cut
    assert graph.weight[inner] == pytest.approx(np.full(inner.sum(), 1.0 / 10.24**2), rel=0.05)


def test_walls_hold_minima_by_the_sign_of_their_multipliers():
    """A slope has its minimum in a corner; a saddle cut by a wall has one on each of two faces."""
    graph, _ = mapped(lambda x: x[:, 0] + 2.0 * x[:, 1], (-5, 5))
    assert graph.energy.tolist() == [-15.0]
    graph, _ = mapped(lambda x: x[:, 0] ** 2 - x[:, 1] ** 2 + 0.1 * x[:, 1], (-1, 1))
    assert graph.energy == pytest.approx([-1.1, -0.9], abs=1e-9)
    assert graph.saddle_energy == pytest.approx([0.0025], abs=1e-9)  # at (0, 0.05), where the ridge is


def test_periodic_coordinates_join_at_their_ends():
    """A cell of a close-packed surface: one fcc hollow, one hcp hollow, three bridges."""

    def energy(s):
        u, v = 2 * np.pi * s[:, 0], 2 * np.pi * s[:, 1]
        even = np.cos(u) + np.cos(v) + np.cos(u + v)
        return 0.1 * even - 0.02 * (np.sin(u) + np.sin(v) - np.sin(u + v))

    graph, _ = mapped(energy, (0.0, 1.0), period=1.0)
    assert (graph.minima, graph.saddles) == (2, 3)
    assert float(np.ptp(graph.saddle_energy)) == pytest.approx(0.0, abs=1e-9)


def test_a_curved_valley_is_one_minimum():
    """Rosenbrock's: minima of the grid along its floor are all followed down to one."""
    graph, _ = mapped(lambda x: 100.0 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1.0 - x[:, 0]) ** 2, (-2, 2))
    assert graph.minima == 1


def test_a_function_may_take_a_batch_a_vector_or_a_tensor():
    torch = pytest.importorskip("torch")
    forms = (
        rastrigin,
        lambda x: float(np.sum(x * x - 10.0 * np.cos(2.0 * np.pi * x) + 10.0)),
        lambda x: (x * x - 10.0 * torch.cos(2.0 * torch.pi * x) + 10.0).sum(1),
    )
    maps = [mapped(form, (-1.4, 1.4), explorer="grid:nodes=65")[0] for form in forms]
    for each in maps:
        assert each.energy == pytest.approx(maps[0].energy, abs=1e-7)
        assert each.saddle_energy == pytest.approx(maps[0].saddle_energy, abs=1e-6)


def test_a_gradient_of_the_users_is_taken():
    asked = []

    def gradient(x):
        asked.append(len(x))
        return 2.0 * x + 20.0 * np.pi * np.sin(2.0 * np.pi * x)

    landscape = box_function(rastrigin, bounds=(-2, 3), dimension=2, name="own", gradient=gradient)
    place = np.array([[0.3, 1.2], [-0.7, 2.2]])
    plain = box_function(rastrigin, bounds=(-2, 3), dimension=2, name="own")
    assert landscape.energy_and_gradient(place)[1] == pytest.approx(plain.energy_and_gradient(place)[1], rel=1e-6)
    assert landscape.hessian(place) == pytest.approx(plain.hessian(place), rel=1e-4, abs=1e-2)
    assert asked


@pytest.mark.parametrize("unit", [1e-5, 1e5])
def test_the_unit_of_the_energy_changes_no_count(unit):
    one, _ = mapped(camel, ((-2.2, -1.2), (2.2, 1.2)))
    other, _ = mapped(lambda x: unit * camel(x) + 3.0 * unit, ((-2.2, -1.2), (2.2, 1.2)))
    assert (one.minima, one.saddles) == (other.minima, other.saddles)
    assert other.energy == pytest.approx(unit * (one.energy + 3.0), rel=1e-6)


@pytest.mark.parametrize("size", [1e-6, 1e-3])
def test_noise_is_measured_and_makes_no_minima(size):
    """A bowl with noise that is drawn anew at every place."""
    rng = np.random.default_rng(0)
    graph, _ = mapped(lambda x: (x * x).sum(axis=1) + size * rng.normal(size=len(x)), (-5, 5))
    noisy = box_function(
        lambda x: (x * x).sum(axis=1) + size * rng.normal(size=len(x)), bounds=(-5, 5), dimension=2, name="own"
    )
    assert 0.3 * size < noisy.noise < 3.0 * size
    assert graph.minima == 1


@pytest.mark.parametrize(
    ("function", "bounds", "expected"),
    [
        (rastrigin, (-5.12, 5.12), "funnel"),
        (ackley, (-10.0, 10.0), "funnel"),
        (griewank, (-30.0, 30.0), "funnel"),
        (lunacek, (-5.12, 5.12), "multi-funnel"),
        (schwefel, (-500.0, 500.0), "multi-funnel"),
        (easom, (-100.0, 100.0), "golf course"),
        (random_waves, (0.0, 4.0), "glass"),
        (lambda x: (x * x).sum(axis=1), (-5.0, 5.0), "smooth"),
    ],
)
def test_functions_whose_structure_is_known_in_two_dimensions(function, bounds, expected):
    found = kind(function, bounds)
    assert found.kind == expected, found


@pytest.mark.parametrize(
    ("function", "bounds", "dimension", "expected"),
    [
        (rastrigin, (-5.12, 5.12), 3, "funnel"),
        (rastrigin, (-5.12, 5.12), 4, "funnel"),
        (griewank, (-30.0, 30.0), 3, "funnel"),
        (lunacek, (-5.12, 5.12), 3, "multi-funnel"),
        (easom, (-10.0, 10.0), 4, "golf course"),
    ],
)
def test_descents_that_are_followed_tell_the_kind_in_more(function, bounds, dimension, expected):
    found = kind(function, bounds, dimension=dimension)
    assert found.kind == expected, found


def test_every_random_descent_ends_in_the_map():
    graph, _ = mapped(rastrigin, (-5.12, 5.12), dimension=3, explorer="downhill")
    assert measure_all(graph, names=["connected_share"])["connected_share"].value == 1.0
    assert graph.energy[0] == pytest.approx(0.0, abs=1e-6)


def test_the_same_seed_gives_the_same_map():
    one, other = (mapped(griewank, (-20, 20), dimension=3, explorer="downhill")[0] for _ in range(2))
    assert one.key.tolist() == other.key.tolist()
    assert one.saddle_energy.tolist() == other.saddle_energy.tolist()


def test_bounds_are_numbers_rows_or_pairs():
    assert read_bounds((-1, 1), dimension=3, name="f")[1].tolist() == [1.0, 1.0, 1.0]
    assert read_bounds([[-1, -2], [1, 2]], dimension=None, name="f")[0].tolist() == [-1.0, -2.0]
    assert read_bounds([(-1, 1), (-2, 2), (0, 4)], dimension=None, name="f")[1].tolist() == [1.0, 2.0, 4.0]
    for wrong in ((1, -1), (0, np.inf), "ab", [(0, 1, 2)]):
        with pytest.raises(InputError, match="bounds"):
            read_bounds(wrong, dimension=2, name="f")


def test_what_cannot_be_a_function_in_a_box_is_refused():
    with pytest.raises(InputError, match="no function of positions"):
        box_function(lambda _: "text", bounds=(-1, 1), dimension=2, name="own")
    with pytest.raises(InputError, match="no number at any"):
        box_function(lambda x: np.full(len(x), np.nan), bounds=(-1, 1), dimension=2, name="own")
    with pytest.raises(InputError, match="no bounds"):
        plan(resolve("camel"), "grid")


def test_a_file_says_its_bounds(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import numpy as np\nbounds = [(-2.2, 2.2), (-1.2, 1.2)]\n" + CAMEL_OF_A_VECTOR)
    landscape = resolve(f"{file}:camel")
    assert plan(landscape).explorer.name == "grid"
    assert landscape.energies(np.array([[0.08984201, -0.71265640]])) == pytest.approx(-1.0316285)
    turned = resolve(f"{file}:camel:period=0/2.4")
    assert turned.periodic.tolist() == [False, True]


CAMEL_OF_A_VECTOR = """
def camel(x):
    u, v = x[0] ** 2, x[1] ** 2
    return (4.0 - 2.1 * u + u * u / 3.0) * u + x[0] * x[1] + (4.0 * v - 4.0) * v
"""
