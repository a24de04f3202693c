"""Vectors of float32 that a kernel keeps in registers: load, store, multiply-add.

LLVM vectorises a loop over pixels, but then keeps no sums in registers from one input
channel to the next, and a convolution is bound by loads and stores. These few
instructions let a kernel say what stays in registers; LLVM fits them to the machine.
Without the compiler they work on short NumPy arrays.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import types
from numba.extending import intrinsic, models, register_model

_config: Any = numba.config  # its settings are made at run time

#: Numbers in a vector: one register of AVX-512, two of AVX2, four of NEON or SSE.
LANES = 16


class _Vector(types.Type):
    """`LANES` numbers of 32 bits."""

    def __init__(self) -> None:
        super().__init__(name=f"float32x{LANES}")


vector = _Vector()
_VALUE = ir.VectorType(ir.FloatType(), LANES)


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VALUE)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Return the address of an element of a contiguous one-dimensional array."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VALUE.as_pointer())


@intrinsic
def _load(typing: Any, array: Any, index: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args)
        return builder.load(address, align=4)

    return vector(array, types.intp), build


@intrinsic
def _store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], address, align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), build


@intrinsic
def _prefetch(typing: Any, array: Any, index: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.bitcast(builder.gep(data, [args[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = builder.module.declare_intrinsic("llvm.prefetch.p0", fnty=kind)
        builder.call(call, [address, number(0), number(2), number(1)])  # to read, second level
        return context.get_dummy_value()

    return types.void(array, types.intp), build


@intrinsic
def _spread(typing: Any, number: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        undefined = ir.Constant(_VALUE, ir.Undefined)
        first = builder.insert_element(undefined, args[0], ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(first, undefined, mask)

    return vector(types.float32), build


@intrinsic
def _multiply_add(typing: Any, a: Any, b: Any, c: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_VALUE, [_VALUE] * 3)
        name = f"llvm.fma.v{LANES}f32"
        return builder.call(builder.module.declare_intrinsic(name, fnty=kind), args)

    return vector(vector, vector, vector), build


def _two(operation: Any) -> Any:
    """Return the intrinsic of an operation on two vectors."""

    def typed(typing: Any, a: Any, b: Any) -> Any:
        def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return operation(builder, *args)

        return vector(vector, vector), build

    return intrinsic(typed)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def _picked(lanes: Any) -> Any:
    """Return the intrinsic that makes a vector of the numbers at `lanes` of two vectors."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(lanes))
    return _two(lambda builder, a, b: builder.shuffle_vector(a, b, mask))


_evens = _picked(range(0, 2 * LANES, 2))
_odds = _picked(range(1, 2 * LANES, 2))
_mixed_low = _picked(k // 2 + LANES * (k % 2) for k in range(LANES))
_mixed_high = _picked((k + LANES) // 2 + LANES * (k % 2) for k in range(LANES))
_add = _two(lambda builder, a, b: builder.fadd(a, b))
_subtract = _two(lambda builder, a, b: builder.fsub(a, b))
_maximum = _two(_larger)


class _Slow:
    """The same operations on NumPy arrays, for kernels that are not compiled."""

    @staticmethod
    def load(array: Any, index: Any) -> Any:
        return array[index : index + LANES].copy()

    @staticmethod
    def store(array: Any, index: Any, value: Any) -> None:
        array[index : index + LANES] = value

    @staticmethod
    def prefetch(array: Any, index: Any) -> None:
        pass

    @staticmethod
    def spread(number: Any) -> Any:
        return np.full(LANES, number, np.float32)

    @staticmethod
    def multiply_add(a: Any, b: Any, c: Any) -> Any:
        return a * b + c

    @staticmethod
    def evens(a: Any, b: Any) -> Any:
        return np.concatenate((a, b))[::2]

    @staticmethod
    def odds(a: Any, b: Any) -> Any:
        return np.concatenate((a, b))[1::2]

    @staticmethod
    def mixed_low(a: Any, b: Any) -> Any:
        return np.stack((a, b), 1).reshape(-1)[:LANES]

    @staticmethod
    def mixed_high(a: Any, b: Any) -> Any:
        return np.stack((a, b), 1).reshape(-1)[LANES:]


def _chosen(compiled: Any, slow: Any) -> Any:
    """Return the version that goes with whether kernels are compiled."""
    return slow if _config.DISABLE_JIT else compiled


#: load(array, index): the vector that begins at an index of a contiguous array, shape (n,).
load = _chosen(_load, _Slow.load)
#: store(array, index, value): write a vector to there.
store = _chosen(_store, _Slow.store)
#: prefetch(array, index): have the cache line fetched that will be needed soon.
prefetch = _chosen(_prefetch, _Slow.prefetch)
#: spread(number): a vector of one number.
spread = _chosen(_spread, _Slow.spread)
#: multiply_add(a, b, c): a b + c, rounded once where the machine can.
multiply_add = _chosen(_multiply_add, _Slow.multiply_add)
#: add(a, b), subtract(a, b), maximum(a, b): number by number.
add = _chosen(_add, np.add)
subtract = _chosen(_subtract, np.subtract)
maximum = _chosen(_maximum, np.maximum)
#: evens(a, b), odds(a, b): every other number of two vectors, from the first or second on.
evens = _chosen(_evens, _Slow.evens)
odds = _chosen(_odds, _Slow.odds)
#: mixed_low(a, b), mixed_high(a, b): the numbers of the first or second halves, in turn.
mixed_low = _chosen(_mixed_low, _Slow.mixed_low)
mixed_high = _chosen(_mixed_high, _Slow.mixed_high)
