"""Networks against their size: Choromanska et al., Ballard et al., and the essay's claim that the funnel sharpens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.landscape import BasinGraph
from spinfunnel.landscape.estimate import Estimate, Measurement
from spinfunnel.plot.palette import ACCENT, NATIVE, REST, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, mean_comparison, paragraphs
from spinfunnel.reproduce.networks import perceptron_on, trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ballard", "choromanska", "sharpening"]

CORRELATION = {25: 0.7616, 50: 0.6861, 100: 0.5983, 250: 0.5302, 500: 0.4081}
"""Correlation of training and test loss over seeds by width, Choromanska et al. (2015), table 1, MNIST."""

CHOROMANSKA_NOTES = """
Source: Choromanska, Henaff, Mathieu, Ben Arous, LeCun (2015): networks of one hidden layer on MNIST, 1000 of each
width. The known correlations are theirs; on other images, with far fewer networks, ours need not agree, and the trend
is what counts.

The annealer is Langevin dynamics with a temperature that falls to 0, not their Metropolis; it starts where SGD does
and takes as many epochs. The index is the share of negative eigenvalues of the dense Hessian at solutions of width 10
after SGD.
"""


def choromanska(order: Order) -> Redrawn:
    """Distribution of final losses over seeds against width; SGD against annealing; index."""
    import torch

    from spinfunnel.network.batched import Batched
    from spinfunnel.network.training import Recipe, train

    count = max(order.count(30, quick=10), 4)
    widths = (25, 100) if order.quick else (25, 50, 100, 250)
    epochs = 10 if order.quick else 30
    rows: list[Comparison] = []
    data: dict[str, list[Any]] = {"width": [], "network": [], "train": [], "test": []}
    rng = np.random.default_rng([order.seed, 1])
    for place, width in enumerate(widths):
        network = perceptron_on(order, width=width, decay=0.0)
        found = trained(order, network, count=count, label=f"choromanska {width}", epochs=epochs)
        landscape = network.landscape
        train_loss = found.energy
        test_loss = np.array([landscape.evaluate(end, split="test").loss for end in found.end])
        for name, values in (("network", range(count)), ("train", train_loss), ("test", test_loss)):
            data[name] += [float(value) for value in values]
        data["width"] += [width] * count
        draws = rng.integers(0, count, (2000, count))
        rows.append(
            _resampled(
                f"spread of the test loss, width {width}", test_loss.std(ddof=1), test_loss[draws].std(1, ddof=1)
            )
        )
        together = np.array([_correlation(train_loss[one], test_loss[one]) for one in draws])
        row = _resampled(
            f"correlation of training and test loss, width {width}", _correlation(train_loss, test_loss), together
        )
        rows.append(_beside(row, CORRELATION.get(width), "Choromanska et al. 2015, MNIST"))
        order.progress("widths", (place + 1) / (len(widths) + 1))
    network = perceptron_on(order, width=25, decay=0.0)
    seeds = list(range(order.seed, order.seed + max(count // 2, 2)))
    sgd = train(network, seeds, recipe=Recipe("sgd", epochs, 64, 0.1))
    heat = train(network, seeds, recipe=Recipe("langevin", epochs, 64, 0.5, temperature=1e-5))
    rows.append(
        mean_comparison("annealed minus SGD, training loss, width 25", heat.energy - sgd.energy, origin="about 0")
    )
    small = perceptron_on(order, width=10, decay=0.0)
    ends = trained(order, small, count=3, label="choromanska index", epochs=epochs).end
    exact = Batched(small.landscape, dtype=torch.float64)
    shares = []
    for end in ends:
        values = torch.linalg.eigvalsh(exact.hessians(end[None])[0])
        shares.append(float((values < -1e-6 * values.abs().max()).double().mean()))
    rows.append(mean_comparison("share of negative eigenvalues at solutions, width 10", shares, origin="low index"))
    return Redrawn(
        tuple(rows), paragraphs(CHOROMANSKA_NOTES), data, lambda figure: _draw_losses(figure, data), (7.0, 4.2)
    )


BALLARD_NOTES = """
Source: Ballard et al. (2017): small regularised networks have single-funnelled landscapes, and more regularisation
leaves fewer minima. Their networks and data are others; here the XOR problem with tanh units, every stationary point
sought from many starts, copies under renaming and sign of units merged. The exclusive-or's own symmetries (inputs
exchanged or inverted) are not.

