"""Reproductions on lattice proteins."""

from functools import partial
from importlib import import_module

import numpy as np
import pytest
from matplotlib.figure import Figure

from spinfunnel.reproduce import REPRODUCTIONS, Order, designs
from spinfunnel.reproduce.itfix import success


def test_hp_benchmarks_are_met():
    redrawn = REPRODUCTIONS["hp-benchmarks"].run(Order(quick=True, seed=0, workers=2))
    assert len(redrawn.rows) == 11
    assert {row.agreement for row in redrawn.rows} == {"equal"}


def test_a_share_has_an_interval_that_holds_it():
    share = success(np.array([1, 2, 3, -1]), 2.5)
    assert share.value == 0.5
    assert 0.0 < share.low < share.value < share.high < 1.0
    assert success(np.array([1, 1]), 5.0).high == pytest.approx(1.0)


def differences(**order):
    """Mean of designed - random with its standard error, for each number."""
    rows = REPRODUCTIONS["design-vs-random"].run(Order(quick=True, seed=0, **order)).rows
    found = {row.quantity.split(",")[0]: (row.ours, row.error) for row in rows if "designed - random" in row.quantity}
    return found, rows


def test_designed_sequences_differ_from_random_ones(monkeypatch):
    """The gap of ten monomers differs by five to seven standard errors; of two random orders more than four in less
    than one case in a thousand (Student's t of 19 degrees of freedom)."""
    monkeypatch.setattr(designs, "QUICK_LENGTH", 10)
    found, rows = differences(samples=20)
    assert found["tf_tg"][0].low > 0.0
    assert found["levinthal"][0].low > 0.0
    assert found["stability_gap"][0].value > 4.0 * found["stability_gap"][1]
    assert sum(row.ours.value for row in rows if row.quantity.startswith("designed: judged")) == pytest.approx(1.0)
    # Twin that must fail: a random order in the place of the designed one.
    monkeypatch.setattr(designs, "lattice_protein", partial(shuffled_protein, designs.lattice_protein))
    twin, _ = differences(samples=20)
    assert twin["stability_gap"][0].value < 4.0 * twin["stability_gap"][1]


def shuffled_protein(make, kind, **options):
    protein = make("random", **options)
    return protein.shuffled(1) if kind == "designed" else protein


def test_folding_time_grows_more_slowly_than_conformations_and_is_least_in_between():
    redrawn = REPRODUCTIONS["levinthal-protein"].run(Order(quick=True, seed=1))
    ours = {row.quantity: row.ours.value for row in redrawn.rows if hasattr(row.ours, "value")}
    # 272, 740 and 2034 conformations of 8 to 10 monomers; one native one has as many others.
    assert 2.4 < ours["growth for each monomer, blind search"] < 3.0
    assert ours["growth for each monomer, folding"] < 2.0
    assert ours["folding time, coldest over best temperature"] > 2.0
    assert ours["folding time, hottest over best temperature"] > 2.0


def test_the_pair_of_beads_is_mapped_measured_and_drawn(monkeypatch):
    """A hundredth of the energies that the verdicts need: what is drawn and said, and not what it says."""
    monkeypatch.setattr(import_module("spinfunnel.reproduce.bln46"), "QUICK", 60_000)
    redrawn = REPRODUCTIONS["bln"].run(Order(quick=True, seed=0, workers=2))
    lowest = {row.quantity: row for row in redrawn.rows if row.quantity.endswith("lowest energy")}
    assert list(lowest) == ["frustrated, K = 400: lowest energy", "go, K = 400: lowest energy"]
    assert lowest["frustrated, K = 400: lowest energy"].ours.value >= -49.263513
    assert set(redrawn.data["landscape"]) == {"frustrated, K = 400", "go, K = 400"}
    assert any("go, K = 400: " in note for note in redrawn.notes)
    sheet = Figure(figsize=redrawn.size)
    redrawn.draw(sheet)
    titles = [axes.get_title().split(": ")[0] for axes in sheet.axes]
    assert titles == list(dict.fromkeys(redrawn.data["landscape"]))
