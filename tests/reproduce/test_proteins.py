"""Reproductions on lattice proteins."""

import numpy as np
import pytest

from spinfunnel.reproduce import REPRODUCTIONS, Order
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