Ours differs from theirs: below a weight decay of 0.1 it has two funnels by lowest exits and not one. A saddle that one
search in 500 meets is missed by 300 starts every other time, so that with few starts there may be one more.
"""


def ballard(order: Order) -> Redrawn:
    """Number of minima and of funnels against regularisation, for XOR."""
    from spinfunnel.explore.network.network_points import reported
    from spinfunnel.network.stationary_search import stationary_points
    from spinfunnel.pipeline.run import graph_of
    from spinfunnel.systems import resolve

    decays = (0.003, 0.03) if order.quick else (0.001, 0.003, 0.01, 0.03, 0.1)
    starts = 60 if order.quick else 600
    rows: list[Comparison] = []
    data: dict[str, list[Any]] = {"decay": [], "minima": [], "saddles": [], "funnels": [], "unseen": []}
    for place, decay in enumerate(decays):
        landscape: Any = resolve(f"network:data=xor,width=2,weight_decay={decay}", seed=order.seed)
        found = stationary_points(landscape, starts=starts, seed=order.seed)
        from spinfunnel.measure.funnel import chains

        points = reported(landscape, found, seed=order.seed)
        bottom = chains(graph_of(landscape, points, explorer="stationary", tolerance=0.0)).bottom
        funnels = len(np.unique(bottom))
        for name, value in (
            ("decay", decay),
            ("minima", len(found.minima)),
            ("saddles", len(found.saddles)),
            ("funnels", funnels),
            ("unseen", found.unseen),
        ):
            data[name].append(value)
        rows.append(
            exact_comparison(f"minima, weight decay {decay:g}", float(len(found.minima)), origin="fewer with decay")
        )
        rows.append(exact_comparison(f"saddles of index 1, weight decay {decay:g}", float(len(found.saddles))))
        rows.append(exact_comparison(f"funnels, weight decay {decay:g}", float(funnels), origin="one"))
        order.progress("weight decays", (place + 1) / len(decays))
    return Redrawn(tuple(rows), paragraphs(BALLARD_NOTES), data, lambda figure: _draw_decays(figure, data), (6.0, 4.0))


SHARPENING_NOTES = """
Claim: as the network grows the funnel gets sharper (Martin 2015). No number is published; the row that counts is the
sign of each slope. Sharpness is the mean height at which training ends above the lowest solution, the barrier that on
the straight line after renaming units, both in energy scales (a random start above the lowest solution).

