"""The model by its limits, its formulas by slow twins, and landscapes on it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import comb

from spinfunnel.landscape import InputError
from spinfunnel.landscape.estimate import Estimate, NoAnswer
from spinfunnel.reproduce.bryngelson_wolynes import bryngelson_wolynes, freezing_on_slope, shell_folding_temperature
from spinfunnel.reproduce.comparison import Order
from spinfunnel.reproduce.heteropolymer import Heteropolymer, folding_line, form_folding_temperature, glass_line

CHAIN = Heteropolymer(eps=0.4, L=1.3, eps_roughness=0.6, L_roughness=0.8, nu=7.0)


def slow_free_energy(model, rho, temperature):
    """The formulas of the definition, one number at a time."""
    energy = -(model.eps * rho + model.L * rho**2)
    variance = model.eps_roughness**2 * (1 - rho) + model.L_roughness**2 * (1 - rho**2)
    entropy = -rho * math.log(rho) - (1 - rho) * math.log((1 - rho) / model.nu)
    glass = math.sqrt(variance / (2 * entropy))
    if temperature < glass:
        return energy - math.sqrt(variance * 2 * entropy)
    return energy - variance / (2 * temperature) - temperature * entropy


@pytest.mark.parametrize("temperature", [0.1, 0.4, 0.6, 2.0])
def test_free_energy_is_that_of_the_definition(temperature):
    rho = np.linspace(0.01, 0.99, 50)
    found = CHAIN.free_energy(rho, temperature=temperature)
    assert found == pytest.approx([slow_free_energy(CHAIN, one, temperature) for one in rho])


def test_both_branches_meet_at_the_glass_temperature_with_one_slope():
    rho = 0.3
    glass = float(CHAIN.glass_temperature(rho))
    below, at, above = (float(CHAIN.free_energy(rho, temperature=glass * (1 + d))) for d in (-1e-4, 0.0, 1e-4))
    assert below == pytest.approx(at, abs=1e-12)
    assert above == pytest.approx(at, abs=1e-8)


def test_the_entropy_counts_all_states():
    """All (1 + nu)^n of them: the entropy is largest, ln(1 + nu), at rho = 1 / (1 + nu)."""
    rho = np.linspace(0.0, 1.0, 100_001)
    entropy = CHAIN.entropy(rho)
    assert entropy.max() == pytest.approx(math.log(8.0), abs=1e-8)
    assert rho[entropy.argmax()] == pytest.approx(1 / 8, abs=1e-4)
    n = 400
    direct = math.log(comb(n, 50, exact=True) * 7 ** (n - 50)) / n
    assert float(CHAIN.entropy(50 / n)) == pytest.approx(direct, abs=0.02)


def test_one_native_state_has_neither_entropy_nor_roughness():
    assert float(CHAIN.free_energy(1.0, temperature=0.3)) == -(0.4 + 1.3)
    assert float(CHAIN.glass_temperature(1.0)) == math.inf


def test_random_energy_model_freezes_where_derrida_says():
    assert freezing_on_slope(0.0) == pytest.approx(1 / (2 * math.sqrt(math.log(2))), abs=1e-12)


@pytest.mark.parametrize("slope", [0.5, 2.0, 8.0])
def test_freezing_on_a_slope_solves_its_equation(slope):
    temperature = freezing_on_slope(slope)
    rho = 1 / (1 + math.exp(-slope / temperature))
    entropy = -rho * math.log(rho) - (1 - rho) * math.log(1 - rho)
    assert entropy == pytest.approx(1 / (4 * temperature**2), rel=1e-6)


def make(gap):
    return Heteropolymer(L=gap, L_roughness=1.0, nu=10.0)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 1.5])
def test_free_energies_are_equal_on_the_folding_line(temperature):
    model = make(folding_line(make, temperature, low=0.0, high=10.0))
    assert model.least(temperature, native=True)[1] == pytest.approx(
        model.least(temperature, native=False)[1], abs=1e-9
    )


def test_folded_and_glass_are_parted_at_a_constant_gap():
    lines = [folding_line(make, temperature, low=0.0, high=10.0) for temperature in (0.02, 0.2, 0.4)]
    assert np.ptp(lines) < 1e-6
    warm = folding_line(make, 1.0, low=0.0, high=10.0)
    assert warm > lines[0] + 0.1


def test_phases_meet_where_the_lines_say():
    gap = folding_line(make, 0.8, low=0.0, high=10.0)
    assert (make(gap - 0.01).phase(0.8), make(gap + 0.01).phase(0.8)) == ("unfolded", "folded")
    glass = glass_line(make(1.0))
    assert (make(1.0).phase(glass - 0.01), make(1.0).phase(glass + 0.01)) == ("glass", "unfolded")


@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_with_many_states_the_line_is_that_of_the_random_energy_form(temperature):
    gap = folding_line(lambda g: Heteropolymer(L=g, L_roughness=1.0, nu=1e6), temperature, low=0.0, high=99.0)
    form = form_folding_temperature(gap, 1.0, entropy=math.log(1e6 + 1))
    assert isinstance(form, Estimate)
    assert form.value == pytest.approx(temperature, rel=1e-5)


def test_a_gap_too_small_has_no_folding_temperature():
    assert isinstance(form_folding_temperature(1.0, 1.0, entropy=2.0), NoAnswer)
    assert isinstance(shell_folding_temperature(16, slope=0.0, native_energy=0.0), NoAnswer)


def test_a_residue_without_other_states_is_refused():
    with pytest.raises(InputError, match="nu is 0"):
        Heteropolymer(nu=0.0)


def test_landscapes_with_a_slope_fold_where_the_model_says():
    """Four standard errors, eight comparisons at most: 1 in 2,000 by chance; the seed is fixed."""
    redrawn = bryngelson_wolynes(Order(quick=True, samples=20, workers=2))
    rows = {row.quantity: row for row in redrawn.rows}
    folding = [row for name, row in rows.items() if name.startswith("Tf over Tf of the model")]
    assert folding
    assert all(abs(row.deviation) < 4.0 for row in folding)
    crossing = rows["slope at which Tf = Tg"].ours
    assert 2.0 < crossing.low < crossing.value < crossing.high < 12.0
    assert all(abs(row.ours.value - row.known) < 1e-6 for row in redrawn.rows[:4])
