"""Where the scale of a picture ends, and the smallest spread worth telling from none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...messages import warn
from ..pixels import observed

_NO_END = 1e30
_NEXT = 4  # values beside an end that it is compared with
_FEWEST = 3
_STEPPED = 8
_PILE = 2.5
CLOSE = 0.05  # of the scale


def integer_range(x: NDArray[Any]) -> tuple[float, float] | None:
    """Return the ends of an unsigned 8- or 16-bit scale, or None."""
    if x.dtype.kind == "u" and x.dtype.itemsize <= 2:
        return 0.0, float(np.iinfo(x.dtype).max)
    return None


def saturation(x: NDArray[Any], limits: tuple[float, float] | None) -> tuple[float, float]:
    """Return where values count as saturated, -inf and inf where nothing does.

    Parameters
    ----------
    x : ndarray
        The picture; only its dtype matters.
    limits : tuple of float or None
        The ends of the scale, -1e30 or 1e30 for none; None for those of the dtype.
    """
    span = limits or integer_range(x)
    if span is None:
        return -np.inf, np.inf
    # A rounded value at the end of the scale was anything beyond half a step from it.
    half = 0.5 if x.dtype.kind in "iu" else 0.0
    return (
        span[0] + half if span[0] > -_NO_END else -np.inf,
        span[1] - half if span[1] < _NO_END else np.inf,
    )


def piled_up(
    x: NDArray[Any], mask: NDArray[np.bool_] | None
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Return the least and the largest value if pixels pile up there, each with its neighbour.

    Clipping leaves far more pixels at an end than just inside. Of values that
    are hardly ever met twice three at the end are enough; of stepped ones (a
    picture of integers, read as floats) there must be eight, and 2.5 times as
    many as of any of the next four.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture, not bool.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Returns
    -------
    low, high : tuple of float, or None
        (end, the value next to it), None for an end without a pile.
    """
    known = observed(x, mask)
    if not known.any():
        return None, None
    return _pile(x, known, np.min), _pile(x, known, np.max)


def _pile(x: NDArray[Any], known: NDArray[np.bool_], outermost: Any) -> tuple[float, float] | None:
    left, values, counts = known.copy(), [], []
    for _ in range(1 + _NEXT):
        value = outermost(x, where=left, initial=x[np.unravel_index(left.argmax(), x.shape)])
        here = left & (x == value)
        values.append(float(value))
        counts.append(int(np.count_nonzero(here)))
        if counts[0] < _FEWEST:
            return None
        left ^= here
        if not left.any():
            break
    inside = max(counts[1:], default=0)
    if len(counts) < 3 or (inside > 1 and (counts[0] < _STEPPED or counts[0] < _PILE * inside)):
        return None
    return values[0], values[1]


def found_limits(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> tuple[float, float] | None:
    """Return the ends of a scale that the dtype does not tell, None where there are none.

    Of floats an end lies half a step inside the value that pixels pile up at,
    as it does for rounded integers. An end that is none is -1e30 or 1e30.
    """
    if x.dtype == np.bool_ or integer_range(x) is not None:
        return None
    low, high = piled_up(x, mask)
    if low is None and high is None:
        return None
    inwards = 0.5 if x.dtype.kind == "f" else 0.0
    ends = (pile and pile[0] + inwards * (pile[1] - pile[0]) for pile in (low, high))
    least, most = ends
    return -_NO_END if least is None else least, _NO_END if most is None else most


def smallest_spread(x: NDArray[Any], levels: tuple[float, float]) -> float:
    """Return the smallest standard deviation worth telling apart from none."""
    rounding = 1 / np.sqrt(12) if x.dtype.kind in "iu" else 0.0
    return float(max(rounding, 1e-3 * abs(levels[1] - levels[0]), 1e-29))


def warn_if_close(x: NDArray[Any], levels: tuple[float, float], *, from_zero: bool = True) -> None:
    """Warn of levels within a twentieth of an integer scale.

    Parameters
    ----------
    x : ndarray
        The picture; of 16 bits the scale ends at the power of two above its largest value, as
        cameras of 10 to 14 bits fill its lower part.
    levels : tuple of float
        Those found.
    from_zero : bool
        Whether to warn of levels at the dark end too, which may be labels 0 and 1.
    """
    span = integer_range(x)
    if span is None or x.size == 0:
        return
    most = min(span[1], max(255.0, 2.0 ** int(x.max()).bit_length() - 1))
    low, high = sorted(levels)
    if high - low < CLOSE * most and (from_zero or low > CLOSE * most):
        warn(
            f"the levels {low:.4g} and {high:.4g} are close: the picture may be blank, "
            "and what comes out its noise"
        )
