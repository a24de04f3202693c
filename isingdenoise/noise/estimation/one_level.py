"""Whether a picture has two grey levels at all, or is blank but for its noise."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from .constant import levels_of_one
from .guess import Guess
from .mixture import climb, fit_mixture, log_likelihood
from .normal import NormalPair
from .pair import LevelPair
from .scale import integer_range, warn_if_close

#: Nats that the second level must earn. Its level and its shares in eight groups of pixels
#: earn 5 on a blank page on average, 10 on one in twenty, 19 on one in ten thousand.
_EARN = 20.0
_APART = 4.0  # spreads: levels farther apart are two without a test
_TOGETHER = 0.8  # spreads: levels nearer than this may be a poor local optimum
_WEAK = 0.05  # nats a pixel: where the levels earn less, long tails may have earned it
_BINS = 4096
_COARSE = 4.0  # grey steps: about narrower spreads rounding feigns levels,
_FINEST = 0.7  # and densities narrower than this are no masses of whole grey values
_ROUNDS = 100
_ENOUGH = 1e-3  # nats
_RARE = 0.01

Floats = NDArray[np.float64]
Data = tuple[Floats, Floats, NDArray[np.intp]]

P = TypeVar("P", bound="LevelPair")


def fit_levels(x: NDArray[Any], guess: Guess, start: P, **known: Any) -> P:
    """Return the pair of `find_levels`; if there is but one level, the other is out of reach.

    Warns
    -----
    EstimationWarning
        There is one level, or two so close that there may be but one.
    """
    found = find_levels(x, guess, start, **known)
    if found is None:
        return single_level(x, guess, start, **known)
    if "levels" not in known:
        warn_if_close(x, found.levels)
    return found


def find_levels(x: NDArray[Any], guess: Guess, start: P, **known: Any) -> P | None:
    """Return the pair fitted by EM, or None if the picture has one level only.

    Levels less than four spreads apart must make the pixels likelier by 20
    nats than a single density does, and than the same two densities do in
    equal shares everywhere: what is dark lies together, while noise of another
    shape, rounded or saturated, is spread evenly. Nor may one level with two
    spreads be as likely. Levels that fail, or that are nearer than 0.8
    spreads, are looked for again from the least and from the largest value:
    EM that begins with broad parts does not see a few specks. Those farther
    apart need not lie together. Where parts of a large picture show one level,
    more of it is looked at: a stamp may lie between them.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The picture; only its dtype matters.
    guess : Guess
        Pixels, and the share to begin with.
    start : LevelPair
        Where to begin.
    **known
        Parameters that stay as they are. Levels that are known are not tested.
    """
    found = _find(x, guess, start, known)
    larger = guess.larger() if found is None and guess.larger is not None else None
    if larger is not None:
        found = _find(x, larger, start.about(larger.levels, larger.sigma), known)
    return found


def _find(x: NDArray[Any], guess: Guess, start: P, known: dict[str, Any]) -> P | None:
    found, shares = climb(guess.data, start, guess.share, floor=guess.floor, **known)
    step = 1.0 if x.dtype.kind in "iu" else 0.0
    if "levels" in known or _far(found, step):
        return found
    alone = _one_density(guess.data, found, guess.floor, known)
    gain = log_likelihood(guess.data, found, shares) - _likelihood(guess.data, alone)
    sure = gain > max(_EARN, _WEAK * float(guess.data[1].sum()))
    if sure and not _near(found) and alone.spread > _COARSE * step:
        return found
    return _Test(guess, start, found, step, known).best()


def single_level(x: NDArray[Any], guess: Guess, start: P, **known: Any) -> P:
    """Return one density for all pixels, with a level out of reach for the other colour; warn."""
    alone = _one_density(guess.data, start, guess.floor, known)
    levels = levels_of_one(alone.levels[0], integer_range(x), alone.spread)
    return alone.about(levels, alone.spread)


class _Test(Generic[P]):
    """Two levels against one, on a picture whose levels are close.

    Long rows of distinct values are binned; densities of whole grey values
    are kept so wide that they are nearly masses.
    """

    def __init__(self, guess: Guess, start: P, found: P, step: float, known: dict[str, Any]):
        self.guess, self.start, self.found, self.step, self.known = guess, start, found, step, known
        self.data = _binned(guess.data)
        self.floor = max(guess.floor, _FINEST * step)
        self.alone = _one_density(self.data, found, self.floor, known)
        self.single = _likelihood(self.data, self.alone)
        spread_is_known = start.spread_name in known
        self.tails = -np.inf if spread_is_known else _long_tails(self.data, self.alone, self.floor)

    def best(self) -> P | None:
        """Return the likeliest pair, None if its second level earns too little."""
        first = self._climb(self.start, self.guess.share)
        best = self.found if self._earned(*first) else None
        if best is not None and not _near(self.found):
            return best
        reached = log_likelihood(self.data, *first)
        for levels, share in self._extremes():
            tried = self._climb(self.alone.about(levels, self.alone.spread), share)
            value = log_likelihood(self.data, *tried)
            if (best is None or value > reached + 1) and self._earned(*tried):
                bright = float(np.clip(np.average(tried[1]), _RARE, 1 - _RARE))
                best, reached = self._polished(tried[0], bright), value
        return best

    def _earned(self, pair: P, shares: Floats) -> bool:
        reached = log_likelihood(self.data, pair, shares) - _EARN
        if reached <= max(self.single, self.tails):
            return False
        if _far(pair, self.step):
            return True
        values, weight, group = self.data
        one = values, weight, np.zeros_like(group)
        share = float(np.average(shares, weights=np.bincount(group, weight)))
        return reached > log_likelihood(
            one, *climb(one, pair, share, floor=self.floor, **self.known)
        )

    def _climb(self, start: P, share: float) -> tuple[P, Floats]:
        return climb(self.data, start, share, floor=self.floor, **self.known)

    def _polished(self, pair: P, share: float) -> P:
        return fit_mixture(self.guess.data, pair, share, floor=self.guess.floor, **self.known)

    def _extremes(self) -> list[tuple[tuple[float, float], float]]:
        """Return levels to begin with, and shares: the median and either end of the values."""
        x, weight, _ = self.data
        inside = (x > self.found.ends[0]) & (x < self.found.ends[1])
        values = x[inside] if self.found.between and inside.any() else x
        order = np.argsort(x)
        total = np.cumsum(weight[order])
        median = float(x[order][np.searchsorted(total, total[-1] / 2)])
        pairs = (((float(values.min()), median), 1 - _RARE), ((median, float(values.max())), _RARE))
        return [(levels, share) for levels, share in pairs if levels[0] < levels[1]]


def _far(pair: LevelPair, step: float) -> bool:
    # what lies beyond the end of the scale is not seen
    low, high = np.clip(sorted(pair.levels), *pair.ends)
    return bool(high - low >= _APART * max(pair.spread, step))


def _near(pair: LevelPair) -> bool:
    return abs(pair.levels[1] - pair.levels[0]) < _TOGETHER * pair.spread


def _likelihood(data: Data, pair: LevelPair) -> float:
    """Return the log likelihood of a pair of equal levels."""
    return float(np.sum(data[1] * pair.log_densities(data[0])[0]))


def _one_density(data: Data, pair: P, floor: float, known: dict[str, Any]) -> P:
    """Return the pair with one density for both levels, the likeliest (EM where it is censored)."""
    x, weight, _ = data
    mean = float(np.average(x, weights=weight))
    spread = float(np.sqrt(np.average((x - mean) ** 2, weights=weight)))
    now = pair.about((mean, mean), max(spread, floor)).put(**known)
    before = -np.inf
    for _ in range(_ROUNDS):
        reached = _likelihood(data, now)
        if reached - before < _ENOUGH:
            break
        before = reached
        now = now.maximise(x, weight / 2, weight / 2, floor).put(**known)
    return now


def _long_tails(data: Data, alone: LevelPair, floor: float) -> float:
    """Return the log likelihood of one level and normal noise of one spread, or of two.

    Shares of the wider one differ between the groups: where light was divided
    out, noise is stronger in the shade, and so are the means of neighbours.
    """
    pair = NormalPair(alone.levels, (alone.spread, alone.spread), alone.ends)
    normal = _one_density(data, pair, floor, {})
    level, spread = normal.levels[0], normal.spread
    start = NormalPair((level, level), (0.9 * spread, 1.6 * spread), alone.ends, common=False)
    tails = climb(data, start, 0.1, floor=floor, levels=(level, level))
    return max(_likelihood(data, normal), log_likelihood(data, *tails))


def _binned(data: Data) -> Data:
    """Return a long sample as a histogram in each group; its ends stay where they are."""
    x, weight, group = data
    low, high = float(x.min()), float(x.max())
    if x.size <= 4 * _BINS or not np.isfinite(high - low):
        return data
    bins = np.clip(np.rint((x - low) / (high - low) * _BINS), 1, _BINS - 1).astype(np.intp)
    bins[x == low], bins[x == high] = 0, _BINS
    counted = np.bincount(group * (_BINS + 1) + bins, weight)
    cells = np.flatnonzero(counted)
    part = cells % (_BINS + 1) / _BINS
    values = np.where(part == 1, high, low + part * (high - low))
    return values, counted[cells].astype(np.float64), (cells // (_BINS + 1)).astype(np.intp)
