"""One spin of sixty-four replicas at once, written in vector instructions.

Spins are rows of sixty-four floats, +1 or -1, one row a spin. The field on a spin is summed in registers over its
neighbours' rows, and the replicas then decide by themselves, each with random bits of its own, whether to flip it. A
compiler would keep the sums in memory and check at every neighbour whether rows overlap; written out, a neighbour costs
one load and one multiplication with addition for each register.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["REPLICAS", "decide", "sum_pairs", "sum_terms"]

REPLICAS = 64
"""Replicas in one group: rows of 256 bytes."""
_WIDTH = 16
_CHUNKS = REPLICAS // _WIDTH

_FLOAT, _INT32, _INT64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_FLOATS, _INTS = ir.VectorType(_FLOAT, _WIDTH), ir.VectorType(_INT32, _WIDTH)
_LONGS = ir.VectorType(_INT64, _WIDTH // 2)
_DOUBLES = ir.VectorType(ir.DoubleType(), _WIDTH)
_FLAGS = ("contract",)

_EXP2 = tuple(math.log(2.0) ** k / math.factorial(k) for k in range(8))
"""2^f on [-1/2, 1/2] by its Taylor series to order 6: relative error below 2e-7, that of a float."""
_ROUND = 12582912.0
_COLDEST = -126.0
"""Exponent of the smallest normal float; moves less likely than 2^-31 are never made (see `decide`)."""


def _floats(value: float) -> Any:
    return ir.Constant(_FLOATS, [value] * _WIDTH)


def _splat(builder: Any, scalar: Any) -> Any:
    kind = ir.VectorType(scalar.type, _WIDTH)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), ir.Constant(_INTS, [0] * _WIDTH))


def _in(builder: Any, kind: Any, floats: Any) -> Any:
    return floats if kind is _FLOATS else builder.fpext(floats, kind)


def _place(builder: Any, base: Any, index: Any, kind: Any) -> Any:
    return builder.bitcast(builder.gep(base, [index]), kind.as_pointer())


def _load(builder: Any, base: Any, index: Any, kind: Any) -> Any:
    value = builder.load(_place(builder, base, index, kind))
    value.align = 4 if kind is not _LONGS else 8
    return value


def _store(builder: Any, value: Any, *, base: Any, index: Any) -> None:
    builder.store(value, _place(builder, base, index, value.type)).align = 4 if value.type != _LONGS else 8


def _element(builder: Any, base: Any, index: Any) -> Any:
    return builder.load(builder.gep(base, [index]))


def _long(value: int) -> Any:
    return ir.Constant(_INT64, value)


def _row(builder: Any, number: Any) -> Any:
    return builder.mul(number, _long(REPLICAS))


def _data(context: Any, builder: Any, signature: Any, arguments: Any, count: int) -> list[Any]:
    return [
        context.make_array(signature.args[place])(context, builder, arguments[place]).data for place in range(count)
    ]


def _put(builder: Any, sums: list[Any], field: Any) -> None:
    for chunk, total in enumerate(sums):
        value = builder.load(total)
        if value.type != _FLOATS:
            value = builder.fptrunc(value, _FLOATS)
        _store(builder, value, base=field, index=_long(chunk * _WIDTH))


def _generate_pairs(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    spins, neighbours, couplings, field = _data(context, builder, signature, arguments, 4)
    start, stop, bias = arguments[4:7]
    kind = _FLOATS if signature.args[2].dtype == types.float32 else _DOUBLES
    sums = [cgutils.alloca_once(builder, kind) for _ in range(_CHUNKS)]
    for total in sums:
        builder.store(_splat(builder, bias), total)
    with cgutils.for_range_slice(builder, start, stop, _long(1)) as (place, _):
        row = _row(builder, builder.zext(_element(builder, neighbours, place), _INT64))
        coupling = _splat(builder, _element(builder, couplings, place))
        for chunk, total in enumerate(sums):
            spin = _in(builder, kind, _load(builder, spins, builder.add(row, _long(chunk * _WIDTH)), _FLOATS))
            product = builder.fmul(coupling, spin, flags=_FLAGS)
            builder.store(builder.fadd(builder.load(total), product, flags=_FLAGS), total)
    _put(builder, sums, field)
    return context.get_dummy_value()


@intrinsic
def sum_pairs(
    typing: Any, spins: Any, neighbours: Any, couplings: Any, field: Any, start: Any, stop: Any, bias: Any
) -> tuple[Any, Callable[..., Any]]:
    """Write ``bias + sum_k c_k s_(j_k)``, k from start to stop, of every replica into `field`.

    Sums are of the couplings' type, floats or doubles; `bias` is too, and `field` is of floats.
    """
    signature = types.void(spins, neighbours, couplings, field, types.int64, types.int64, couplings.dtype)
    return signature, _generate_pairs


def _generate_terms(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    spins, others, coefficients, field = _data(context, builder, signature, arguments, 4)
    width, start, stop = arguments[4:7]
    kind = _FLOATS if signature.args[2].dtype == types.float32 else _DOUBLES
    sums = [cgutils.alloca_once(builder, kind) for _ in range(_CHUNKS)]
    products = [cgutils.alloca_once(builder, kind) for _ in range(_CHUNKS)]
    for chunk, total in enumerate(sums):
        builder.store(_in(builder, kind, _load(builder, field, _long(chunk * _WIDTH), _FLOATS)), total)
    with cgutils.for_range_slice(builder, start, stop, _long(1)) as (term, _):
        coefficient = _splat(builder, _element(builder, coefficients, term))
        for product in products:
            builder.store(coefficient, product)
        first = builder.mul(term, width)
        with cgutils.for_range_slice(builder, first, builder.add(first, width), _long(1)) as (place, _):
            row = _row(builder, builder.zext(_element(builder, others, place), _INT64))
            for chunk, product in enumerate(products):
                spin = _in(builder, kind, _load(builder, spins, builder.add(row, _long(chunk * _WIDTH)), _FLOATS))
                builder.store(builder.fmul(builder.load(product), spin, flags=_FLAGS), product)
        for total, product in zip(sums, products, strict=True):
            builder.store(builder.fadd(builder.load(total), builder.load(product), flags=_FLAGS), total)
    _put(builder, sums, field)
    return context.get_dummy_value()


@intrinsic
def sum_terms(
    typing: Any, spins: Any, others: Any, coefficients: Any, field: Any, width: Any, start: Any, stop: Any
) -> tuple[Any, Callable[..., Any]]:
    """Add ``sum_t c_t prod_k s_(others[t, k])``, t from start to stop, k below width, to `field`."""
    return types.void(spins, others, coefficients, field, types.int64, types.int64, types.int64), _generate_terms


def _shift(builder: Any, value: Any, by: int, *, left: bool = False) -> Any:
    amount = ir.Constant(value.type, [by] * value.type.count)
    return builder.shl(value, amount) if left else builder.lshr(value, amount)


def _random_bits(builder: Any, generator: Any, chunk: int) -> Any:
    """Sixteen words of 32 random bits: xorshift128+ in eight 64-bit lanes (Vigna, J. Comput. Appl. Math. 315, 2017)."""
    near, far = _long(chunk * _WIDTH // 2), _long(REPLICAS // 2 + chunk * _WIDTH // 2)
    first, second = _load(builder, generator, near, _LONGS), _load(builder, generator, far, _LONGS)
    _store(builder, second, base=generator, index=near)
    mixed = builder.xor(first, _shift(builder, first, 23, left=True))
    mixed = builder.xor(builder.xor(mixed, second), builder.xor(_shift(builder, mixed, 18), _shift(builder, second, 5)))
    _store(builder, mixed, base=generator, index=far)
    return builder.bitcast(builder.add(mixed, second), _INTS)


def _exp2(builder: Any, exponent: Any) -> Any:
    """2^(31 + x), for x from -126 to 0."""
    # Adding 3 * 2^22 rounds to a whole number and leaves it in the lowest bits.
    shifted = builder.fadd(exponent, _floats(_ROUND))
    part = builder.fsub(exponent, builder.fsub(shifted, _floats(_ROUND)))
    value = _floats(_EXP2[6])
    for order in range(5, -1, -1):
        value = builder.fadd(builder.fmul(value, part, flags=_FLAGS), _floats(_EXP2[order]), flags=_FLAGS)
    power = builder.add(builder.bitcast(shifted, _INTS), ir.Constant(_INTS, [31] * _WIDTH))
    return builder.bitcast(builder.add(builder.bitcast(value, _INTS), _shift(builder, power, 23, left=True)), _FLOATS)


def _generate_decide(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    spins, field, rate, offset, generator, change = _data(context, builder, signature, arguments, 6)
    row = _row(builder, arguments[6])
    zero, coldest = _floats(0.0), _floats(_COLDEST)
    for chunk in range(_CHUNKS):
        here, at = _long(chunk * _WIDTH), builder.add(row, _long(chunk * _WIDTH))
        spin = _load(builder, spins, at, _FLOATS)
        gain = builder.fmul(spin, _load(builder, field, here, _FLOATS))
        exponent = builder.fadd(
            builder.fmul(gain, _load(builder, rate, here, _FLOATS), flags=_FLAGS),
            _load(builder, offset, here, _FLOATS),
            flags=_FLAGS,
        )
        exponent = builder.select(builder.fcmp_ordered("<", exponent, zero), exponent, zero)
        exponent = builder.select(builder.fcmp_ordered(">", exponent, coldest), exponent, coldest)
        bits = _shift(builder, _random_bits(builder, generator, chunk), 1)
        # At least 1 of 2^31, so that what has no chance is never done; at most 2^31, so that what is certain is.
        dice = builder.sitofp(builder.or_(bits, ir.Constant(_INTS, [1] * _WIDTH)), _FLOATS)
        flips = builder.fcmp_ordered("<=", dice, _exp2(builder, exponent))
        sign = builder.select(flips, ir.Constant(_INTS, [-(1 << 31)] * _WIDTH), ir.Constant(_INTS, [0] * _WIDTH))
        _store(builder, builder.bitcast(builder.xor(builder.bitcast(spin, _INTS), sign), _FLOATS), base=spins, index=at)
        total = builder.fsub(_load(builder, change, here, _FLOATS), builder.select(flips, gain, zero))
        _store(builder, total, base=change, index=here)
    return context.get_dummy_value()


@intrinsic
def decide(
    typing: Any, spins: Any, field: Any, rate: Any, offset: Any, generator: Any, change: Any, spin: Any
) -> tuple[Any, Callable[..., Any]]:
    """Flip a spin of each replica with probability ``min(1, 2^(rate s field + offset))``.

    With ``rate = 2 / (T ln 2)`` and no offset this is Metropolis's rule for an energy ``E = field s``; with a huge
    rate and an offset of -200 it flips where that lowers the energy, and never else. Half of the energy won is taken
    off `change`. Probabilities are whole multiples of 2^-31 and exact to 3e-7 of themselves.
    """
    return types.void(spins, field, rate, offset, generator, change, types.int64), _generate_decide
