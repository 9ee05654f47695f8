"""Steepest descent of eight states and the walks of sixty-four at once, written in vector instructions.

A compiler does not vectorise a loop that reads at ``x ^ bit`` by itself. Here eight consecutive states are one vector:
a flip of bit 3 or above moves the whole vector (one load), a flip of bits 0 to 2 permutes its lanes. So the scan over
all neighbours costs one load, one comparison and two selections per neighbour and eight states. A walk downhill is a
chain of loads that each wait for memory; sixty-four of them side by side wait together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = [
    "LANES",
    "ROW",
    "WALKS",
    "below_lanes",
    "descend_lanes",
    "hop_lanes",
    "relax_lanes",
    "relax_rows",
    "walk_lanes",
]

LANES = 8
"""States per vector of energies."""
WALKS = 64
"""Walks side by side: four vectors of sixteen labels."""
ROW = 64
"""Distances, of a byte each, in one vector."""

_DOUBLE, _INT32, _INT64, _BOOL, _BYTE = ir.DoubleType(), ir.IntType(32), ir.IntType(64), ir.IntType(1), ir.IntType(8)
_DOUBLES, _INTS, _BOOLS = (ir.VectorType(kind, LANES) for kind in (_DOUBLE, _INT32, _BOOL))


def _constant(kind: Any, values: Any) -> Any:
    return ir.Constant(kind, values)


def _splat(builder: Any, scalar: Any, kind: Any) -> Any:
    first = builder.insert_element(_constant(kind, ir.Undefined), scalar, _constant(_INT32, 0))
    return builder.shuffle_vector(first, _constant(kind, ir.Undefined), _constant(_INTS, [0] * LANES))


def _address(builder: Any, base: Any, index: Any, kind: Any) -> Any:
    return builder.bitcast(builder.gep(base, [index]), kind.as_pointer())


def _load(builder: Any, base: Any, index: Any) -> Any:
    value = builder.load(_address(builder, base, index, _DOUBLES))
    value.align = 8
    return value


def _store(builder: Any, value: Any, *, base: Any, index: Any) -> None:
    builder.store(value, _address(builder, base, index, value.type)).align = 4 if value.type == _INTS else 8


class _Descent:
    """The running best of a vector of states: lowest neighbour energy, its number, and the sum over neighbours.

    Neighbours are offered in ascending order of their number, so that a strict comparison breaks ties by it.
    """

    def __init__(self, builder: Any, energies: Any, start: Any) -> None:
        self.builder, self.energies, self.start = builder, energies, start
        self.own = _load(builder, energies, start)
        first = _splat(builder, builder.trunc(start, _INT32), _INTS)
        self.state = builder.add(first, _constant(_INTS, list(range(LANES))))
        self.best = cgutils.alloca_once_value(builder, _constant(_DOUBLES, [float("inf")] * LANES))
        self.target = cgutils.alloca_once_value(builder, self.state)
        self.total = cgutils.alloca_once_value(builder, _constant(_DOUBLES, [0.0] * LANES))

    def offer(self, energy: Any, number: Any, *, only: Any = None) -> None:
        """Take a neighbour where it is strictly lower than the best so far."""
        builder = self.builder
        best = builder.load(self.best)
        lower = builder.fcmp_ordered("<", energy, best)
        if only is not None:
            lower = builder.and_(lower, only)
        builder.store(builder.select(lower, energy, best), self.best)
        builder.store(builder.select(lower, number, builder.load(self.target)), self.target)

    def add(self, energy: Any) -> None:
        """Count a neighbour in the sum."""
        self.builder.store(self.builder.fadd(self.builder.load(self.total), energy), self.total)

    def whole_vectors(self, bits: Any, *, from_top: bool) -> None:
        """Offer the flips of the given bits, all of them 3 or above."""
        builder = self.builder
        left = cgutils.alloca_once_value(builder, bits)
        test, body, done = (builder.append_basic_block(name) for name in ("test", "body", "done"))
        builder.branch(test)
        builder.position_at_end(test)
        mask = builder.load(left)
        builder.cbranch(builder.icmp_unsigned("!=", mask, _constant(_INT64, 0)), body, done)
        builder.position_at_end(body)
        if from_top:
            bit = builder.lshr(_constant(_INT64, -(1 << 63)), builder.ctlz(mask, _constant(_BOOL, 1)))
        else:
            bit = builder.and_(mask, builder.neg(mask))
        builder.store(builder.xor(mask, bit), left)
        energy = _load(builder, self.energies, builder.xor(self.start, bit))
        self.offer(energy, builder.xor(self.state, _splat(builder, builder.trunc(bit, _INT32), _INTS)))
        self.add(energy)
        builder.branch(test)
        builder.position_at_end(done)

    def lanes(self) -> None:
        """Offer the flips of bits 2, 1, 0 to lanes that have them set, then of 0, 1, 2 to the others."""
        builder = self.builder
        flips = []
        for bit in range(3):
            order = _constant(_INTS, [lane ^ (1 << bit) for lane in range(LANES)])
            energy = builder.shuffle_vector(self.own, self.own, order)
            number = builder.xor(self.state, _constant(_INTS, [1 << bit] * LANES))
            flips.append((energy, number))
            self.add(energy)
        for bit, wanted in ((2, 1), (1, 1), (0, 1), (0, 0), (1, 0), (2, 0)):
            only = _constant(_BOOLS, [int((lane >> bit) & 1 == wanted) for lane in range(LANES)])
            self.offer(*flips[bit], only=only)

    def complement(self, mask: Any) -> None:
        """Offer the flip of all bits: the fixed spin's move once the global flip is divided out."""
        builder = self.builder
        base = builder.sub(builder.xor(self.start, mask), _constant(_INT64, LANES - 1))
        mirrored = _load(builder, self.energies, base)
        energy = builder.shuffle_vector(mirrored, mirrored, _constant(_INTS, list(range(LANES))[::-1]))
        number = builder.xor(self.state, _splat(builder, builder.trunc(mask, _INT32), _INTS))
        best, target = builder.load(self.best), builder.load(self.target)
        tied = builder.and_(builder.fcmp_ordered("==", energy, best), builder.icmp_unsigned("<", number, target))
        lower = builder.or_(builder.fcmp_ordered("<", energy, best), tied)
        builder.store(builder.select(lower, energy, best), self.best)
        builder.store(builder.select(lower, number, target), self.target)
        self.add(energy)


