"""The call of a compiled kernel from compiled loops (see `spinfunnel.moves.differentiable.Kernel`)."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["SIGNATURE", "call"]

_POINTER = types.CPointer(types.float64)
SIGNATURE = types.float64(types.intp, _POINTER, _POINTER, _POINTER, _POINTER)
"""Signature of a kernel's functions, for `numba.cfunc`."""


@intrinsic
def call(typingctx: Any, address: Any, x: Any, parameters: Any, out: Any, work: Any) -> Any:  # noqa: ARG001
    """Energy that the function at an address returns for contiguous arrays; what it writes goes into `out`.

    An intrinsic, since Numba's own first-class functions cost 0.2 us a call, as much as thirteen atoms.
    """
    arrays = (x, parameters, out, work)
    signature = types.float64(types.intp, *arrays)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        double = ir.DoubleType()
        word = context.get_value_type(types.intp)
        function = ir.FunctionType(double, [word] + [double.as_pointer()] * 4)
        found = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[1:], values[1:], strict=True)
        ]
        size = builder.extract_value(found[0].shape, 0)
        target = builder.inttoptr(values[0], function.as_pointer())
        return builder.call(target, [size, *[array.data for array in found]])

    return signature, generate
