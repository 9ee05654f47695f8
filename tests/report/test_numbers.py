"""Numbers behind pictures, captions and tables: what stands in two places on a page is one number."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape import BasinGraph, Budget, Kind
from spinfunnel.landscape.estimate import Estimate
from spinfunnel.measure import MEASURES, measure_all
from spinfunnel.measure.free_energy import FreeEnergyProfile, free_energy
from spinfunnel.measure.native_ensemble import native_ensemble
from spinfunnel.measure.outcome import Topography
from spinfunnel.pipeline.result import Study
from spinfunnel.pipeline.study import study
from spinfunnel.plot import PICTURES
from spinfunnel.plot.density_picture import density_of_states_figure
from spinfunnel.plot.energy_scale import energy_scale, on_scale
from spinfunnel.plot.free_energy_picture import FLAT, folding_way, free_energy_caption
from spinfunnel.plot.profile_picture import funnel_profile_caption, known_band
from spinfunnel.plot.supergraph import half_native_temperature, supergraph_caption, supergraph_figure
from spinfunnel.plot.terrain import pruned_weight, terrain, terrain_obstacle
from spinfunnel.report import next_step, specification, write_report
from spinfunnel.report.first_screen import MEANING, overview
from spinfunnel.report.payload import levels
from spinfunnel.report.question_map import map_note, question_map
from spinfunnel.report.questions import NO, YES, Scale, position_of, scale_of
from spinfunnel.report.strips import deciding
from spinfunnel.systems import (
    SYSTEMS,
    disordered_ferromagnet,
    edwards_anderson,
    golf_course,
    hopfield_memory,
    random_energy_model,
    resolve,
    sherrington_kirkpatrick,
)
from spinfunnel.verdict.thresholds import THRESHOLDS
from spinfunnel.verdict.witness import Evidence

EXACT = {
    "dfm": lambda: disordered_ferromagnet((3, 4), seed=1),
    "ea": lambda: edwards_anderson((3, 4), seed=1),
    "sk": lambda: sherrington_kirkpatrick(12, seed=3),
    "golf": lambda: golf_course(10, seed=1),
    "rem": lambda: random_energy_model(12, seed=2),
    "hopfield": lambda: hopfield_memory(12, patterns=1, seed=1),
}


@pytest.fixture(scope="module")
def studies() -> dict[str, Study]:
    return {name: study(make(), workers=1, nulls=4) for name, make in EXACT.items()}


@pytest.fixture(scope="module")
def sampled() -> Study:
    return study(sherrington_kirkpatrick(120, seed=1), workers=1, nulls=False, budget=Budget(evaluations=300_000))


# ---------------------------------------------------------------------------------------------
# Two places, one number


@pytest.mark.parametrize("name", ["dfm", "ea", "sk"])
def test_the_tf_of_pictures_is_the_measured_one_of_the_table(studies, name):
    measured = studies[name].measures["tf_measured"]
    assert isinstance(measured, Estimate)
    graph = studies[name].graph
    assert f"measured folding temperature Tf = {measured.value:.4g}" in free_energy_caption(graph)
    names = [trace.name for trace in density_of_states_figure(graph).data if trace.name]
    assert f"slope 1/Tf, Tf (measured) = {measured.value:.4g}" in names
    glass = studies[name].measures["tg_measured"]
    if isinstance(glass, Estimate):
        assert f"slope 1/Tg, Tg (measured) = {glass.value:.4g}" in names


@pytest.mark.parametrize("name", ["dfm", "ea", "sk", "rem"])
def test_the_caption_of_the_free_energy_says_what_the_curve_does(studies, name):
    """Downhill only where nothing rises between the two basins; the barrier is that of the table."""
    graph = studies[name].graph
    said, barrier = free_energy_caption(graph), studies[name].measures["folding_barrier"]
    tf = studies[name].measures["tf_measured"]
    assert isinstance(tf, Estimate)
    height = free_energy(graph).at(tf.value)
    if "downhill all the way" in said:
        border = native_ensemble(Topography(graph)).border
        unfolded = height.overlap <= (0.5 if border is None else border) + 1e-9
        first = int(np.where(unfolded, height.free_energy, np.inf).argmin())
        last = int(np.where(unfolded, np.inf, height.free_energy).argmin())
        way = height.free_energy[first : last + 1]
        assert np.max(way - np.minimum.accumulate(way)) / tf.value < FLAT
    if isinstance(barrier, Estimate) and barrier.value / tf.value > FLAT:
        # The measure is in units of the energy or of Tf; the caption in Tf.
        words = re.search(r"over a barrier of ([\d.e+-]+) Tf", said)
        assert words is not None
        assert float(words.group(1)) in (
            pytest.approx(barrier.value, rel=0.06),
            pytest.approx(barrier.value / tf.value, rel=0.06),
        )


def test_a_rising_curve_is_never_called_downhill():
    """Of 2,000 random curves at a random border, none with a rise on the way is told as downhill."""
    rng = np.random.default_rng(5)
    overlap = np.linspace(0.0, 1.0, 11)
    told = 0
    for _ in range(2000):
        free = np.cumsum(rng.normal(size=11)) * rng.choice([0.0005, 0.01, 1.0])
        profile = FreeEnergyProfile(1.0, overlap, free, free, free, 0 * free)
        border = float(rng.choice([0.3, 0.5, 0.7]))
        unfolded = int(np.where(overlap <= border + 1e-9, free, np.inf).argmin())
        native = int(np.where(overlap <= border + 1e-9, np.inf, free).argmin())
        way = free[unfolded : native + 1]
        rises = float(np.max(way - np.minimum.accumulate(way)))
        downhill = "downhill all the way" in folding_way(profile, border=border)
        told += downhill
        assert downhill == (rises < FLAT)
    assert told > 50


@pytest.mark.parametrize("name", list(EXACT))
def test_the_slider_begins_at_the_temperature_of_the_caption(studies, name):
    graph = studies[name].graph
    sliders = supergraph_figure(graph).layout.sliders
    words = f"{half_native_temperature(graph):.3g}"
    assert f"at T = {words}" in supergraph_caption(graph)
    if sliders:
        assert sliders[0].steps[sliders[0].active].label == words


def test_the_slider_begins_there_where_the_coldest_are_left_out(studies):
    """Passes so high that weights underflow at low temperature shift the steps, not where the slider begins."""
    graph = studies["ea"].graph
    fields = {slot: getattr(graph, slot) for slot in graph.__slots__ if slot not in {"native", "saddle_energy"}}
    high = BasinGraph(**fields, saddle_energy=graph.saddle_energy + 500.0 * np.ptp(graph.energy))
    slider = supergraph_figure(high).layout.sliders[0]
    assert len(slider.steps) < 7
    assert slider.steps[slider.active].label == f"{half_native_temperature(high):.3g}"


def test_the_profile_of_a_sampled_map_keeps_within_what_is_known(sampled):
    """No single share beside an interval: the band at 0 lies in the interval of the table."""
    share = sampled.measures["funnel_weight"]
    band = known_band(sampled.graph)
    assert isinstance(share, Estimate)
    assert share.high - share.low > 0.05
    assert band is not None
    _, low, high = band
    assert (low[0], high[0]) == (pytest.approx(share.low), pytest.approx(share.high))
    assert np.all(np.diff(low) >= 0.0)
    assert np.all(low <= high)
    said = funnel_profile_caption(sampled.graph)
    assert f"drain {100 * low[0]:.3g} to {100 * high[0]:.3g} % of random descents" in said
    said = said.replace("(95 %)", "")
    assert len(re.findall(r"[\d.]+ %", said)) == 1


@pytest.mark.parametrize("name", list(EXACT))
def test_the_profile_of_an_exact_map_says_the_weight_of_the_table(studies, name):
    weight = studies[name].measures["funnel_weight"]
    assert isinstance(weight, Estimate)
    assert f"{100 * weight.value:.3g} % drain to the native state" in funnel_profile_caption(studies[name].graph)
    assert known_band(studies[name].graph) is None


def test_funnels_of_a_map_that_leaves_shares_open_have_no_share(sampled, studies):
    from spinfunnel.plot.palette import funnel_colours
    from spinfunnel.plot.unknown import MOST_UNKNOWN, unknown_weight

    assert unknown_weight(sampled.graph) > MOST_UNKNOWN
    assert not any("%" in label for label in funnel_colours(sampled.graph).labels)
    assert all("%" in label for label in funnel_colours(studies["ea"].graph).labels)


# ---------------------------------------------------------------------------------------------
# What may be drawn


def test_a_landscape_of_many_minima_is_not_drawn_as_a_bowl():
    graph = flood(random_energy_model(16, seed=1))
    assert graph.minima > 3000
    assert "smooth bowl" in terrain_obstacle(graph)
    assert PICTURES["terrain"].obstacle(graph) == terrain_obstacle(graph)


def test_what_nobody_has_seen_is_not_drawn(sampled):
    assert "bowl that nobody has seen" in terrain_obstacle(sampled.graph)


@pytest.mark.parametrize("name", ["dfm", "ea", "sk", "rem"])
def test_a_terrain_that_is_drawn_leaves_out_less_than_a_tenth(studies, name):
    graph = studies[name].graph
    assert terrain_obstacle(graph) == ""
    _, split = terrain(graph)
    assert pruned_weight(split, graph.weight) <= 0.1


# ---------------------------------------------------------------------------------------------
# One scale of energy


@pytest.mark.parametrize("name", ["dfm", "ea", "sk", "rem", "hopfield"])
def test_energies_of_all_pictures_are_written_on_one_scale(studies, name):
    graph = studies[name].graph
    scale = energy_scale(graph)
    assert scale is not None
    assert scale.of(float(graph.energy[0])) == 0.0
    assert scale.of(graph.census.mean) == pytest.approx(1.0)
    for picture in PICTURES.values():
        if picture.energy not in ("x", "y", "y2") or picture.obstacle(graph):
            continue
        figure = picture.figure(graph)
        on_scale(figure, picture.energy, scale)
        axis = figure.layout[f"{picture.energy[0]}axis{picture.energy[1:]}"]
        written = [float(words) for words in axis.ticktext]
        assert written == pytest.approx([scale.of(value) for value in axis.tickvals], abs=1e-6)
        assert "0 ground, 1 mean" in axis.title.text


# ---------------------------------------------------------------------------------------------
# The map of the two questions


@pytest.mark.parametrize("measure", ["search_ruler", "native_gap", "levinthal", "funnel_weight", "rival_valley"])
def test_the_limits_of_the_map_are_those_of_the_verdict(measure, monkeypatch):
    scale = scale_of(measure, measure, -1.0, 2.0)
    assert (scale.no, scale.yes) == (THRESHOLDS[f"{measure}_lost"].value, THRESHOLDS[measure].value)
    assert scale.place(scale.yes) == pytest.approx(YES)
    assert scale.place(scale.no) == pytest.approx(NO)
    changed = dict(THRESHOLDS) | {measure: dataclasses.replace(THRESHOLDS[measure], value=1.5)}
    monkeypatch.setattr("spinfunnel.report.questions.THRESHOLDS", changed)
    assert scale_of(measure, measure, -1.0, 2.0).yes == 1.5


def test_every_measure_of_the_map_and_of_the_strips_exists():
    from spinfunnel.report.questions import _BINARY, _SAMPLED, _SMOOTH, _TRAINED
    from spinfunnel.report.strips import EXTRA, LIMITS

    parts = [part for rule in (_BINARY, _SAMPLED, _SMOOTH, _TRAINED) for row in rule for w in row for part in w.parts]
    assert {part[0] for part in parts} <= set(MEASURES)
    assert all(scale_of(*part).yes is not None for part in parts)
    named = {name for rule in EXTRA.values() for names in rule.values() for name in names} | set(LIMITS)
    assert named <= set(MEASURES)
    assert {limit for names in LIMITS.values() for limit in names} <= set(THRESHOLDS)


@pytest.mark.parametrize("worst", [-1.0, 3.0])
def test_places_rise_with_what_is_better(worst):
    scale = Scale("x", yes=1.5, no=1.0, worst=worst, best=2.5) if worst < 0 else Scale("x", 1.0, 1.5, worst, 0.0)
    values = np.linspace(-5.0, 5.0, 400)
    places = np.array([scale.place(value) for value in (values if worst < 0 else values[::-1])])
    assert np.all(np.diff(places) >= 0.0)
    assert places.min() > 0.0
    assert places.max() < 1.0


@pytest.mark.parametrize("name", list(EXACT))
def test_the_map_agrees_with_the_verdict_or_says_what_decided(studies, name):
    one = studies[name]
    position = position_of(one)
    corner = {
        "funnel": ("yes", "yes"), "golf course": ("no", "yes"), "glass": ("no", "no"), "multi-funnel": ("yes", "yes"),
    }.get(one.verdict.kind)  # fmt: skip
    if position.leads is None or position.stands is None:
        assert "no number" in map_note(one)
    elif (position.leads.answer, position.stands.answer) == corner:
        assert map_note(one) == ""
    svg = question_map([one])
    assert svg.count("<circle") == (position.leads is not None or position.stands is not None)
    assert one.verdict.kind in svg


@pytest.mark.parametrize(
    ("told", "leads", "stands"),
    [
        ({"guidance": (0.9, 0.8, 0.95), "rival_occupation": (0.001,) * 3, "blind_share": (-6.0,) * 3}, "yes", "yes"),
        # What is open is not settled by the search among all minima, which counts where nothing guides.
        ({"guidance": (0.58, -0.1, 0.74), "rival_occupation": (0.5,) * 3, "rival_height": (10.0,) * 3}, "open", "open"),
        ({"blind_share": (1.3,) * 3, "rival_occupation": (0.12,) * 3, "rival_escape": (2.7,) * 3}, "yes", "yes"),
        ({"guidance": (0.1, -0.2, 0.3), "rivals": (0.0,) * 3}, "no", "yes"),
    ],
)
def test_a_smooth_map_is_placed_by_guidance_and_rivals(studies, told, leads, stands):
    measures = {name: Estimate(*row) for name, row in told.items()}
    graph = dataclasses.replace(studies["ea"].graph, kind=Kind.SMOOTH, exact=False)
    verdict = dataclasses.replace(
        studies["ea"].verdict, evidence={name: Evidence(answer, {}) for name, answer in measures.items()}
    )
    position = position_of(dataclasses.replace(studies["ea"], graph=graph, verdict=verdict, nulls={}))
    assert position.leads is not None
    assert position.stands is not None
    assert (position.leads.answer, position.stands.answer) == (leads, stands)


def test_the_table_of_several_shows_the_answers_behind_the_verdicts(studies):
    """The two columns beside the verdict are the questions that decide it, not measures that argue against it."""
    chosen = [studies[name] for name in ("dfm", "golf", "ea")]
    text = overview(chosen)
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", text)
    for one, row in zip(chosen, rows, strict=True):
        position = position_of(one)
        words = re.findall(r"<td><b>(yes|no|undecided)</b>", row)
        known = [place for place in (position.stands, position.leads) if place is not None]
        assert words == [{"open": "undecided"}.get(place.answer, place.answer) for place in known]
    assert "profile area" not in text


@pytest.mark.parametrize("name", list(EXACT))
def test_strips_are_of_measures_that_the_verdict_read(studies, name):
    found = deciding(studies[name])
    assert len(found) <= 6
    evidence = studies[name].verdict.evidence
    assert all(strip.name in evidence for strip in found)
    assert len(found) == min(6, max(4, len(found))) or len(evidence) < 4


# ---------------------------------------------------------------------------------------------
# Words


def test_meanings_are_one_or_two_short_sentences():
    assert set(MEANING) == {"funnel", "multi-funnel", "golf course", "smooth", "glass", "undecided"}
    for text in MEANING.values():
        assert max(len(sentence.split()) for sentence in text.split(". ")) <= 25


@pytest.mark.parametrize("name", list(SYSTEMS.own))
def test_the_specification_gives_the_landscape_again(name):
    """What the page offers to copy is the landscape that it shows, for every system by its example."""
    from spinfunnel.pipeline.plan import describe

    example = SYSTEMS[name].example
    if name in ("ase", "calpha"):
        pytest.skip("reads files")
    landscape = resolve(example, seed=3)
    entry = describe(landscape)
    assert resolve(specification(entry), seed=3).identity == landscape.identity


def test_the_next_command_is_one_that_the_program_takes(studies, sampled):
    from typer.main import get_command

    from spinfunnel.cli.commands import app

    command = get_command(app)
    for one in (*studies.values(), sampled):
        words = next_step(one).command.split()
        assert words[0] == "spinfunnel"
        found = command.commands[words[1]]  # type: ignore[attr-defined]
        known = {flag for option in found.params for flag in option.opts}
        assert all(word in known for word in words[2:] if word.startswith("--"))


def test_what_is_undecided_is_compared_with_larger_sizes(studies):
    one = studies["sk"]
    undecided = dataclasses.replace(one, verdict=dataclasses.replace(one.verdict, kind="undecided"))
    assert "--over n=12,15,18" in next_step(undecided).command
    decided = dataclasses.replace(one, verdict=dataclasses.replace(one.verdict, kind="glass"))
    assert "--over n=6,9,12" in next_step(decided).command


# ---------------------------------------------------------------------------------------------
# Sizes


def test_funnels_below_each_level_are_counted_as_one_by_one(studies):
    graph = studies["ea"].graph
    table = levels(studies["ea"])
    hub, spoke, height = graph.direct_edges()
    for k in range(0, 400, 23):
        energy = table["energy"][k]
        part = np.arange(graph.minima)
        for a, b, h in zip(hub, spoke, height, strict=True):
            if h <= energy:
                part[part == part[a]] = part[b]
        below = graph.energy <= energy
        assert table["funnels"][k] == len(set(part[below].tolist()))
        inside = below & (part == part[0])
        assert table["native"][k] == pytest.approx(graph.weight[inside].sum() / graph.weight[below].sum(), abs=1e-3)


def test_a_page_of_four_systems_and_one_of_five_thousand_minima_are_light(studies, tmp_path):
    several = write_report([studies[name] for name in ("dfm", "ea", "golf", "hopfield")], tmp_path / "four.html")
    assert several.stat().st_size < 3_000_000
    graph = flood(random_energy_model(16, seed=1))
    graph = _cut(graph, 5000)
    large = dataclasses.replace(studies["rem"], graph=graph, measures=measure_all(graph))
    page = write_report([large], tmp_path / "large.html")
    assert page.stat().st_size < 6_000_000


def _cut(graph: BasinGraph, count: int) -> BasinGraph:
    """A map of so many minima, made of one with fewer by repeating them with longer keys."""
    times = -(-count // graph.minima)
    rows = np.sort(np.tile(np.arange(graph.minima), times)[:count])
    fields = {name: getattr(graph, name)[rows] for name in ("energy", "weight", "plateau", "orbit", "visits")}
    keys = np.array([f"{graph.key[row]!s}{place:044b}" for place, row in enumerate(rows)])
    height = np.maximum(graph.energy[rows][1:], graph.energy[rows][:-1]) + 0.3
    order = np.argsort(height, kind="stable")
    pairs = np.stack([np.arange(count - 1), np.arange(1, count)], axis=1)[order]
    return BasinGraph(
        **fields,
        key=keys,
        saddle_key=np.arange(count - 1).astype(str),
        saddle_energy=height[order],
        saddle_offsets=2 * np.arange(count),
        saddle_minima=pairs.ravel(),
        saddle_exact=np.ones(count - 1, bool),
        census=graph.census,
        tallies=graph.tallies,
        symmetry=graph.symmetry,
    )


def test_every_measure_is_in_the_data_as_strict_json(studies):
    assert json.loads(json.dumps(levels(studies["sk"]), allow_nan=False))
    assert Topography(studies["sk"].graph).graph.minima == studies["sk"].graph.minima
    assert set(studies["sk"].measures) <= set(MEASURES)
