"""Numba kernels of convolutions along lines and planes, one block of samples through all layers at a time.

(1) Samples run along the last axis: number ``((c H + y) W + x) w + s`` belongs to one pixel of one channel and sample
    s of w. With a stride of 1 the pixels of a line follow each other and are one run. A linear layer is a convolution
    with one position.
(2) A network is a program of `LAYER` records. Tables say where the inputs and outputs of each position lie, so that
    strides, padding and shapes cost nothing in the loops.
(3) Along a line or plane the answers of the first layer are affine in the coordinates: they are given for the origin
    and each direction, and only added up.
(4) Four outputs are summed at two vectors of samples in registers, over all inputs, before anything is stored.
    Outputs are filled up to groups of four; those beyond the last are not stored.
(5) Convolutions of 3 x 3 with a stride of 1 are done in tiles of 4 x 4 pixels by Winograd's minimal filtering F(4,
    3): ``A' [(G g G') * (B' d B)] A`` of a filter g and a patch d of 6 x 6 pixels, with 36 products in place of 144.
    The filters come transformed (`FILTERS`); `_patch` makes B' d B, `_products` sums over channels, `_tile` goes
    back.
(6) An activation of the type max(x, 0) is a floor below what is stored; others follow in a pass of their own.
(7) A block of samples passes all layers at one point before the next point is begun: it stays in the caches.

Source: Lavin, Gray, CVPR (2016), section 4.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spinfunnel.network.kernel_lanes import clipped, fused, larger, load, minus, plus, spread, store, times, width
from spinfunnel.network.kernels import activated, entropies

__all__ = ["CONSTANTS", "DIRECT", "FILTERS", "GROUP", "LARGEST", "LAYER", "MEAN", "TILES", "image_losses"]

DIRECT, TILES, LARGEST, MEAN = range(4)
GROUP = 4
"""Outputs that are summed side by side."""
LAYER = np.dtype(
    [
        (name, np.int64)
        for name in (
            *("kind", "activation", "channels", "outs", "weights", "bias"),
            *("given", "given_plane", "out", "out_plane"),  # where they begin in memory, and from channel to channel
            *("base", "place", "positions", "run", "taps", "reach"),  # tables of inputs and outputs, and their lengths
            *("lines", "count", "line"),  # where the lines of the answer begin in a channel, how many, how long
        )
    ]
)
"""One layer as offsets into the tables, weights and numbers that `image_losses` is given."""
CONSTANTS = (0.0, 2.0, 4.0, 5.0, 8.0, -np.inf)
FILTERS = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float64) / 24.0
"""G of Winograd's F(4, 3): a filter of three weights as six."""
_FAST: Any = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_FAST)
def affine_lines(
    memory: NDArray[Any], start: NDArray[np.int64], parts: NDArray[Any], place: NDArray[Any], floor: Any
) -> None:  # pragma: no cover - compiled
    """``parts[0] + sum_i place[i] parts[i + 1]``, no less than the floor: (k + 1, lines, w) to memory[start[line]:]."""
    lines, length = parts.shape[1:]
    step, flat, size = width(parts), parts.reshape(parts.size), lines * length
    for line in range(lines):
        for s in range(0, length, step):
            at = line * length + s
            value = load(flat, at)
            for i in range(len(place)):
                at += size
                value = fused(spread(place, i), load(flat, at), value)
            store(memory, start[line] + s, clipped(value, floor))


