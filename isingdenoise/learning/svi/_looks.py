"""What one page says: of its noise and coupling, and of those of all pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...coupling import Coupling
from ...errors import ParameterError
from ...messages import collected
from ...noise import AUTO, NoiseModel, NoiseSpec, observed
from ...validation import check_picture, check_span
from .._calibration import Calibration, Floats, calibrate
from .._held_out import HeldOut
from .._windows import window_of
from ..choice import choose
from ..estimation import estimate
from ..light import DETECT, detect_light, divided_by
from ._vector import coupling_of, vector_of

__all__ = ["Look", "PageReader", "Slopes"]

_LARGEST_GREY = 1e28
_STEP = 0.1  # of logarithms of strengths: scores are smooth over that, solves are not exact


@dataclass(frozen=True, eq=False)
class Look:
    """What a page says of itself.

    Attributes
    ----------
    noise : NoiseModel
        Its own estimate.
    vector : ndarray, shape (D,)
        The same with the coupling, as of `vector_of`.
    score : float
        Log likelihood of a hidden pixel at its own estimate, in nats.
    left_alone : bool
        Whether it shows no noise that would have to be cleaned.
    uneven : bool
        Whether its light is uneven, which is not divided out where the noise is known.
    """

    noise: NoiseModel
    vector: Floats
    score: float
    left_alone: bool
    uneven: bool


@dataclass(frozen=True)
class Slopes:
    """How the score of a page depends on the coupling.

    Attributes
    ----------
    score : float
        Nats a hidden pixel.
    gradient, curvature : ndarray, shape (3,)
        First derivatives, and second ones along each coordinate.
    """

    score: float
    gradient: Floats
    curvature: Floats


@dataclass(frozen=True)
class PageReader:
    """Makes looks and scores of pages; of one page always with the same hidden pixels.

    Attributes
    ----------
    noise : str, NoiseSpec or NoiseModel
        As in `learn`.
    background : str or None
        As in `learn`.
    seed : int
        Of all pages.
    """

    noise: str | NoiseSpec | NoiseModel
    background: str | None
    seed: int

    def look(self, page: int, image: ArrayLike) -> Look:
        """Return what a page says of itself.

        Raises
        ------
        ParameterError
            It is no picture, or no pixel is known.
        """
        x, known = self._prepared(image)
        chosen = self.noise == AUTO or getattr(self.noise, "name", "") == AUTO
        with collected():
            uneven = chosen and self.background == DETECT and detect_light(x, known) is not None
            choice = choose(self.noise, x, known)
            found = estimate(x, choice, mask=known, rng=self._generator(page))
        left = found.fit is not None and found.fit.left_alone
        vector = vector_of(found.noise, found.coupling, found.factor)
        return Look(found.noise, vector, found.score, left, uneven)

    def slopes(self, page: int, image: ArrayLike, noise: NoiseModel, strengths: Floats) -> Slopes:
        """Return score and derivatives at a coupling, by central differences.

        Raises
        ------
        ParameterError
            The grey values are nowhere near the levels.
        """
        held_out = self._held_out(page, image, noise)
        count = max(held_out.x.size, 1)

        def score(at: Floats) -> float:
            return held_out.predict(coupling_of(at)).score / count

        middle, steps = score(strengths), _STEP * np.eye(3)
        above = np.array([score(strengths + step) for step in steps])
        below = np.array([score(strengths - step) for step in steps])
        gradient = (above - below) / (2 * _STEP)
        curvature = (above - 2 * middle + below) / _STEP**2
        return Slopes(middle, gradient, curvature)

    def score(
        self, page: int, image: ArrayLike, noise: NoiseModel, predicts: Coupling, decides: Coupling
    ) -> tuple[float, Calibration]:
        """Return the score of a page under what all have in common, and its calibration.

        Parameters
        ----------
        page, image
            The page.
        noise : NoiseModel
            Of all pages.
        predicts, decides : Coupling
            The coupling that is scored, and that in use, which is calibrated.

        Raises
        ------
        ParameterError
            The grey values are nowhere near the levels.
        """
        held_out = self._held_out(page, image, noise)
        total = held_out.predict(predicts).score + held_out.constant
        calibration = calibrate(held_out.predict(decides).pull, held_out.evidence)
        return total / max(held_out.x.size, 1), calibration

    def _held_out(self, page: int, image: ArrayLike, noise: NoiseModel) -> HeldOut:
        x, known = self._prepared(image)
        return HeldOut(window_of(x, known, self._generator(page)), noise, None)

    def _generator(self, page: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, page])

    def _prepared(self, image: ArrayLike) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        x, known = check_picture(image, None, high=_LARGEST_GREY)
        check_span("image", x, known)
        if not observed(x, known).any():
            raise ParameterError("image", "has no known pixel: all of them are missing (NaN)")
        with collected():
            background = None if self.background == DETECT else self.background
            return divided_by(background, x, known, self.noise)[1], known
