"""Paths between solutions of networks: Goodfellow et al., Draxler et al., Ainsworth et al. (Git Re-Basin)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spinfunnel.landscape import InputError
from spinfunnel.plot.palette import ACCENT, NATIVE, REST, tidy
from spinfunnel.reproduce.comparison import Comparison, Order, Redrawn, exact_comparison, mean_comparison, paragraphs
from spinfunnel.reproduce.images import images

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spinfunnel.network.batched import Batched
    from spinfunnel.network.training import Trained

__all__ = ["draxler", "goodfellow", "perceptron_on", "re_basin", "trained"]


def perceptron_on(
    order: Order, *, width: int, activation: str = "tanh", decay: float = 1e-4, shuffled: int = 0
) -> Batched:
    """A network of one hidden layer on the order's images; `shuffled` deals the labels at random where it is not 0."""
    try:
        import torch
        from torch import nn
    except ImportError:
        raise InputError("networks need PyTorch, which is not installed: pip install 'spinfunnel[torch]'") from None
    from spinfunnel.network import NetworkLandscape
    from spinfunnel.network.batched import Batched

    data = images(order.data)
    bent = nn.Tanh() if activation == "tanh" else nn.ReLU()
    with torch.random.fork_rng(devices=[]):
        model = nn.Sequential(nn.Linear(data.x.shape[1], width), bent, nn.Linear(width, 10))
    pairs = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in ((data.x, data.y), (data.x_test, data.y_test))]
    landscape = NetworkLandscape(model, nn.CrossEntropyLoss(), *pairs, weight_decay=decay, name=data.name)
    return Batched(landscape.shuffled_labels(shuffled) if shuffled else landscape)


def trained(order: Order, network: Batched, *, count: int, label: str, epochs: int, rate: float = 0.01) -> Trained:
    """Train networks from starts of their own."""
    from spinfunnel.network.training import Recipe, train

    source = np.random.SeedSequence([order.seed, zlib.crc32(label.encode())])
    seeds = [int(seed) for seed in source.generate_state(count)]
    return train(network, seeds, recipe=Recipe(epochs=epochs, rate=rate))


GOODFELLOW_NOTES = """
Source: Goodfellow, Vinyals, Saxe (2015) show curves on MNIST and print no table; min-Delta is the largest rise on the
way (Lucas et al. 2021). Here: a network of one hidden layer on the images named in the data, 41 points on each line.

The line from a start to the solution falls for shuffled labels as well: alone it is weak evidence for a funnel.
"""


def goodfellow(order: Order) -> Redrawn:
    """Energy on the line from start to solution, and between solutions."""
    from spinfunnel.network.paths import min_delta, straight

    count = max(order.count(8, quick=4), 2)
    epochs = 10 if order.quick else 40
    rows: list[Comparison] = []
    data: dict[str, list[Any]] = {"line": [], "sample": [], "share": [], "energy": []}
    for label, activation, shuffled in (("tanh", "tanh", 0), ("relu", "relu", 0), ("tanh, shuffled labels", "tanh", 1)):
        network = perceptron_on(order, width=32, activation=activation, shuffled=shuffled)
        found = trained(order, network, count=count, label=f"goodfellow {label}", epochs=epochs)
        rises, barriers = [], []
        for k in range(count):
            line = straight(network, found.start[k], found.end[k], points=41)
            rises.append(min_delta(line.energy))
            between = straight(network, found.end[k], found.end[(k + 1) % count], points=41)
            barriers.append(between.barrier)
            for name, path in ((f"start to solution, {label}", line), (f"between solutions, {label}", between)):
                _extend(data, line=name, sample=k, share=path.place, energy=path.energy)
        order.progress("lines", len(rows) / 6)
        known = 0.0 if not shuffled else None
        rows.append(
            mean_comparison(f"min-Delta, start to solution, {label}", rises, known=known, origin="falls all the way")
        )
        rows.append(mean_comparison(f"barrier between solutions, {label}", barriers, origin="there is one"))
    return Redrawn(
        tuple(rows), paragraphs(GOODFELLOW_NOTES), data, lambda figure: _draw_lines(figure, data), (9.0, 4.2)
    )


DRAXLER_NOTES = """
Source: Draxler et al. (2018) on CIFAR with DenseNets and ResNets; Garipov et al. (2018) for the Bezier curve. They
report paths on which the loss hardly rises. Here: one hidden layer, so that numbers are not theirs; which lies below
which is.

The elastic band starts on the straight line between solutions as they were found, without renaming units. Every curved
figure is the highest of the energies read along the whole path, and so an upper bound of the saddle.
"""


def draxler(order: Order) -> Redrawn:
    """Barrier between solutions on straight paths and on curved ones."""
    from spinfunnel.network.paths import auto_neb, bezier, straight

    count = max(order.count(6, quick=3), 2)
    widths = (16, 32) if order.quick else (8, 16, 32)
    steps, batch = (60, 256) if order.quick else (160, None)
    rows: list[Comparison] = []
    data: dict[str, list[Any]] = {"width": [], "pair": [], "linear": [], "autoneb": [], "bezier": []}
    below = total = 0
    for place, width in enumerate(widths):
        network = perceptron_on(order, width=width)
        found = trained(order, network, count=count, label=f"draxler {width}", epochs=10 if order.quick else 40)
        kinds: dict[str, list[float]] = {"linear": [], "autoneb": [], "bezier": []}
        for k in range(count):
            one, two = found.end[k], found.end[(k + 1) % count]
            kinds["linear"].append(straight(network, one, two).barrier)
            kinds["autoneb"].append(auto_neb(network, one, two, images=9, steps=steps, batch=batch).barrier)
            kinds["bezier"].append(bezier(network, one, two, steps=steps, batch=batch).barrier)
            below += min(kinds["autoneb"][-1], kinds["bezier"][-1]) < kinds["linear"][-1]
            total += 1
            _extend(data, width=width, pair=[k], **{kind: [values[-1]] for kind, values in kinds.items()})
            order.progress("paths", (place * count + k + 1) / (len(widths) * count))
        rows += [mean_comparison(f"{kind} barrier, width {width}", values) for kind, values in kinds.items()]
    rows.append(
        exact_comparison("pairs whose curved barrier is below the linear one", below / total, known=1.0, origin="all")
    )
    return Redrawn(
        tuple(rows), paragraphs(DRAXLER_NOTES), data, lambda figure: _draw_barriers(figure, data), (7.0, 4.2)
    )