@njit(**_FAST)
def direct(
    memory: NDArray[Any], layer: Any, table: NDArray[np.int64], weights: NDArray[Any], floor: Any
) -> None:  # pragma: no cover - compiled
    """``out[o, place[p]] = bias[o] + sum_t weights[o, t] given[base[p] + taps[t]]`` of whole runs of numbers (4)."""
    step, reach, taps = width(memory), layer.reach, table[layer.taps : layer.taps + layer.reach]
    for p in range(layer.positions):
        base, place = layer.given + table[layer.base + p], layer.out + table[layer.place + p]
        for first in range(0, layer.outs, 4):
            shift = layer.bias + first
            for s in range(0, layer.run, 2 * step):
                a0, a1 = spread(weights, shift), spread(weights, shift + 1)
                a2, a3 = spread(weights, shift + 2), spread(weights, shift + 3)
                b0, b1, b2, b3 = a0, a1, a2, a3
                w = layer.weights + first * reach
                for t in range(reach):
                    at = base + s + taps[t]
                    x, y = load(memory, at), load(memory, at + step)
                    v = spread(weights, w)
                    a0, b0 = fused(v, x, a0), fused(v, y, b0)
                    v = spread(weights, w + 1)
                    a1, b1 = fused(v, x, a1), fused(v, y, b1)
                    v = spread(weights, w + 2)
                    a2, b2 = fused(v, x, a2), fused(v, y, b2)
                    v = spread(weights, w + 3)
                    a3, b3 = fused(v, x, a3), fused(v, y, b3)
                    w += 4
                at = place + first * layer.out_plane + s
                store(memory, at, clipped(a0, floor))
                store(memory, at + step, clipped(b0, floor))
                if first + 1 < layer.outs:
                    at += layer.out_plane
                    store(memory, at, clipped(a1, floor))
                    store(memory, at + step, clipped(b1, floor))
                if first + 2 < layer.outs:
                    at += layer.out_plane
                    store(memory, at, clipped(a2, floor))
                    store(memory, at + step, clipped(b2, floor))
                if first + 3 < layer.outs:
                    at += layer.out_plane
                    store(memory, at, clipped(a3, floor))
                    store(memory, at + step, clipped(b3, floor))


@njit(**_FAST)
def _forth(
    x0: Any, x1: Any, x2: Any, x3: Any, x4: Any, x5: Any, two: Any, four: Any, five: Any
) -> Any:  # pragma: no cover - compiled
    """B' x of Winograd's F(4, 3) (5)."""
    p, q, r, t = minus(x4, times(four, x2)), minus(x3, times(four, x1)), minus(x4, x2), times(two, minus(x3, x1))
    first = fused(four, x0, minus(x4, times(five, x2)))
    last = fused(four, x1, minus(x5, times(five, x3)))
    return first, plus(p, q), minus(p, q), plus(r, t), minus(r, t), last


@njit(**_FAST)
def _back(
    x0: Any, x1: Any, x2: Any, x3: Any, x4: Any, x5: Any, two: Any, four: Any, eight: Any
) -> Any:  # pragma: no cover - compiled
    """A' x of Winograd's F(4, 3) (5)."""
    p, q, r, t = plus(x1, x2), minus(x1, x2), plus(x3, x4), minus(x3, x4)
    return plus(x0, plus(p, r)), fused(two, t, q), fused(four, r, p), plus(fused(eight, t, q), x5)


