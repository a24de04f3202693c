"""How much memory cleaning a picture takes, told before the work."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .api import resolve_engine
from .coupling import Coupling
from .inference import AUTO_PRIOR, Engine, engines_under
from .learning import AUTO, DETECT, Estimate
from .noise import NoiseModel, NoiseSpec
from .validation import check_int

__all__ = ["memory_to_denoise"]

# Bytes. Measured with tracemalloc over pictures of 0.05 to 64 million pixels; what is
# worked on in bands or windows no longer grows with the picture.
_KERNELS = 128 << 20  # numba and the compiled kernels, once for the process
_MAPPED = 450 << 20  # the same where addresses are limited (`ulimit -v`), used or not
_BAND, _IN_BAND, _LEFT = 1 << 16, 50, 29  # likelihoods: in a band, and left of the one before
_LOOKED_UP, _LEFT_UP = 18, 10  # the same of pictures of at most 256 values
_PART, _IN_PART = 1 << 18, 40  # probabilities
_SAMPLE = 1 << 18  # grey values drawn of float pictures
_STATISTICS = 314_000  # pixels from which the noise is guessed
_ONE_WINDOW, _WINDOWS = (1 << 17) * 3 // 2, 1 << 17  # pixels from which the coupling is found


def memory_to_denoise(
    pixels: int,
    engine: str | Engine | tuple[Engine, Engine] | None = None,
    *,
    prior: str | os.PathLike[str] = AUTO_PRIOR,
    noise: str | NoiseModel | NoiseSpec = AUTO,
    coupling: str | float | Coupling | Estimate = AUTO,
    background: str | ArrayLike | None = DETECT,
    dtype: DTypeLike = np.uint8,
    probability: bool = True,
) -> int:
    """Estimate the memory that `denoise` takes at its peak, beyond the picture itself.

    A mask of the caller's own is not counted in.

    Parameters
    ----------
    pixels : int
        Height x width.
    engine, prior, noise, coupling, background
        As for `denoise`. Names and "auto" mean estimates, which take memory too.
    dtype : data type, default uint8
        Of the picture.
    probability : bool, default True
        Whether the result's `probability` will be asked for.

    Returns
    -------
    int
        Bytes: at least what is taken, and rarely more than 1.3 times as much. What numba
        and its kernels take once in a process is part of it: it is the answer for no pixels.

    Raises
    ------
    ParameterError
        `pixels` is negative, or `engine` unknown.

    Examples
    --------
    >>> memory_to_denoise(10**8, "icm") < memory_to_denoise(10**8, "mf") < 10**10
    True
    """
    n = check_int("pixels", pixels, low=0)
    solvers = engines_under(resolve_engine(engine), prior)
    kind = np.dtype(dtype)
    name = noise if isinstance(noise, str) else getattr(noise, "name", None)
    detected = isinstance(background, str) and background == DETECT
    divided = background is not None and kind != np.bool_ and not (detected and name != AUTO)
    light, both = (4, 8) if divided else (0, 0)  # the light, and with it the picture divided by it
    seen = np.dtype(np.float32) if divided else kind
    first, second = min(n, _BAND), min(max(n - _BAND, 0), _BAND)
    few = seen in (np.dtype(np.bool_), np.dtype(np.uint8))
    each = _LOOKED_UP if few else _IN_BAND + seen.itemsize  # a mask copies the picture's band
    left = _LEFT_UP if few else _LEFT
    bands = max(each * first, (left * first + each * second) if second else 0)
    calibrated = isinstance(coupling, (str, Estimate)) and any(
        solver.traits.factorised or solver.traits.learned for solver in solvers
    )
    part = _IN_PART * min(n, _PART) if calibrated else 0
    stages = [
        (4 + both) * n + bands,
        (13.2 + light) * n,
        max(solver.footprint(n) for solver in solvers) + (light + _edges(coupling)) * n,
    ]
    if probability and any(solver.traits.marginals for solver in solvers):
        stages.append((14.6 + light) * n + part)
    if isinstance(noise, (str, NoiseSpec)):
        stages.append(both * n + _noise(n, str(name), seen))
    if isinstance(coupling, str):
        stages.append(both * n + 132 * _window(n))
    return int(max(stages)) + _kernels()


def _edges(coupling: str | float | Coupling | Estimate) -> int:
    """Return the bytes a pixel that the strengths of single edges take beside the caller's own."""
    if isinstance(coupling, Coupling) and coupling.shape is not None:
        return 4 * len(coupling.planes) + 4  # and while they are packed
    return 0


def _noise(n: int, noise: str, dtype: np.dtype[Any]) -> float:
    """Return the bytes that estimating the parameters of the noise takes."""
    whole = 0 if dtype == np.bool_ else 1 + dtype.itemsize
    each = 74 if dtype.kind in "iu" else 59
    guess = whole * n + each * min(n, _STATISTICS)
    if noise != AUTO:
        return guess
    floats = 62 * min(n, _SAMPLE) if dtype.kind == "f" else 0
    kept = 0 if dtype == np.bool_ else 38 * _window(n)  # of grey pictures, by each model tried
    return max(guess + kept, 122 * _window(n) + floats)


def _window(n: int) -> int:
    """Return how many pixels the estimate of the coupling looks at."""
    return n if n <= _ONE_WINDOW else _WINDOWS


def _kernels() -> int:
    """Return what numba and the kernels take: LLVM ends the process where it gets too little."""
    with contextlib.suppress(ImportError):
        import resource

        if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
            return 0 if "numba" in sys.modules else _MAPPED
    return _KERNELS