RE_BASIN_NOTES = """
Source: Ainsworth, Hayase, Srinivasa (2023) and Entezari et al. (2022): after renaming the units of one network to lie
near those of the other, the barrier on the straight line falls toward zero as networks grow. Theirs are networks on
MNIST and CIFAR, and no table is compared; the row that counts is the slope of ln barrier against ln width, negative.

Units are renamed by weights; the tanh's sign symmetry is used as well. The aligned network's outputs are checked to
be the same.
"""


def re_basin(order: Order) -> Redrawn:
    """Barrier on the straight line before and after alignment, against width."""
    from spinfunnel.network.alignment import Alignment
    from spinfunnel.network.paths import straight

    count = max(order.count(6, quick=4), 2)
    widths = (8, 32, 128) if order.quick else (8, 16, 32, 64, 128, 256)
    rows: list[Comparison] = []
    data: dict[str, list[Any]] = {"width": [], "pair": [], "linear": [], "aligned": [], "by activations": []}
    logs = []
    for place, width in enumerate(widths):
        network = perceptron_on(order, width=width)
        found = trained(order, network, count=count, label=f"re-basin {width}", epochs=10 if order.quick else 30)
        alignment = Alignment(network.landscape)
        kinds: dict[str, list[float]] = {"linear": [], "aligned": [], "by activations": []}
        for k in range(count):
            one, two = found.end[k], found.end[(k + 1) % count]
            kinds["linear"].append(straight(network, one, two).barrier)
            kinds["aligned"].append(straight(network, one, alignment(two, to=one)).barrier)
            moved = alignment(two, to=one, method="activations")
            kinds["by activations"].append(straight(network, one, moved).barrier)
            _extend(data, width=width, pair=[k], **{kind: [values[-1]] for kind, values in kinds.items()})
        logs.append(np.log(np.maximum(kinds["aligned"], 1e-6)))
        order.progress("widths", (place + 1) / len(widths))
        rows += [mean_comparison(f"{kind} barrier, width {width}", values) for kind, values in kinds.items()]
    x = np.log(widths)
    slopes = [np.polyfit(x, [log[k] for log in logs], 1)[0] for k in range(count)]
    rows.append(mean_comparison("slope of ln aligned barrier against ln width", slopes, origin="negative"))
    return Redrawn(
        tuple(rows), paragraphs(RE_BASIN_NOTES), data, lambda figure: _draw_barriers(figure, data), (7.0, 4.2)
    )


# ---------------------------------------------------------------------------------------------


def _extend(data: dict[str, list[Any]], **columns: Any) -> None:
    """Add rows; what is no sequence is repeated."""
    lengths = [
        len(value)
        for value in columns.values()
        if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)
    ]
    for name, value in columns.items():
        many = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)
        data[name] += [float(one) for one in value] if many else [value] * max(lengths)


def _draw_lines(figure: Figure, data: dict[str, list[Any]]) -> None:
    panels = figure.subplots(1, 2)
    names, samples = np.array(data["line"]), np.array(data["sample"])
    share, energy = np.array(data["share"]), np.array(data["energy"])
    colours = (NATIVE, ACCENT, REST)
    for panel, prefix in zip(panels, ("start to solution", "between solutions"), strict=True):
        kinds = [name for name in dict.fromkeys(data["line"]) if name.startswith(prefix)]
        for colour, kind in zip(colours, kinds, strict=True):
            for k in np.unique(samples[names == kind]):
                mine = (names == kind) & (samples == k)
                label = kind.removeprefix(f"{prefix}, ") if k == 0 else None
                panel.plot(share[mine], energy[mine], color=colour, lw=1.0, alpha=0.7, label=label)
        panel.set(xlabel="share of the way", ylabel="energy", title=prefix)
        tidy(panel)
        panel.legend(frameon=False, fontsize=8)


def _draw_barriers(figure: Figure, data: dict[str, list[Any]]) -> None:
    axes = figure.subplots()
    width = np.array(data["width"], float)
    kinds = [name for name in data if name not in {"width", "pair"}]
    for place, (kind, colour) in enumerate(zip(kinds, (REST, NATIVE, ACCENT), strict=True)):
        values = np.maximum(np.array(data[kind], float), 1e-5)
        spots = np.unique(width)
        means = [values[width == spot].mean() for spot in spots]
        axes.plot(width * (1.0 + 0.04 * (place - 1)), values, "o", ms=4, alpha=0.5, color=colour)
        axes.plot(spots, means, "-", color=colour, lw=1.8, label=kind)
    axes.set(xscale="log", yscale="log", xlabel="units of the hidden layer", ylabel="barrier (at least 1e-5)")
    axes.set_xticks(np.unique(width), [f"{spot:.0f}" for spot in np.unique(width)])
    axes.minorticks_off()
    axes.grid(alpha=0.25, lw=0.6)
    tidy(axes)
    axes.legend(frameon=False)