@njit(**_FAST)
def _patch(
    fields: NDArray[Any],
    at: int,
    apart: int,
    memory: NDArray[Any],
    origin: int,
    patch: NDArray[np.int64],
    work: NDArray[Any],
    constants: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """The 36 transformed numbers of one patch of 6 x 6 pixels (5), to fields[at], fields[at + apart], ..."""
    step = width(memory)
    two, four, five = spread(constants, 1), spread(constants, 2), spread(constants, 3)
    for x in range(6):
        y0, y1, y2, y3, y4, y5 = _forth(
            load(memory, origin + patch[x]),
            load(memory, origin + patch[6 + x]),
            load(memory, origin + patch[12 + x]),
            load(memory, origin + patch[18 + x]),
            load(memory, origin + patch[24 + x]),
            load(memory, origin + patch[30 + x]),
            two,
            four,
            five,
        )
        store(work, x * step, y0)
        store(work, (6 + x) * step, y1)
        store(work, (12 + x) * step, y2)
        store(work, (18 + x) * step, y3)
        store(work, (24 + x) * step, y4)
        store(work, (30 + x) * step, y5)
    for y in range(6):
        row = 6 * y * step
        y0, y1, y2, y3, y4, y5 = _forth(
            load(work, row),
            load(work, row + step),
            load(work, row + 2 * step),
            load(work, row + 3 * step),
            load(work, row + 4 * step),
            load(work, row + 5 * step),
            two,
            four,
            five,
        )
        store(fields, at, y0)
        store(fields, at + apart, y1)
        store(fields, at + 2 * apart, y2)
        store(fields, at + 3 * apart, y3)
        store(fields, at + 4 * apart, y4)
        store(fields, at + 5 * apart, y5)
        at += 6 * apart


@njit(**_FAST)
def _products(
    found: NDArray[Any], fields: NDArray[Any], weights: NDArray[Any], w: int, channels: int
) -> None:  # pragma: no cover - compiled
    """Sums over channels of fields (36, channels, two vectors) for four outputs: found (36, 4, two vectors)."""
    step = width(fields)
    at, to = 0, 0
    for _ in range(36):
        x, y = load(fields, at), load(fields, at + step)
        v = spread(weights, w)
        a0, b0 = times(v, x), times(v, y)
        v = spread(weights, w + 1)
        a1, b1 = times(v, x), times(v, y)
        v = spread(weights, w + 2)
        a2, b2 = times(v, x), times(v, y)
        v = spread(weights, w + 3)
        a3, b3 = times(v, x), times(v, y)
        for _ in range(1, channels):
            at += 2 * step
            w += 4
            x, y = load(fields, at), load(fields, at + step)
            v = spread(weights, w)
            a0, b0 = fused(v, x, a0), fused(v, y, b0)
            v = spread(weights, w + 1)
            a1, b1 = fused(v, x, a1), fused(v, y, b1)
            v = spread(weights, w + 2)
            a2, b2 = fused(v, x, a2), fused(v, y, b2)
            v = spread(weights, w + 3)
            a3, b3 = fused(v, x, a3), fused(v, y, b3)
        at += 2 * step
        w += 4
        store(found, to, a0)
        store(found, to + step, b0)
        store(found, to + 2 * step, a1)
        store(found, to + 3 * step, b1)
        store(found, to + 4 * step, a2)
        store(found, to + 5 * step, b2)
        store(found, to + 6 * step, a3)
        store(found, to + 7 * step, b3)
        to += 8 * step


@njit(**_FAST)
def _tile(
    memory: NDArray[Any],
    origin: int,
    place: NDArray[np.int64],
    found: NDArray[Any],
    at: int,
    shift: Any,
    floor: Any,
    work: NDArray[Any],
    constants: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Sixteen pixels of one output from its 36 sums."""
    step = width(memory)
    apart = 8 * step
    two, four, eight = spread(constants, 1), spread(constants, 2), spread(constants, 4)
    for x in range(6):
        y0, y1, y2, y3 = _back(
            load(found, at),
            load(found, at + 6 * apart),
            load(found, at + 12 * apart),
            load(found, at + 18 * apart),
            load(found, at + 24 * apart),
            load(found, at + 30 * apart),
            two,
            four,
            eight,
        )
        store(work, x * step, y0)
        store(work, (6 + x) * step, y1)
        store(work, (12 + x) * step, y2)
        store(work, (18 + x) * step, y3)
        at += apart
    for y in range(4):
        row = 6 * y * step
        y0, y1, y2, y3 = _back(
            load(work, row),
            load(work, row + step),
            load(work, row + 2 * step),
            load(work, row + 3 * step),
            load(work, row + 4 * step),
            load(work, row + 5 * step),
            two,
            four,
            eight,
        )
        store(memory, origin + place[4 * y], clipped(plus(y0, shift), floor))
        store(memory, origin + place[4 * y + 1], clipped(plus(y1, shift), floor))
        store(memory, origin + place[4 * y + 2], clipped(plus(y2, shift), floor))
        store(memory, origin + place[4 * y + 3], clipped(plus(y3, shift), floor))


@njit(**_FAST)
def tiles(
    memory: NDArray[Any],
    layer: Any,
    table: NDArray[np.int64],
    weights: NDArray[Any],
    scratch: NDArray[Any],
    constants: NDArray[Any],
    floor: Any,
) -> None:  # pragma: no cover - compiled
    """A convolution of 3 x 3 by tiles (5); `run` is the width of a block of samples."""
    step, channels = width(memory), layer.channels
    work, found, fields = scratch[: 36 * step], scratch[36 * step : 324 * step], scratch[324 * step :]
    for p in range(layer.positions):
        patch = table[layer.base + 36 * p : layer.base + 36 * p + 36]
        place = table[layer.place + 16 * p : layer.place + 16 * p + 16]
        for s in range(0, layer.run, 2 * step):
            for c in range(channels):
                origin, at = layer.given + c * layer.given_plane + s, 2 * c * step
                _patch(fields, at, 2 * channels * step, memory, origin, patch, work, constants)
                _patch(fields, at + step, 2 * channels * step, memory, origin + step, patch, work, constants)
            for first in range(0, layer.outs, 4):
                _products(found, fields, weights, layer.weights + 36 * channels * first, channels)
                for o in range(first, min(first + 4, layer.outs)):
                    origin, at = layer.out + o * layer.out_plane + s, 2 * (o - first) * step
                    shift = spread(weights, layer.bias + o)
                    _tile(memory, origin, place, found, at, shift, floor, work, constants)
                    _tile(memory, origin + step, place, found, at + step, shift, floor, work, constants)


@njit(**_FAST)
def pooled(
    memory: NDArray[Any], layer: Any, table: NDArray[np.int64], share: NDArray[Any], floor: Any
) -> None:  # pragma: no cover - compiled
    """Largest number, or mean, of the taps at each position, channel by channel."""
    step, mean = width(memory), layer.kind == 3
    share[0] = 1.0 / layer.reach
    for c in range(layer.outs):
        for p in range(layer.positions):
            base = layer.given + c * layer.given_plane + table[layer.base + p]
            place = layer.out + c * layer.out_plane + table[layer.place + p]
            for s in range(0, layer.run, step):
                value = load(memory, base + table[layer.taps] + s)
                for t in range(1, layer.reach):
                    more = load(memory, base + table[layer.taps + t] + s)
                    value = plus(value, more) if mean else larger(value, more)
                value = times(value, spread(share, 0)) if mean else value
                store(memory, place + s, clipped(value, floor))


@njit(**_FAST)
def _activate(
    memory: NDArray[Any], layer: Any, table: NDArray[np.int64], rows: tuple[NDArray[Any], ...]
) -> None:  # pragma: no cover - compiled
    """Apply a layer's activation to the lines of its answer."""
    work, bits, scale, series = rows
    for o in range(layer.outs):
        for number in range(layer.count):
            at = layer.out + o * layer.out_plane + table[layer.lines + number]
            activated(memory[at : at + layer.line], layer.activation, work, bits, scale, series)


@njit(**_FAST)
def image_losses(
    total: NDArray[np.float64],
    parts: NDArray[Any],
    place: NDArray[Any],
    program: NDArray[Any],
    table: NDArray[np.int64],
    weights: NDArray[Any],
    target: NDArray[np.int64],
    memory: NDArray[Any],
    scratch: NDArray[Any],
    rows: tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]],
    constants: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Add the sums of cross-entropies of a convolutional network to total (m,).

    Shapes (blocks, k + 1, lines, w) of the first layer's answers, (m, k) of the places, (m, W) of the weights of all
    further layers, (n,) of the target. The first record of the program says where the first answers go and with which
    activation. The numbers are those of the module's argument.
    """
    first, last = program[0], program[len(program) - 1]
    samples = last.run
    start = np.empty(first.outs * first.count, np.int64)
    for o in range(first.outs):
        for number in range(first.count):
            start[o * first.count + number] = first.out + o * first.out_plane + table[first.lines + number]
    work, bits, scale, series = rows
    for block in range(len(parts)):
        labels = target[block * samples : (block + 1) * samples]
        for point in range(len(place)):  # (7)
            floor = spread(constants, 0 if first.activation == 1 else 5)
            affine_lines(memory, start, parts[block], place[point], floor)  # (3)
            for number in range(len(program)):  # (2)
                layer = program[number]
                # Step (6): a floor of minus infinity where there is none.
                floor = spread(constants, 0 if layer.activation == 1 else 5)
                if number:
                    if layer.kind == 0:
                        # Step (4).
                        direct(memory, layer, table, weights[point], floor)
                    elif layer.kind == 1:
                        # Step (5).
                        tiles(memory, layer, table, weights[point], scratch, constants, floor)
                    else:
                        pooled(memory, layer, table, scratch, floor)
                if layer.activation > 1:  # (6)
                    _activate(memory, layer, table, rows)
            size = last.outs * samples
            logits = memory[last.out : last.out + size].reshape(last.outs, samples)
            total[point] += entropies(logits, labels, work[:size], bits[:size], scale[:size], series)