def _write_moments(step: _Descent, sums: Any, *, moves: Any, shift: Any) -> None:
    builder = step.builder
    own = builder.fsub(step.own, _splat(builder, shift, _DOUBLES))
    offset = builder.fmul(builder.sitofp(moves, _DOUBLE), shift)
    around = builder.fsub(builder.load(step.total), _splat(builder, offset, _DOUBLES))
    for row, value in enumerate((own, builder.fmul(own, own), builder.fmul(own, around))):
        index = _constant(_INT64, row * LANES)
        _store(builder, builder.fadd(_load(builder, sums, index), value), base=sums, index=index)


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    kinds = signature.args
    data = [
        context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
        for kind, value in zip(kinds, arguments, strict=True)
    ]
    energies, start, bits, flip, label, shift, sums = data
    one = _constant(_INT64, 1)
    mask = builder.sub(builder.shl(one, bits), one)
    high = builder.and_(mask, _constant(_INT64, ~(LANES - 1)))
    step = _Descent(builder, energies, start)
    step.whole_vectors(builder.and_(start, high), from_top=True)
    step.lanes()
    step.whole_vectors(builder.and_(builder.not_(start), high), from_top=False)
    with builder.if_then(builder.icmp_signed("!=", flip, _constant(_INT64, 0))):
        step.complement(mask)
    best = builder.load(step.best)
    moved = builder.select(builder.fcmp_ordered("<", best, step.own), builder.load(step.target), step.state)
    _store(builder, builder.not_(moved), base=label, index=start)
    _write_moments(step, sums, moves=builder.add(bits, flip), shift=shift)
    strict = builder.zext(builder.bitcast(builder.fcmp_ordered(">", best, step.own), _BYTE), _INT64)
    neutral = builder.zext(builder.bitcast(builder.fcmp_ordered("==", best, step.own), _BYTE), _INT64)
    return builder.or_(strict, builder.shl(neutral, _constant(_INT64, LANES)))


