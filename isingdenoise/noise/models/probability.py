"""The picture is the verdict of a pixel classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import ParameterError
from ...messages import warn
from ..base import Meaning, NoiseModel
from ..parameters import levels_parameter, share_parameter
from ..pixels import observed

__all__ = ["ProbabilityNoise"]


@dataclass(frozen=True)
class ProbabilityNoise(NoiseModel):
    r"""Each pixel is the probability that it is bright, by a classifier that knew no neighbours.

    .. math:: h_i = \frac{1}{2} \log \frac{p_i}{1 - p_i}, \qquad
              p_i = \mathrm{clip}(x_i, \epsilon, 1 - \epsilon)

    Read as a noise model, bright pixels have the density 2p and dark ones
    2(1 - p): their ratio is p / (1 - p), and clipping keeps their integral 1.
    The classifier is taken to have learned from as many bright as dark pixels.

    Parameters
    ----------
    floor : float, default 1e-3
        How sure a single pixel may be, in (0, 0.5). Classifiers overstate
        what lies beyond, 8-bit pictures cannot tell 0.998 from 1, and a
        pixel of 0 or 1 should give way where all its neighbours are against
        it: with 1e-3 four of them prevail from a coupling of 0.86 on.
    levels : tuple of float, default (0, 1)
        Grey values that stand for the probabilities 0 and 1.

    Raises
    ------
    ParameterError
        A parameter is not finite or out of range, or the levels do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = ProbabilityNoise()
    >>> x = noise.sample(np.array([[-1, 1]]), np.random.default_rng(0))
    >>> dark, bright = noise.log_likelihood(x)
    >>> x.shape, (bright > dark).tolist()
    ((1, 2), [[False, True]])
    """

    name: ClassVar[str] = "probability"
    summary: ClassVar[str] = "the picture is P(bright) of each pixel, from a pixel classifier"
    meaning: ClassVar[Meaning] = Meaning.PROBABILITIES

    floor: float = share_parameter(
        1e-3, "How far from 0 and 1 a pixel is taken to be", most=0.5, low_open=True, option=None
    )
    levels: tuple[float, float] = levels_parameter(
        (0.0, 1.0), "Grey values of the probabilities 0 and 1"
    )

    def log_likelihood(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (log p(x | -1), log p(x | +1)) in nats; NaN where `x` is NaN.

        Parameters
        ----------
        x : ndarray
            Probabilities on the scale of `levels`; bool is read as 0 and 1.

        Raises
        ------
        ParameterError
            A value lies outside the levels.
        """
        low, high = self.levels
        if x.dtype == np.bool_:
            p, step = x.astype(np.float64), 2.0
        else:
            _check_range(x, None, self.levels)
            p = (x.astype(np.float64) - low) / (high - low)
            # of the grey values low, low + 1, ..., high of an integer picture
            step = high - low + 1 if x.dtype.kind in "iu" else high - low
        p = np.clip(p, self.floor, 1 - self.floor)
        return np.log(2 / step * (1 - p)), np.log(2 / step * p)

    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return probabilities as a classifier would give them for the spins `z`.

        Parameters
        ----------
        z : ndarray
            Spins -1/+1, or bool.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, float32
            On the scale of `levels`.
        """
        u, a = rng.random(z.shape), self.floor
        # the inverse of the distribution function, of three pieces
        below, above = u < 2 * a * a, u > 1 - 2 * a * (1 - a)
        p = np.sqrt(np.maximum(u - a * a, 0))
        p = np.where(below, u / (2 * a), np.where(above, 1 - (1 - u) / (2 * (1 - a)), p))
        p = np.where(z > 0, p, 1 - p)
        low, high = self.levels
        return np.clip(low + (high - low) * p, low, high).astype(np.float32)

    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the model itself: it has nothing to estimate.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The picture.
        mean : ndarray, shape (H, W)
            Posterior means of the spins.
        """
        return self

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        floor: float | None = None,
        levels: tuple[float, float] | None = None,
    ) -> Self:
        """Return the model on the picture's scale.

        Floats lie between 0 and 1; unsigned integers between 0 and the
        largest value of their dtype; other integers are 0 or 1.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The picture of probabilities.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        floor, levels
            The model's parameters, where the defaults do not fit.

        Raises
        ------
        ParameterError
            A value lies outside the scale.

        Warns
        -----
        EstimationWarning
            An integer picture holds only 0 and 1, or nothing is observed.
        """
        floor = 1e-3 if floor is None else floor
        if levels is not None:
            model = cls(floor, levels)
        elif x.dtype.kind == "u":
            model = cls(floor, (0.0, float(np.iinfo(x.dtype).max)))
        else:
            model = cls(floor)
        known = observed(x, mask)
        if not known.any():
            warn("no pixel is known")
        elif x.dtype != np.bool_:
            _check_range(x, known, model.levels)
            if levels is None and x.dtype.kind == "u" and x[known].max() == 1:
                warn(
                    f"the picture holds only 0 and 1 of a scale up to {model.levels[1]:g}: all "
                    "is almost surely dark; give levels 0,1 if 1 means bright"
                )
        return model


def _check_range(
    x: NDArray[Any], known: NDArray[np.bool_] | None, levels: tuple[float, float]
) -> None:
    """Refuse values that are no probabilities on the scale of `levels`."""
    values = x if known is None else x[known]
    if values.size == 0:
        return
    least, most = float(np.fmin.reduce(values, None)), float(np.fmax.reduce(values, None))
    # float32 rounds the ends of the scale
    slack = 1e-6 * (levels[1] - levels[0]) if x.dtype.kind == "f" else 0.0
    if least < levels[0] - slack or most > levels[1] + slack:
        raise ParameterError(
            "image",
            f"holds values from {least:g} to {most:g}, but probabilities lie between "
            f"{levels[0]:g} and {levels[1]:g}; scale it, or give the levels of 0 and 1",
        )
