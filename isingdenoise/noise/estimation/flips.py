"""How often pixels are flipped, estimated from the agreement of their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...messages import warn
from ..parameters import check_levels
from ..pixels import grey_values, observed, observed_or_none
from .constant import levels_of_constant
from .flat import noiseless_levels
from .grey import bands, histogram, neighbour_sum
from .scale import warn_if_close
from .surroundings import TELLING, Side, Surroundings, flat_surroundings, undisturbed
from .threshold import otsu_split

_ENOUGH = 400  # pixels, for a share to be trusted
_MANY = 10_000
_GARBAGE = 0.4  # a side with more flips is no side: its surroundings are gaps in strokes
_ROUNDS = 4
_GREY = 0.1

Floats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Flips:
    """How many pixels of each side were looked at, and how many of them are flipped."""

    black: float
    black_flipped: float
    white: float
    white_flipped: float

    def share(self, prior: tuple[float, float]) -> float:
        """Return the share of flips over both sides, with flips and pixels of a prior added."""
        flipped = self.black_flipped + self.white_flipped
        return (flipped + prior[0]) / (self.black + self.white + prior[1])

    def shares(self, prior: tuple[float, float]) -> tuple[float, float]:
        """Return the share of flips of each side; the prior is the share of both sides."""
        common = self.share(prior)
        return (
            (self.black_flipped + common * prior[1]) / (self.black + prior[1]),
            (self.white_flipped + common * prior[1]) / (self.white + prior[1]),
        )


def flips_in(
    x: NDArray[Any], mask: Bools | None, middle: float
) -> tuple[Flips, tuple[float, float]]:
    """Return the flips of a picture, and the largest shares of black and of white that it allows.

    Rare ones are counted in flat surroundings, over all of the picture; of many
    parts of a large picture tell (`count_flips`). The largest share is that of
    flat surroundings (`Side.most`), 1 for a level without them.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    middle : float
        Pixels from there on are bright.
    """
    with np.errstate(invalid="ignore"):
        bright = x if x.dtype == np.bool_ else np.asarray(x >= middle)
    known = observed_or_none(x, mask)
    around = undisturbed(bright, known)
    dark, white = (s.most if s.count >= TELLING else 1.0 for s in (around.dark, around.bright))
    flips = _rare_flips(around, bright, known) or count_flips(thresholded(x, mask, middle))
    return flips, (dark, white)


def count_flips(seen: Floats) -> Flips:
    """Return the flips among pixels whose neighbours agree on what they should be.

    Flips are independent, so among pixels inside a part of one level the
    share that differs from its neighbours estimates the probability, however
    many of the neighbours are flipped themselves. Of the 24 neighbours no
    more may differ than flips alone make on average (and a standard deviation
    where few pixels are left): the fewer, the surer a pixel lies inside. A
    side without such pixels (strokes three pixels wide) tells nothing and is
    counted as empty; where that holds for both, seven of eight neighbours
    are enough.

    Parameters
    ----------
    seen : ndarray, shape (H, W)
        -1 black, +1 white, 0 missing.
    """
    near = neighbour_sum(seen, 1)
    coarse = _tally(seen, near, np.abs(near) >= 6)
    far = neighbour_sum(seen, 2)
    counted = neighbour_sum(np.abs(seen), 2)
    differ = (counted - np.abs(far)) / 2
    whole = counted >= 23
    found, more = coarse, 0.0
    for _ in range(_ROUNDS):
        rates = found.shares((1.0, 10.0))
        allowed = np.where(far < 0, *(_flips_expected(24, p, more) for p in rates))
        fine = _tally(seen, far, whole & (differ <= allowed))
        black = fine.black >= _ENOUGH and fine.black_flipped < _GARBAGE * fine.black
        white = fine.white >= _ENOUGH and fine.white_flipped < _GARBAGE * fine.white
        if not (black or white):
            return coarse
        found = Flips(
            fine.black * black,
            fine.black_flipped * black,
            fine.white * white,
            fine.white_flipped * white,
        )
        more = 1.0 if found.black + found.white < _MANY else 0.0
    return found


def _rare_flips(around: Surroundings, bright: Bools, known: Bools | None) -> Flips | None:
    """Return the flips in flat surroundings where they are many and flips so rare that most are.

    There no neighbour may differ, and bits are all that is needed.
    """
    sides = (around.dark, around.bright)
    told = [side for side in sides if side.count >= _ENOUGH]
    if sum(side.count for side in told) < _MANY or any(s.against * 25 > s.count for s in told):
        return None
    if len(told) < 2:
        # many pixels among eight of their side, but few among 24: there are flips on it
        near = flat_surroundings(bright, known, 1)
        if min(near.dark.count, near.bright.count) >= _ENOUGH:
            return None
    dark, bright_side = (side if side in told else Side(0, 0) for side in sides)
    return Flips(dark.count, dark.against, bright_side.count, bright_side.against)


def _tally(seen: Floats, around: Floats, inside: Bools) -> Flips:
    """Count pixels inside, by what their neighbours are, and those that differ from them."""
    dark = inside & (around < 0) & (seen != 0)
    bright = inside & (around > 0) & (seen != 0)
    return Flips(
        float(np.count_nonzero(dark)),
        float(np.count_nonzero(dark & (seen > 0))),
        float(np.count_nonzero(bright)),
        float(np.count_nonzero(bright & (seen < 0))),
    )


def _flips_expected(n: int, p: float, more: float) -> float:
    """Return the mean of a binomial count and `more` standard deviations, rounded down."""
    p = min(p, _GARBAGE)
    return float(np.floor(n * p + more * np.sqrt(n * p * (1 - p))))


def thresholded(x: NDArray[Any], mask: Bools | None, middle: float) -> Floats:
    """Return -1 below `middle`, +1 from there on, 0 where missing; of large pictures parts."""
    window = bands(x)
    known = observed(window, None if mask is None else bands(mask))
    one = np.float32(1)  # counts of neighbours are exact in single precision
    return np.where(grey_values(window) >= middle, one, -one) * known


def two_levels(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> tuple[float, float]:
    """Return the two grey values of a picture, or the means on either side of Otsu's threshold."""
    if x.dtype == np.bool_:
        return -1.0, 1.0
    values, weight = histogram(x, mask)
    if values.size == 0 or values.min() == values.max():
        span = (0.0, float(np.iinfo(x.dtype).max)) if x.dtype.kind == "u" else None
        return check_levels(levels_of_constant(float(values[0]) if values.size else 0.0, span))
    low, high = float(values.min()), float(values.max())
    if np.all((values == low) | (values == high)):
        warn_if_close(x, (low, high), from_zero=False)
        return low, high
    split = otsu_split(values, weight)
    return (low, high) if split is None else split[1:]


def warn_if_grey(
    x: NDArray[Any], mask: NDArray[np.bool_] | None, levels: tuple[float, float], name: str
) -> None:
    """Warn where more than a tenth of the pixels lie nearer to the middle than to a level.

    Smooth edges alone do not count: a picture without noise is grey at most there.
    """
    if x.dtype == np.bool_:
        return
    values, weight = histogram(x, mask)
    low, high = levels
    quarter = (high - low) / 4
    between = (values > low + quarter) & (values < high - quarter)
    if not float(weight[between].sum()) > _GREY * float(weight.sum()):
        return
    if noiseless_levels(x, mask, levels) is None:
        warn(f"the picture is grey: {name} thresholds it first; gaussian is for grey noise")