@intrinsic
def descend_lanes(
    typing: Any, energies: Any, start: Any, bits: Any, flip: Any, label: Any, shift: Any, sums: Any
) -> tuple[Any, Callable[..., Any]]:
    """Find the lowest neighbour of states ``start ... start + 7``, ``start`` a multiple of 8, ``bits`` >= 3.

    Writes ``~target`` into the eight labels, where target is the lowest neighbour's number (ties: the smallest
    number) if it is
    strictly lower, else the state's own number. Adds (E - shift), (E - shift)^2 and (E - shift) * sum over neighbours
    (E' - shift) to the three rows of eight in `sums`. Returns bits 0-7: states all of whose neighbours are higher;
    bits 8-15: states without a lower neighbour but with an equal one.
    """
    signature = types.int64(energies, types.int64, types.int64, types.int64, label, types.float64, sums)
    return signature, _generate


_SIXTEEN, _WIDE, _FLAGS = (ir.VectorType(kind, 16) for kind in (_INT32, _INT64, _BOOL))


def _gather(builder: Any, base: Any, *, index: Any, active: Any, otherwise: Any) -> Any:
    """Load sixteen labels at scattered places where `active`."""
    pointer = _INT32.as_pointer()
    suffix = "p0" if str(pointer) == "ptr" else "p0i32"
    places = ir.VectorType(pointer, 16)
    load = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(_SIXTEEN, [places, _INT32, _FLAGS, _SIXTEEN]),
        f"llvm.masked.gather.v16i32.v16{suffix}",
    )
    origin = builder.insert_element(
        _constant(_WIDE, ir.Undefined), builder.ptrtoint(base, _INT64), _constant(_INT32, 0)
    )
    origin = builder.shuffle_vector(origin, _constant(_WIDE, ir.Undefined), _constant(_SIXTEEN, [0] * 16))
    address = builder.add(origin, builder.shl(builder.zext(index, _WIDE), _constant(_WIDE, [2] * 16)))
    return builder.call(load, [builder.inttoptr(address, places), _constant(_INT32, 4), active, otherwise])


