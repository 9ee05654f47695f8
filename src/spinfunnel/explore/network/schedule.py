"""How much is done to judge a network: numbers of starts, lengths of training and of elastic bands, draws of labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from spinfunnel.landscape import InputError
from spinfunnel.network import NetworkLandscape
from spinfunnel.network.batched import Batched
from spinfunnel.network.training import Recipe

__all__ = ["HESSIAN_SECONDS", "SETTLED", "Schedule", "product_seconds", "schedule", "tuned"]

PLAIN_SIZE = 20_000
POLISHED_SIZE = 1_000
"""Weights up to which every solution is brought down to a minimum to the last digits."""
POLISHING = 600
"""Most steps of each such descent."""
SETTLED = 0.005
"""Share of the energy scale that another round of training may gain where training counts as converged: a quarter of
what parts native solutions from others."""
LAYER_SECONDS, ACTIVATION_SECONDS = 2.5e-4, 1.6e-8
"""What each layer adds to a training step however small, and each activation, on one core; right to a factor of 2."""
TRAINING_SECONDS = {True: 24.0, False: 150.0}
"""Time that all trainings may take, for `quick` and in full."""
HESSIAN_SECONDS = {True: 12.0, False: 90.0}
"""The same for all products with the Hessian; each takes about as long as a training step on all samples."""
MOST = 1000
"""Most starts, and most rounds, that can be asked for."""
SIDE_BY_SIDE = 1.7
"""Times as fast as one after the other two trainings on two cores are."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How much is done.

    Attributes
    ----------
    networks : int
        Starts.
    recipe : Recipe
        Of the first round of training.
    polished : bool
        Whether solutions are brought to true minima.
    images, steps, batch : int
        Of the elastic bands; a batch of 0 is all samples.
    points : int
        Read on each straight path.
    null_samples, null_networks : int
        Draws of shuffled labels, and starts on each.
    rounds : int
        Further rounds of training at most, each half as long as all before, until they gain nothing; with 0 nothing
        is known of convergence.
    """

    networks: int = 8
    recipe: Recipe = Recipe()  # noqa: RUF009 - frozen
    polished: bool = False
    images: int = 9
    steps: int = 200
    batch: int = 0
    points: int = 25
    null_samples: int = 3
    null_networks: int = 4
    rounds: int = 0


def schedule(network: Batched, *, quick: bool) -> Schedule:
    """Choose how much is done by what a network costs: minutes, or with `quick` well under one."""
    if network.plain is not None and network.size <= PLAIN_SIZE:
        polished = network.size <= POLISHED_SIZE
        if quick:
            return Schedule(5, Recipe(epochs=30), polished, 7, 60, 256, 15, 3, 3, 3)
        return Schedule(8, Recipe(epochs=60), polished, 9, 160, 0, 25, 3, 5, 3)
    if network.size <= 200 and network.samples <= 64:
        return Schedule(12 if quick else 40, Recipe(epochs=300, batch=64, rate=0.05), True, 9, 100, 0, 25, 2, 6, 2)
    plan = Schedule(6, Recipe(epochs=25, batch=64), False, 7, 60, 128, 9, 3, 3)
    if quick:
        plan = Schedule(4, Recipe(epochs=8, batch=64), False, 5, 24, 128, 7, 3, 2)
    return replace(plan, rounds=_affordable(network, plan, seconds=TRAINING_SECONDS[quick]))


def _affordable(network: Batched, plan: Schedule, *, seconds: float) -> int:
    """Most further rounds, 1 at least, within this time for all trainings, on two cores."""
    batch = min(plan.recipe.batch, network.samples)
    each = _seconds(network.landscape, max(1, network.samples // batch))
    if not (network.has_dropout or network.shares_operations):
        each /= SIDE_BY_SIDE
    total = seconds / (each * (plan.networks + plan.null_samples * plan.null_networks))
    rounds, epochs = 1, plan.recipe.epochs * 3 // 2
    while epochs * 3 // 2 <= total:
        rounds, epochs = rounds + 1, epochs * 3 // 2
    return rounds


def product_seconds(landscape: NetworkLandscape) -> float:
    """Time of a product with the Hessian on all samples: that of a gradient, about."""
    return _seconds(landscape, 1)


def _seconds(landscape: NetworkLandscape, steps: int) -> float:
    """Time of a gradient of all samples, in so many steps."""
    layers = sum(1 for part in landscape.objective.module.modules() if not any(part.children()))
    return steps * layers * LAYER_SECONDS + landscape.activations * ACTIVATION_SECONDS


def tuned(plan: Schedule, given: Mapping[str, Any]) -> Schedule:
    """A schedule with what a user set; the rest stays as it was chosen.

    Parameters
    ----------
    plan : Schedule
    given : mapping
        Names of fields of `Schedule` and `Recipe` with their values.

    Raises
    ------
    InputError
        For a value that is out of range.

    Examples
    --------
    >>> plan = tuned(Schedule(), {"rounds": 6, "optimiser": "sgd", "noise": 0.5})
    >>> plan.rounds, plan.recipe.optimiser, plan.recipe.noise, plan.networks
    (6, 'sgd', 0.5, 8)
    """
    for name, low in (("networks", 1), ("rounds", 0)):
        if name in given and not low <= int(given[name]) <= MOST:
            raise InputError(f"{name}={given[name]} is out of range: give {low} to {MOST}")
    own = {field.name for field in fields(Schedule)}
    recipe = replace(plan.recipe, **{name: value for name, value in given.items() if name not in own})
    return replace(plan, recipe=recipe, **{name: value for name, value in given.items() if name in own})
