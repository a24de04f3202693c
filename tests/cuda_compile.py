"""Run as a program: compiles every kernel for cards of one generation, without a card.

    python tests/cuda_compile.py 9.0

It prints, as JSON, for each kernel the length of its PTX, how many functions it calls, and how
much memory of a thread's own it wants; or why there is no compiler.
"""

import json
import sys
from types import SimpleNamespace

NO_COMPILER = 3


def types_of(types, uniform):
    """Return for each kernel the types that `CudaLattice` launches it with."""
    whole, single, double = types.int64, types.float32, types.float64
    words, two = types.UniTuple(types.uint32, 2), types.UniTuple(whole, 2)
    means, labels = types.Array(single, 3, "C"), types.Array(types.int8, 3, "C")
    where = (two, types.UniTuple(whole, 4), whole)  # shape, planes, how many
    strengths = types.UniTuple(single, 4) if uniform else types.Array(single, 4, "C")
    bits, sums = types.Array(types.int32, 1, "C"), types.Array(double, 1, "C")
    return {
        "mean_field": [
            (means, means, means, *where, strengths, single, single, whole, whole, bits, sums)
        ],
        "look": [(means, means, *where, strengths, whole, bits, sums)],
        "objective": [
            (spins, means, *where, strengths, whole, whole, sums) for spins in (means, labels)
        ],
        "icm": [(labels, means, *where, strengths, whole, sums, sums)],
        "gibbs": [(labels, means, means, *where, strengths, single, words, words)],
    }


def types_of_copies(types):
    """Return the same of the kernels of `planes`."""
    whole, single = types.int64, types.float32
    means, labels = types.Array(single, 3, "C"), types.Array(types.int8, 3, "C")
    flat, flat_labels = types.Array(single, 1, "C"), types.Array(types.int8, 1, "C")
    strip, strange = types.Array(single, 2, "C"), types.Array(types.int32, 1, "C")
    return {
        "zero": [(flat,), (flat_labels,)],
        "pack": [(strip, whole, single, single, means, strange)],
        "pack_signs": [(strip, whole, labels, strange)],
        "unpack": [(means, whole, strip), (labels, whole, types.Array(types.int8, 2, "C"))],
        "signs": [(means, types.UniTuple(whole, 2), labels)],
        "fold": [(flat, flat, single, single)],
        "clip": [(flat,)],
        "add": [(flat, flat_labels)],
    }


def main(generation):
    """Compile all; return the exit code."""
    from numba import cuda, types
    from numba.cuda import dispatcher

    from isingdenoise._kernels.cuda import planes, sweeps
    from isingdenoise.backends.cuda.failures import failure

    cc = tuple(int(part) for part in generation.split("."))
    # functions ask the card at hand for what it is; here is none
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=cc)
    homes = [("", planes, types_of_copies(types))]
    for kind in ((True, 4), (True, 8), (False, 4), (False, 8)):
        homes.append((f"{kind} ", sweeps.kernels_for(*kind), types_of(types, kind[0])))
    found = {}
    for kind, home, wanted in homes:
        for name, number, signature in listed(wanted):
            try:
                ptx, _ = cuda.compile_ptx(getattr(home, name).py_func, signature, cc=cc)
            except Exception as error:
                said = failure(error, (1, 1)) or ""
                if "compiler" not in said:
                    raise
                sys.stdout.write(said)
                return NO_COMPILER
            found[f"{kind}{name} {number}"] = {
                "length": len(ptx),
                "target": f".target sm_{cc[0]}{cc[1]}" in ptx,
                "calls": ptx.count("call.uni"),
                "local": ptx.count(".local"),
            }
    sys.stdout.write(json.dumps(found))
    return 0


def listed(wanted):
    """Yield (name, number, signature) of all that is wanted."""
    for name, several in wanted.items():
        for number, signature in enumerate(several):
            yield name, number, signature


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
