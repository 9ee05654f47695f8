"""The perfect funnel of a landscape's own energies, and positions between it and the shuffled one."""

import subprocess
import sys

import numpy as np
import pytest

import spinfunnel as sf
from spinfunnel.explore.flood.flooding import flood
from spinfunnel.landscape.estimate import Estimate, NoAnswer, between
from spinfunnel.measure import measure_all
from spinfunnel.null.ensemble import ensemble
from spinfunnel.null.sorted_energies import Shells, SortedEnergies, sorted_by_distance
from spinfunnel.systems import edwards_anderson, random_energy_model, sherrington_kirkpatrick

ABSENT = ("torch", "sqlalchemy", "scipy.optimize", "ase")


@pytest.mark.parametrize("landscape", [sherrington_kirkpatrick(9, seed=1), random_energy_model(8, seed=2)])
def test_every_shell_is_at_least_as_high_as_the_one_before(landscape):
    energies = np.empty(1 << landscape.size)
    SortedEnergies(landscape, seed=3).enumerate(energies)
    own = np.empty_like(energies)
    landscape.enumerate(own)
    assert (np.sort(own) == np.sort(energies)).all()
    ground = int(own.argmin())
    away = np.bitwise_count(np.arange(len(own)) ^ ground)
    if landscape.symmetries:
        away = np.minimum(away, landscape.size - away)
    for shell in range(int(away.max())):
        assert energies[away == shell].max() <= energies[away == shell + 1].min()


def test_shells_made_once_give_what_each_sample_alone_gives():
    glass = sherrington_kirkpatrick(8, seed=4)
    shared = SortedEnergies(glass, seed=5, shells=Shells.of(glass))
    assert (shared.energies == SortedEnergies(glass, seed=5).energies).all()
    assert (shared.energies != SortedEnergies(glass, seed=6).energies).any()


@pytest.mark.parametrize("seed", range(3))
def test_the_sorted_null_is_a_funnel_of_the_same_thermodynamics(seed):
    glass = edwards_anderson((3, 4), seed=seed)
    own = measure_all(flood(glass))
    found = ensemble(glass, sorted_by_distance, count=3, seed=1).measures
    assert found["funnel_weight"].value > 0.95
    assert found["heat_capacity_peak"].value == pytest.approx(own["heat_capacity_peak"].value, rel=1e-6)


def test_positions_run_from_the_shuffled_to_the_sorted_null():
    half = between(Estimate.exactly(3.0), Estimate.exactly(2.0), Estimate.exactly(4.0))
    assert half.value == 0.5
    assert half.exact
    wide = between(Estimate(3.0, 2.9, 3.1), Estimate.exactly(2.0), Estimate.exactly(4.0))
    assert wide.high - wide.low == pytest.approx(0.1)
    assert between(Estimate.exactly(1.0), Estimate.exactly(2.0), Estimate.exactly(2.0)).outcome == "no_room"
    missing = NoAnswer("flat", "every state has one energy", "nothing to do")
    assert between(Estimate.exactly(1.0), missing, Estimate.exactly(2.0)) is missing


def test_a_study_gives_positions_of_a_funnel_above_those_of_a_glass():
    places = []
    for system in ("multiscale:n=10,frustration=0.1", "rem:n=10"):
        answer = sf.study(system, seed=1, nulls=5).to_json()
        place = answer["verdict"]["evidence"]["funnel_weight"]["position"]
        assert place == answer["measures"]["funnel_weight"]["position"]
        places.append(place["value"])
    assert places[0] > 0.5 > places[1]


def test_judging_a_spin_glass_loads_no_framework_that_it_does_not_need():
    """SQLAlchemy, SciPy's optimisers and ASE take longer to load than ten spins take to judge."""
    code = f"import sys, spinfunnel as sf; sf.study('sk:n=8'); print([m for m in {ABSENT!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    plain = subprocess.run(
        [sys.executable, "-c", "import sys, spinfunnel; print('numba' in sys.modules or 'scipy' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert plain.stdout.strip() == "False"
