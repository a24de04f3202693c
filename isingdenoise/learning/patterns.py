r"""What repeats is part of the picture: pixels whose 3 x 3 pattern noise does not explain.

Flips at a rate p put a pixel of the wrong level into any surroundings c with
at most p n(c) of the n(c) pixels that have these surroundings. Where far more
of them have this value, most are part of the picture (diagonals a pixel wide,
dots of a halftone, modules of a code), however little their neighbours agree.
That is the rule of the discrete universal denoiser, used to keep pixels and
not to turn them.

References
----------
Weissman, Ordentlich, Seroussi, Verdu and Weinberger, Universal discrete
denoising: known channel, IEEE Trans. Information Theory 51 (2005).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..noise import Surroundings

__all__ = ["RARE", "RARE_IN_GREY", "flip_rate", "keep_patterns", "most_in_patterns"]

#: Up to this share of flips the surroundings of most pixels are as they were.
RARE = 0.03
#: Grey values say more of a pixel than its side of the threshold: there patterns speak up to
#: this share only.
RARE_IN_GREY = 2e-4

_CODES = 512
_CENTRE = 16
_TELLING = 100  # pixels with a pattern of neighbours, for it to tell a share
_SEVERAL = 100.0
_EXPLAINED = 0.5  # share of the pixels of a pattern that noise must explain to turn them
_BELOW_PULL = 0.95  # of the pull of all neighbours: what a lone pixel's field is bounded to
_UNBOUNDED = 1e30
_AGAINST = 6  # neighbours, of eight, of the other level: a pixel that would be turned


def keep_patterns(
    field: NDArray[np.float32],
    bright: NDArray[np.bool_],
    around: Surroundings,
    coupling: Coupling,
    *,
    bound: bool,
) -> int:
    """Make the field firm where patterns repeat, in place; return how many pixels that keeps.

    Parameters
    ----------
    field : ndarray, shape (H, W), float32
        Of the Ising model.
    bright : ndarray, shape (H, W), bool
        The thresholded picture.
    around : Surroundings
        Of the same picture: how often pixels are flipped.
    coupling : Coupling
        Of the Ising model.
    bound : bool
        Whether a pixel that noise explains is bounded to less than the pull of
        all neighbours, so that it turns where they are all of the other level.

    Returns
    -------
    int
        Pixels kept although six of their eight neighbours at least are of the
        other level.
    """
    from .._kernels.patterns import count_patterns, weigh_patterns  # the compiler comes with it

    bits = _framed(bright)
    counts = np.zeros(_CODES, np.int64)
    count_patterns(bits, counts)
    explained = _explained(counts, around)
    stays = explained < _EXPLAINED
    firmer = np.where(stays, np.float32(coupling.pull), np.float32(0)).astype(np.float32)
    most = np.full(_CODES, _UNBOUNDED, np.float32)
    if bound:
        agreeing = 2 * sum(float(np.mean(strength)) for _, strength in coupling.planes)
        most[~stays] = _BELOW_PULL * max(agreeing, 0.0)
    weigh_patterns(field, bits, firmer, most)
    return int(counts[stays & (_disagreeing() >= _AGAINST)].sum())


def most_in_patterns(bright: NDArray[np.bool_]) -> float:
    """Return the largest share of flips that every pattern of neighbours allows; 1 if none tells.

    Whatever the neighbours are, a share of flips turns at least as many pixels.

    Parameters
    ----------
    bright : ndarray, shape (H, W), bool
        The thresholded picture.
    """
    counts = _counted(bright)
    both = np.stack([counts, counts[np.arange(_CODES) ^ _CENTRE]])
    total, fewer = both.sum(axis=0), both.min(axis=0)
    told = total >= _TELLING
    if not told.any():
        return 1.0
    most = (fewer + 3 * np.sqrt(fewer) + 1) / np.maximum(total, 1)
    return float(most[told].min())


def _counted(bright: NDArray[np.bool_]) -> NDArray[np.int64]:
    from .._kernels.patterns import count_patterns

    counts = np.zeros(_CODES, np.int64)
    count_patterns(_framed(bright), counts)
    return counts


def _framed(bright: NDArray[np.bool_]) -> NDArray[np.uint8]:
    bits = np.zeros((bright.shape[0] + 2, bright.shape[1] + 2), np.uint8)
    bits[1:-1, 1:-1] = bright
    return bits


def _explained(counts: NDArray[np.int64], around: Surroundings) -> NDArray[np.float64]:
    """Return the share of the pixels of each pattern that flips explain, at most."""
    codes = np.arange(_CODES)
    bright = (codes & _CENTRE) > 0
    same_surroundings = counts + counts[codes ^ _CENTRE]
    # a bright pixel that is wrong was dark: flips of dark pixels are seen in dark surroundings
    rates = [(side.against + 1) / (side.count + 1) for side in (around.dark, around.bright)]
    if not around.dark.enough:
        rates[0] = rates[1]
    if not around.bright.enough:
        rates[1] = rates[0]
    rate = np.where(bright, *rates)
    # a pattern met once or twice may have come about by several flips at once
    several = np.minimum(_SEVERAL * rate, 1.0)
    share = (rate * same_surroundings + several) / np.maximum(counts + several, 1e-9)
    return np.asarray(np.minimum(share, 1.0))


def _disagreeing() -> NDArray[np.intp]:
    """Return how many of the eight neighbours differ from the pixel, for each pattern."""
    codes = np.arange(_CODES)
    ones = np.bitwise_count(codes & ~_CENTRE).astype(np.intp)
    return np.asarray(np.where(codes & _CENTRE, 8 - ones, ones))


def flip_rate(around: Surroundings) -> float:
    """Return the larger share of flips of the sides that tell one; 1 where none does."""
    shares: list[Any] = [s.against / s.count for s in (around.dark, around.bright) if s.enough]
    return max(shares, default=1.0)