Beside it the same networks on shuffled labels; the gap of a draw of shuffled labels is that to the other draws. The
last rows count the widths at which the 95 % intervals do not meet. Networks are trained for a fixed number of epochs,
so that part of the height is what training had still to go.
"""


SHARPENED = ("profile_area", "concentration", "aligned_barrier", "curved_barrier", "stability_gap")


def sharpening(order: Order) -> Redrawn:
    """Funnel measures against width, for real and for shuffled labels."""
    widths = (8, 32) if order.quick else (4, 8, 16, 32, 64)
    rows: list[Comparison] = []
    data: dict[str, list[Any]] = {"width": [], "labels": [], "measure": [], "value": [], "low": [], "high": []}
    for place, width in enumerate(widths):
        for labels, measures in _both_labels(order, width).items():
            for name in SHARPENED:
                value = measures.get(name)
                if isinstance(value, Estimate):
                    rows.append(Comparison(f"{name}, width {width}, {labels} labels", value, _error(value)))
                    entries = (width, labels, name, value.value, value.low, value.high)
                    for column, entry in zip(data, entries, strict=True):
                        data[column].append(entry)
        order.progress("widths", (place + 1) / len(widths))
    rows += _against_width(data, seed=order.seed) + _told_apart(data)
    return Redrawn(
        tuple(rows), paragraphs(SHARPENING_NOTES), data, lambda figure: _draw_sharpening(figure, data), (9.0, 4.0)
    )


# ---------------------------------------------------------------------------------------------


def _both_labels(order: Order, width: int) -> dict[str, dict[str, Measurement]]:
    """Measures of networks of one width on real labels, and on the first of some draws of shuffled ones."""
    from dataclasses import replace

    from spinfunnel.explore.network.ensemble_training import explore_by
    from spinfunnel.explore.network.schedule import Schedule
    from spinfunnel.measure import measure_all
    from spinfunnel.network.batched import Batched
    from spinfunnel.network.training import Recipe
    from spinfunnel.pipeline.run import graph_of

    count = max(order.count(12, quick=4), 3)
    epochs, steps = (10, 30) if order.quick else (40, 80)
    # The gap of a draw is taken to the others: two of them would leave Student's interval a single degree of freedom.
    draws = 3 if order.quick else 6
    plan = Schedule(count, Recipe(epochs=epochs), False, 7, steps, 256, 15, 3, count)
    network = perceptron_on(order, width=width, decay=1e-3).landscape

    def trained(one: Any, by: Schedule, seed: int) -> BasinGraph:
        return graph_of(one, explore_by(by, Batched(one), seed=seed), explorer="training")

    real = trained(network, plan, order.seed)
    few = replace(plan, networks=max(count // 4, 2), steps=1)
    nulls = [
        trained(network.shuffled_labels(1000 * order.seed + draw), few if draw > 1 else plan, draw)
        for draw in range(1, draws + 1)
    ]
    return {
        "real": measure_all(real, null_maps=nulls),
        "shuffled": measure_all(nulls[0], null_maps=nulls[1:]),
    }


def _against_width(data: dict[str, list[Any]], *, seed: int) -> list[Comparison]:
    """Slope of ln profile area against ln width, its error from those of the means."""
    rng = np.random.default_rng([seed, 4])
    labels, measures = np.array(data["labels"]), np.array(data["measure"])
    rows = []
    for kind in ("real", "shuffled"):
        mine = (labels == kind) & (measures == "profile_area")
        x = np.log(np.array(data["width"], float)[mine])
        value, low, high = (np.array(data[name], float)[mine] for name in ("value", "low", "high"))
        draws = value + (high - low) / 3.92 * rng.standard_normal((2000, len(value)))
        slopes = np.polyfit(x, np.log(np.maximum(draws, 1e-3 * value)).T, 1)[0]
        slope = float(np.polyfit(x, np.log(value), 1)[0])
        row = _resampled(f"slope of ln profile area against ln width, {kind} labels", slope, slopes)
        rows.append(Comparison(row.quantity, row.ours, row.error, None, 0.0, "negative" if kind == "real" else ""))
    return rows


def _told_apart(data: dict[str, list[Any]]) -> list[Comparison]:
    """Share of the widths at which the intervals for real and shuffled labels do not meet, for each measure."""
    found = {
        (width, labels, name): (low, high)
        for width, labels, name, low, high in zip(
            *(data[column] for column in ("width", "labels", "measure", "low", "high")), strict=True
        )
    }
    rows = []
    for name in SHARPENED:
        apart = []
        for width in sorted(set(data["width"])):
            one, two = found.get((width, "real", name)), found.get((width, "shuffled", name))
            if one is not None and two is not None:
                apart.append(one[1] < two[0] or two[1] < one[0])
        if apart:
            quantity = f"share of widths at which {name} tells real from shuffled labels"
            rows.append(exact_comparison(quantity, float(np.mean(apart)), origin="intervals that do not meet"))
    return rows


def _error(value: Estimate) -> float:
    return (value.high - value.low) / 3.92


def _correlation(one: np.ndarray, two: np.ndarray) -> float:
    spread = float(one.std() * two.std())
    return float(((one - one.mean()) * (two - two.mean())).mean() / spread) if spread > 0.0 else 0.0


def _resampled(quantity: str, value: float, draws: np.ndarray) -> Comparison:
    low, high = np.quantile(draws, [0.025, 0.975])
    ours: Measurement = Estimate(float(value), min(float(low), float(value)), max(float(high), float(value)))
    return Comparison(quantity, ours, float(draws.std()))


def _beside(row: Comparison, known: float | None, origin: str) -> Comparison:
    return Comparison(row.quantity, row.ours, row.error, known, 0.0, origin if known is not None else "")


def _draw_losses(figure: Figure, data: dict[str, list[Any]]) -> None:
    axes = figure.subplots()
    width, train_loss, test_loss = (np.array(data[name], float) for name in ("width", "train", "test"))
    for values, colour, label, shift in ((test_loss, NATIVE, "test", 0.96), (train_loss, REST, "training", 1.04)):
        axes.plot(width * shift, values, "o", ms=4, alpha=0.5, color=colour, label=label)
    axes.set(xscale="log", yscale="log", xlabel="units of the hidden layer", ylabel="final loss of each network")
    axes.set_xticks(np.unique(width), [f"{spot:.0f}" for spot in np.unique(width)])
    axes.minorticks_off()
    tidy(axes)
    axes.legend(frameon=False)


def _draw_decays(figure: Figure, data: dict[str, list[Any]]) -> None:
    axes = figure.subplots()
    for name, colour in (("saddles", REST), ("minima", NATIVE), ("funnels", ACCENT)):
        axes.plot(data["decay"], data[name], "o-", color=colour, label=name)
    axes.set(xscale="log", xlabel="weight decay", ylabel="number, up to symmetry", ylim=(0, None))
    tidy(axes)
    axes.legend(frameon=False)


def _draw_sharpening(figure: Figure, data: dict[str, list[Any]]) -> None:
    names = ("profile_area", "aligned_barrier")
    panels = figure.subplots(1, len(names))
    labels, measures = np.array(data["labels"]), np.array(data["measure"])
    for panel, name in zip(panels, names, strict=True):
        for kind, colour in (("real", NATIVE), ("shuffled", REST)):
            mine = (labels == kind) & (measures == name)
            x, y, low, high = (np.array(data[part], float)[mine] for part in ("width", "value", "low", "high"))
            panel.errorbar(
                x, y, np.stack([y - low, high - y]), fmt="o-", capsize=3, color=colour, label=f"{kind} labels"
            )
        panel.set(xscale="log", xlabel="units of the hidden layer", ylabel=f"{name.replace('_', ' ')} (energy scales)")
        spots = sorted(set(data["width"]))
        panel.set_xticks(spots, [str(spot) for spot in spots])
        panel.minorticks_off()
        tidy(panel)
    panels[0].legend(frameon=False)
