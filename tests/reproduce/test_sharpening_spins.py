"""Exponents of folding over sizes: the plan, resuming, and a funnel against a glass."""

import json
from importlib import import_module

import pytest

from spinfunnel.landscape.estimate import Estimate
from spinfunnel.reproduce import Order
from spinfunnel.reproduce.sharpening_spins import FAMILIES, Family, sharpening_spins
from spinfunnel.systems import resolve

MODULE = import_module("spinfunnel.reproduce.sharpening_spins")
SMALL = (
    Family("multiscale, frustration 0.1", {n: f"multiscale:n={n},frustration=0.1" for n in (12, 15, 18)}),
    Family("spin glass, 2D", {n: f"ea:shape={shape}" for n, shape in ((12, "3x4"), (16, "4x4"), (20, "4x5"))}),
)


@pytest.fixture
def module_of_few(monkeypatch):
    monkeypatch.setattr(MODULE, "FAMILIES", SMALL)


def test_every_system_of_the_plan_exists_and_has_the_size_that_is_said():
    for family in FAMILIES:
        for n, spec in family.systems.items():
            landscape = resolve(spec)
            size = getattr(landscape, "size", None) or landscape.parameters["n"]
            assert size == n, spec


def test_what_is_finished_is_not_made_again(module_of_few, tmp_path, monkeypatch):
    order = Order(samples=6, seed=1, kept=tmp_path)
    once = sharpening_spins(order)
    kept = (tmp_path / "sharpening-spins.samples.jsonl").read_text().splitlines()
    assert len(kept) == 6
    assert len(json.loads(kept[0])["answers"]) == 6
    monkeypatch.setattr(MODULE, "ensemble", None)
    again = sharpening_spins(order)
    assert again.rows == once.rows
    assert again.data == once.data
    with pytest.raises(TypeError):
        sharpening_spins(Order(samples=6, seed=2, kept=tmp_path))


def test_the_gap_over_the_roughness_grows_in_the_funnel_and_not_in_the_glass(module_of_few):
    """Sixteen samples and a fixed seed; in the funnel its exponent lies near 0.9, in the glass near 0, each to 0.15."""
    rows = {row.quantity: row.ours for row in sharpening_spins(Order(samples=16, seed=3)).rows}
    funnel = rows["multiscale, frustration 0.1: exponent of the gap over roughness"]
    glass = rows["spin glass, 2D: exponent of the gap over roughness"]
    assert isinstance(funnel, Estimate)
    assert isinstance(glass, Estimate)
    assert funnel.low > 0.5 > 0.3 > glass.value
    assert rows["multiscale, frustration 0.1: exponent of the width"].high < -0.5
    # Broken twin: by cooperativity alone the glass sharpens as well.
    assert rows["spin glass, 2D: exponent of Omega"].value > 0.2
