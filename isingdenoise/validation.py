"""The one door for arguments: every array and number is checked here, once.

Each function returns the checked value in the form the library computes with,
or raises `ParameterError` with the argument's name and the range allowed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import ParameterError

__all__ = [
    "RandomSource",
    "as_array",
    "as_generator",
    "check_choice",
    "check_image",
    "check_int",
    "check_mask",
    "check_picture",
    "check_real",
    "check_span",
]

#: A source of randomness, as `numpy.random.default_rng` takes it.
RandomSource = (
    int
    | Sequence[int]
    | np.random.SeedSequence
    | np.random.BitGenerator
    | np.random.Generator
    | np.random.RandomState
    | None
)

_MAX_SEED = 2**63 - 1
_LONGEST = 200  # characters of a value in a message
#: The least span of a picture: of its largest value, so that float32 has steps well below the
#: noise, and at all, so that the spread of the noise is a number that the models take.
_LEAST_SHARE = 2.0**-20
_LEAST_SPAN = 1e-26


def check_real(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_open: bool = False,
    high_open: bool = False,
) -> float:
    """Return `value` as a finite float within bounds.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : float
        What the caller passed.
    low, high : float
        The bounds.
    low_open, high_open : bool
        Whether a bound itself is outside the range.

    Returns
    -------
    float

    Raises
    ------
    ParameterError
        Not a number, not finite, or out of range.
    """
    if isinstance(value, (bool, np.bool_, str, bytes)):
        raise ParameterError(name, f"must be a number, not {_shown(value)}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(name, f"must be a number, not {_shown(value)}") from None
    above = number > low if low_open else number >= low
    below = number < high if high_open else number <= high
    if not (math.isfinite(number) and above and below):
        left = "(" if low_open or low == -math.inf else "["
        right = ")" if high_open or high == math.inf else "]"
        span = f"in {left}{low:g}, {high:g}{right}"
        if (low, high) == (-math.inf, math.inf):
            span = "finite"
        raise ParameterError(name, f"must be {span}, not {_shown(value)}")
    return number


def check_int(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Return `value` as an int in [low, high]; floats and bools are refused.

    Raises
    ------
    ParameterError
        Not a whole number, or out of range.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = int(value.__index__())
    except (AttributeError, TypeError):
        raise ParameterError(name, f"must be a whole number, not {_shown(value)}") from None
    if number < low or (high is not None and number > high):
        limit = f"at least {low}" if high is None else f"in [{low}, {high}]"
        raise ParameterError(name, f"must be {limit}, not {_shown(value)}")
    return number


def check_switch(name: str, value: Any) -> bool | None:
    """Return `value` if it is True, False or None.

    Raises
    ------
    ParameterError
        It is something else.
    """
    if value is not None and not isinstance(value, (bool, np.bool_)):
        raise ParameterError(name, f"must be True, False or None, not {_shown(value)}")
    return None if value is None else bool(value)


def check_text(name: str, value: Any) -> str | None:
    """Return `value` if it is None or text that is not empty.

    Raises
    ------
    ParameterError
        It is something else.
    """
    if value is not None and (not isinstance(value, str) or not value):
        raise ParameterError(name, f"must be text or None, not {_shown(value)}")
    return value


def store(settings: object, **checked: Any) -> None:
    """Write checked values back into a frozen dataclass, as plain Python values."""
    for name, value in checked.items():
        object.__setattr__(settings, name, value)


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`; the message lists them.

    Raises
    ------
    ParameterError
        It is none of them.
    """
    names = list(choices)
    if not isinstance(value, str) or value not in names:
        raise ParameterError(name, f"must be one of {', '.join(names)}, not {_shown(value)}")
    return value