def _generate_walk(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    label = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    zero = _constant(_SIXTEEN, [0] * 16)
    walks = []
    for first in range(0, WALKS, 16):
        place = _address(builder, label, builder.add(arguments[1], _constant(_INT64, first)), _SIXTEEN)
        value = builder.load(place)
        value.align = 4
        walks.append((place, cgutils.alloca_once_value(builder, value)))
    step, done = builder.append_basic_block("step"), builder.append_basic_block("arrived")
    builder.branch(step)
    builder.position_at_end(step)
    walking = _constant(_FLAGS, [0] * 16)
    for _, slot in walks:
        value = builder.load(slot)
        active = builder.icmp_signed("<", value, zero)
        after = _gather(builder, label, index=builder.not_(value), active=active, otherwise=value)
        builder.store(after, slot)
        walking = builder.or_(walking, builder.icmp_signed("<", after, zero))
    some = builder.icmp_unsigned("!=", builder.bitcast(walking, ir.IntType(16)), ir.Constant(ir.IntType(16), 0))
    builder.cbranch(some, step, done)
    builder.position_at_end(done)
    for place, slot in walks:
        builder.store(builder.load(slot), place).align = 4
    return context.get_dummy_value()


def _generate_hop(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    label = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    _, start, first, last = arguments
    place = _address(builder, label, start, _SIXTEEN)
    value = builder.load(place)
    value.align = 4
    target = builder.not_(value)
    low, high = (_splat_int(builder, bound) for bound in (first, last))
    near = builder.and_(builder.icmp_signed(">=", target, low), builder.icmp_signed("<", target, high))
    builder.store(_gather(builder, label, index=target, active=near, otherwise=value), place).align = 4
    return context.get_dummy_value()


def _splat_int(builder: Any, number: Any) -> Any:
    scalar = builder.insert_element(
        _constant(_SIXTEEN, ir.Undefined), builder.trunc(number, _INT32), _constant(_INT32, 0)
    )
    return builder.shuffle_vector(scalar, _constant(_SIXTEEN, ir.Undefined), _constant(_SIXTEEN, [0] * 16))


@intrinsic
def hop_lanes(typing: Any, label: Any, start: Any, first: Any, last: Any) -> tuple[Any, Callable[..., Any]]:
    """Let labels ``start ... start + 15`` that point within ``first ... last - 1`` take over what they point to."""
    return types.void(label, types.int64, types.int64, types.int64), _generate_hop


@intrinsic
def walk_lanes(typing: Any, label: Any, start: Any) -> tuple[Any, Callable[..., Any]]:
    """Follow the pointers of labels ``start ... start + 63`` until all of them are the numbers of minima."""
    return types.void(label, types.int64), _generate_walk


_ROW_BYTES = ir.VectorType(_BYTE, ROW)


def _row(builder: Any, base: Any, index: Any) -> tuple[Any, Any]:
    place = _address(builder, base, index, _ROW_BYTES)
    value = builder.load(place)
    value.align = 1
    return place, value


def _nearer(builder: Any, here: Any, there: Any) -> Any:
    beside = builder.add(there, _constant(_ROW_BYTES, [1] * ROW))
    return builder.select(builder.icmp_unsigned("<", beside, here), beside, here)


def _generate_relax(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    base = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    place, row = _row(builder, base, arguments[1])
    for bit in range(6):
        order = _constant(ir.VectorType(_INT32, ROW), [lane ^ (1 << bit) for lane in range(ROW)])
        row = _nearer(builder, row, builder.shuffle_vector(row, row, order))
    builder.store(row, place).align = 1
    return context.get_dummy_value()


def _generate_relax_rows(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    base = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    (here, one), (there, two) = (_row(builder, base, index) for index in arguments[1:])
    builder.store(_nearer(builder, one, two), here).align = 1
    builder.store(_nearer(builder, two, one), there).align = 1
    return context.get_dummy_value()


@intrinsic
def relax_lanes(typing: Any, distance: Any, start: Any) -> tuple[Any, Callable[..., Any]]:
    """Spread distances among 64 bytes over their six lowest bits: each becomes at most one more than a neighbour's."""
    return types.void(distance, types.int64), _generate_relax


@intrinsic
def relax_rows(typing: Any, distance: Any, first: Any, second: Any) -> tuple[Any, Callable[..., Any]]:
    """Spread distances between two rows of 64 bytes that differ in one higher bit."""
    return types.void(distance, types.int64, types.int64), _generate_relax_rows


def _generate_below(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    energies = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    _, start, above, upto = arguments
    own = _load(builder, energies, start)
    higher = builder.fcmp_ordered(">", own, _splat(builder, above, _DOUBLES))
    lower = builder.fcmp_ordered("<=", own, _splat(builder, upto, _DOUBLES))
    return builder.zext(builder.bitcast(builder.and_(higher, lower), _BYTE), _INT64)


@intrinsic
def below_lanes(typing: Any, energies: Any, start: Any, above: Any, upto: Any) -> tuple[Any, Callable[..., Any]]:
    """Return which of states ``start ... start + 7`` have above < E <= upto, a bit each."""
    return types.int64(energies, types.int64, types.float64, types.float64), _generate_below
