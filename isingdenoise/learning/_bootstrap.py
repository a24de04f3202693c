"""The strength that decides best, by a parametric bootstrap.

The coupling that predicts hidden pixels best is not quite the one that makes
the fewest errors: over-confidence costs likelihood but few decisions, and with
flips there are thresholds (a lone speck turns where four neighbours outweigh
it, a pair of specks where two do) of which a likelihood knows little. So the
picture is cleaned, noise as estimated is put on the clean one, and the factor
is taken that gives it back best (Efron and Tibshirani 1993, chapter 6).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..inference import MeanField
from ..model import IsingModel
from ..noise import NoiseModel, field_and_offset, observed, unit_scale
from ._held_out import SWEEPS, TOL, Window

#: Factors of the strength that predicts best to choose from, and those whose clean
#: pictures are references: more small parts are left with the first one, fewer specks
#: with the other one.
FACTORS = (1.0, 1.2)
REFERENCES = FACTORS

_FEW = 1 << 15  # smaller pictures are needed whole


class Bootstrap:
    """Clean pictures, made noisy once more and cleaned again.

    Parameters
    ----------
    window : Window
        The picture, or parts of it.
    noise : NoiseModel
        As estimated.
    rng : numpy.random.Generator
        Source of the noise.
    parallel : bool or None
        As in `MeanField`.
    """

    def __init__(
        self,
        window: Window,
        noise: NoiseModel,
        rng: np.random.Generator,
        parallel: bool | None,
    ) -> None:
        self._x, self._known = _half(window, rng)
        self._noise = noise
        self._rng = rng
        self._engine = MeanField(tol=TOL, max_sweeps=SWEEPS, parallel=parallel)
        self.site_updates = 0
        self.evaluations = 0

    def factor(self, coupling: Coupling) -> float:
        """Return the factor of `FACTORS` under which the references come back best."""
        errors = dict.fromkeys(FACTORS, 0)
        for reference in REFERENCES:
            self.evaluations += 1 + len(FACTORS)
            clean = self._labels(self._x, coupling.scaled(reference))
            noisy = self._noisy(clean, self._x)
            for factor in FACTORS:
                again = self._labels(noisy, coupling.scaled(factor))
                errors[factor] += int(np.count_nonzero((again != clean) & self._known))
        return min(errors, key=errors.__getitem__)

    def _labels(self, x: NDArray[Any], coupling: Coupling) -> NDArray[np.int8]:
        field, _ = field_and_offset(self._noise, x, self._known)
        start = np.where(self._known, unit_scale(self._noise, x), np.float32(0))
        solution = self._engine.solve(IsingModel(field, coupling), init=start)
        self.site_updates += int(solution.trace.site_updates[-1])
        return solution.labels

    def _noisy(self, labels: NDArray[np.int8], like: NDArray[Any]) -> NDArray[Any]:
        """Draw noise on clean labels, on the scale of the picture."""
        drawn = self._noise.sample(labels, self._rng)
        if like.dtype.kind != "u" or max(self._noise.levels) <= 1:
            return drawn
        ends = np.iinfo(like.dtype)
        most = drawn.dtype.type(ends.max)
        if int(most) > ends.max:  # rounded up to the next power of two, which is no such integer
            most = np.nextafter(most, drawn.dtype.type(0))
        return np.clip(np.rint(drawn), ends.min, most).astype(like.dtype)


def _half(window: Window, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return half of the pixels, if they are many, and which of them are known."""
    x, mask = window.x, window.mask
    part: tuple[slice, ...] = (slice(None), slice(None))
    if x.size > _FEW:
        axis = int(x.shape[1] > x.shape[0])
        length = x.shape[axis] // 2
        start = int(rng.integers(0, x.shape[axis] - length + 1))
        cut = slice(start, start + length)
        part = (part[0], cut) if axis else (cut, part[1])
    x = x[part]
    return x, observed(x, None if mask is None else mask[part])
