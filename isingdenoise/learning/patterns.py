r"""What repeats is part of the picture: pixels whose 3 x 3 pattern noise does not explain.

Flips at a rate p put a pixel of the wrong level into any surroundings c with
at most p n(c) of the n(c) pixels that have these surroundings. Where far more
of them have this value, most are part of the picture (diagonals a pixel wide,
dots of a halftone, modules of a code), however little their neighbours agree.
That is the rule of the discrete universal denoiser, used to keep pixels and
not to turn them. Lone pixels at equal distances repeat as well.

References
----------
Weissman, Ordentlich, Seroussi, Verdu and Weinberger, Universal discrete
denoising: known channel, IEEE Trans. Information Theory 51 (2005).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..noise import NoiseModel, Surroundings, observed_or_none, undisturbed
from .pattern_counts import CENTRE, CODES, counted, disagreeing, framed, thresholded

__all__ = [
    "PatternRule",
    "are_patterns_kept",
    "crossing_rate",
    "keep_patterns",
    "pattern_rule",
]

#: Up to this share of flips the surroundings of most pixels are as they were. Grey values say
#: more of a pixel than its side of the threshold: there patterns speak up to the second only.
_RARE, _RARE_IN_GREY = 0.03, 2e-4

_DRAWS = 1 << 16
_SEVERAL = 100.0  # times the share of flips, at most 1: so many pixels by several at once
_EXPLAINED = 0.5  # share of the pixels of a pattern that noise must explain to turn them
_BELOW_PULL = 0.95  # of the pull of all neighbours: what a lone pixel's field is bounded to
_UNBOUNDED = 1e30
_AGAINST = 6  # neighbours, of eight, of the other level: a pixel that would be turned


def keep_patterns(
    field: NDArray[np.float32],
    noise: NoiseModel,
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    coupling: Coupling,
    around: Surroundings | None = None,
) -> int:
    """Make the field firm where patterns repeat, in place; return how many pixels that keeps.

    Nothing is done where more than a rare pixel is flipped, and where nothing
    pulls. Of two-valued pictures a pixel that noise explains is bounded to less
    than the pull of all neighbours, so that it turns where they are all of the
    other level.

    Parameters
    ----------
    field : ndarray, shape (H, W), float32
        Of the Ising model.
    noise : NoiseModel
        Of the picture.
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    coupling : Coupling
        Of the Ising model.
    around : Surroundings, optional
        Flat surroundings of the thresholded picture, where they are known.

    Returns
    -------
    int
        Pixels kept although six of their eight neighbours at least are of the
        other level.
    """
    if coupling.pull == 0:
        return 0
    bright = thresholded(noise, x)
    around = around or undisturbed(bright, observed_or_none(x, mask))
    rule = _rule(bright, noise, coupling, around)
    if rule is None:
        return 0
    rule.apply(field, bright)
    own = field.flat[around.regular]
    field.flat[around.regular] = own + np.sign(own) * np.float32(coupling.pull)
    return rule.kept + around.regular.size


class PatternRule(NamedTuple):
    """How a field becomes firm by the patterns of its picture, or of another part of it.

    Attributes
    ----------
    firmer : ndarray, shape (512,), float32
        What a pixel with a pattern gains.
    most : ndarray, shape (512,), float32
        The largest size of field that it keeps.
    kept : int
        Pixels of the counted picture kept although six of their neighbours differ.
    """

    firmer: NDArray[np.float32]
    most: NDArray[np.float32]
    kept: int

    def apply(self, field: NDArray[np.float32], bright: NDArray[np.bool_]) -> None:
        """Make the field of a thresholded picture firm, in place."""
        from .._kernels.patterns import weigh_patterns  # the compiler comes with it

        weigh_patterns(field, framed(bright), self.firmer, self.most)


def pattern_rule(
    noise: NoiseModel,
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    coupling: Coupling,
) -> PatternRule | None:
    """Return how patterns of a picture make fields firm; None where they do not.

    Lone pixels at equal distances are not looked for: they are told by the whole picture.

    Parameters
    ----------
    noise, x, mask, coupling
        As of `keep_patterns`.
    """
    if coupling.pull == 0:
        return None
    bright = thresholded(noise, x)
    around = undisturbed(bright, observed_or_none(x, mask))
    return _rule(bright, noise, coupling, around)


def _rule(
    bright: NDArray[np.bool_], noise: NoiseModel, coupling: Coupling, around: Surroundings
) -> PatternRule | None:
    """Return the rule that patterns of a thresholded picture give; None where it has none."""
    if _flip_rate(around) > (_RARE if noise.two_valued else _RARE_IN_GREY):
        return None
    counts = counted(framed(bright))
    alone = np.where(bright.flat[around.regular], CENTRE, CODES - 1 - CENTRE)
    counts -= np.bincount(alone, minlength=CODES)  # which are told by their distances
    stays = _explained(counts, around) < _EXPLAINED
    firmer = np.where(stays, np.float32(coupling.pull), np.float32(0))
    most = np.full(CODES, _UNBOUNDED, np.float32)
    if noise.two_valued:
        agreeing = 2 * sum(float(np.mean(strength)) for _, strength in coupling.planes)
        most[~stays] = _BELOW_PULL * max(agreeing, 0.0)
    kept = int(counts[stays & (disagreeing() >= _AGAINST)].sum())
    return PatternRule(firmer, most, kept)


def are_patterns_kept(noise: NoiseModel) -> bool:
    """Return whether noise is so rare that `keep_patterns` looks for what repeats.

    Parameters
    ----------
    noise : NoiseModel
        Of a picture.
    """
    return crossing_rate(noise) <= (_RARE if noise.two_valued else _RARE_IN_GREY)


def crossing_rate(noise: NoiseModel) -> float:
    """Return the share of pixels of a colour that noise puts beyond the threshold, the larger one.

    Asked is a draw of it.

    Parameters
    ----------
    noise : NoiseModel
        Of a picture.
    """
    rng = np.random.default_rng(0)
    sides = np.full(_DRAWS, -1), np.full(_DRAWS, 1)
    wrong = [thresholded(noise, noise.sample(z, rng)) != (z > 0) for z in sides]
    return max(float(np.mean(each)) for each in wrong)


def _explained(counts: NDArray[np.int64], around: Surroundings) -> NDArray[np.float64]:
    """Return the share of the pixels of each pattern that flips explain, at most."""
    codes = np.arange(CODES)
    bright = (codes & CENTRE) > 0
    same_surroundings = counts + counts[codes ^ CENTRE]
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


def _flip_rate(around: Surroundings) -> float:
    """Return the larger share of flips of the sides that tell one; 1 where none does."""
    shares = [s.against / s.count for s in (around.dark, around.bright) if s.enough]
    return max(shares, default=1.0)