def check_image(name: str, image: ArrayLike, *, high: float = math.inf) -> NDArray[Any]:
    """Return `image` as a 2-D, non-empty bool, integer or real array in native byte order.

    It comes out contiguous, so that sums over it do not depend on how it lay. Nothing is
    copied unless that or the dtype asks for it: float16 becomes float32, foreign byte order
    becomes native. NaN stays (a missing pixel).

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    image : array_like, shape (H, W)
        The picture.
    high : float
        Largest size of a floating-point value.

    Returns
    -------
    ndarray, shape (H, W)
        bool, integer, float32 or float64.

    Raises
    ------
    ParameterError
        Not two-dimensional, empty, complex, of objects or text, masked, or infinite somewhere.
    """
    array = as_array(name, image)
    if array.ndim != 2:
        hint = "; pass one grey channel" if array.ndim == 3 else ""
        raise ParameterError(name, f"must be two-dimensional, not of shape {array.shape}{hint}")
    if array.size == 0:
        raise ParameterError(name, f"has no pixels (shape {array.shape})")
    if array.dtype.kind not in "biuf":
        raise ParameterError(name, f"must hold bools or real numbers, not {array.dtype}")
    if array.dtype.kind == "f":
        wide = np.float32 if array.dtype.itemsize <= 4 else np.float64
        with np.errstate(over="ignore"):  # what a wider float holds beyond is infinite here
            array = array.astype(wide, copy=False)
        # fmin and fmax pass over NaN, and need no temporary
        largest = max(
            -float(np.fmin.reduce(array, axis=None)), float(np.fmax.reduce(array, axis=None))
        )
        if math.isinf(largest):
            raise ParameterError(name, "holds infinite values; only NaN may mark missing pixels")
        if largest > high:
            raise ParameterError(name, f"holds values beyond {high:g}; scale it down")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def check_picture(
    image: ArrayLike, mask: ArrayLike | None, *, high: float = math.inf
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return a picture as of `check_image` and its mask as of `check_mask`.

    What `numpy.ma` has masked is missing, as if `mask` were False there.

    Raises
    ------
    ParameterError
        As from these two.
    """
    hidden = None
    if isinstance(image, np.ma.MaskedArray):
        hidden = np.ma.getmaskarray(image)
        # what stands under the mask may be anything
        image = image.filled(np.nan) if image.dtype.kind == "f" else np.asarray(image.data)
    x = check_image("image", image, high=high)
    known = check_mask(mask, x.shape)
    if hidden is not None and hidden.any():
        known = ~hidden if known is None else known & ~hidden
    check_span("image", x, known)
    return x, known


def check_span(name: str, x: NDArray[Any], known: NDArray[np.bool_] | None = None) -> None:
    """Refuse a picture of different values that lie too close together to compute with.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    x : ndarray, shape (H, W)
        As from `check_image`; whole numbers of up to 16 bits always do.
    known : ndarray of bool, shape (H, W), optional
        False where a pixel is missing, and its value does not matter.

    Raises
    ------
    ParameterError
        They span less than 2^-20 of the largest, or than 1e-26.
    """
    if x.dtype == np.bool_ or (x.dtype.kind in "iu" and x.dtype.itemsize <= 2):
        return
    where = True if known is None else known
    first = x.flat[0 if known is None else known.argmax()]  # of no known pixel: span 0
    low, high = (
        end.reduce(x, axis=None, where=where, initial=first).item() for end in (np.fmin, np.fmax)
    )
    span, largest = high - low, max(abs(low), abs(high))  # whole numbers of Python: exact
    if 0 < span < _LEAST_SHARE * largest:
        raise ParameterError(
            name,
            f"holds values about {low:g} that differ by {span:g} at most, too little beside "
            "their size; subtract the smallest",
        )
    if 0 < span < _LEAST_SPAN:
        raise ParameterError(
            name, f"holds values that differ by {span:g} at most, too little; scale it up"
        )


def as_array(name: str, value: Any) -> NDArray[Any]:
    """Return what NumPy makes of a value.

    Raises
    ------
    ParameterError
        It makes nothing of it, or would lose a mask; or it is a picture not yet read.
    """
    if isinstance(value, str | bytes | os.PathLike):
        call = f"read_picture({_shown(os.fspath(value))}).pixels"
        raise ParameterError(
            name, f"must be an array, not a file's name; pass {call} of isingdenoise.io"
        )
    if hasattr(value, "pixels"):
        raise ParameterError(name, f"must be an array, not a {type(value).__name__}; pass .pixels")
    if isinstance(value, np.ma.MaskedArray):
        raise ParameterError(name, "must be a plain array, not a masked one; fill it")
    try:
        return np.asarray(value)
    except MemoryError:
        raise
    except Exception as error:  # a ragged list, or an array of another library that refuses
        reason = " ".join(str(error).split())
        raise ParameterError(name, f"cannot be read as an array ({reason})") from None


def check_mask(mask: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return `mask` as a bool array of `shape` (True: observed), or None.

    Raises
    ------
    ParameterError
        Not bool, or of another shape.
    """
    if mask is None:
        return None
    array = as_array("mask", mask)
    if array.dtype != np.bool_:
        raise ParameterError("mask", f"must be of dtype bool, not {array.dtype}")
    if array.shape != shape:
        raise ParameterError("mask", f"has shape {array.shape}, the image has {shape}")
    return np.ascontiguousarray(array)


def as_generator(rng: RandomSource) -> tuple[np.random.Generator, int | None]:
    """Return a generator, and the seed that makes it again where there is one.

    Parameters
    ----------
    rng : None, int, sequence of int, SeedSequence, BitGenerator, Generator or RandomState
        As `numpy.random.default_rng` takes it: a generator is used, and advanced, as it is,
        and so are a bit generator and that of a `RandomState`; an int is a seed; None draws a
        fresh seed from the operating system.

    Returns
    -------
    generator : numpy.random.Generator
    seed : int or None
        None where something else than an int or None was passed.

    Raises
    ------
    ParameterError
        A negative seed, one beyond 2^63 - 1, or something else altogether.
    """
    if isinstance(rng, np.random.Generator):
        return rng, None
    if rng is None:
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
        return np.random.default_rng(seed), seed
    if isinstance(rng, np.bool_ | SupportsIndex) and np.ndim(rng) == 0:
        seed = check_int("rng", rng, low=0, high=_MAX_SEED)
        return np.random.default_rng(seed), seed
    try:
        return np.random.default_rng(rng), None
    except (TypeError, ValueError):
        raise ParameterError(
            "rng",
            "must be None, a seed, several of them, a SeedSequence, BitGenerator, Generator or "
            f"RandomState, not {_shown(rng)}",
        ) from None


def _shown(value: Any) -> str:
    """Return a value as it stands in a message: on one line, and what is long cut."""
    if isinstance(value, (str, bytes)):
        return repr(value[:_LONGEST]) + "..." * (len(value) > _LONGEST)
    try:
        text = " ".join(str(value).split())
    except ValueError:  # a whole number of thousands of digits
        text = f"{type(value).__name__} of too many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
