"""Two-level pictures with flipped pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..base import Tried
from ..estimation.flips import flips_in, two_levels, warn_if_grey
from ..parameters import check_levels, levels_parameter, share_parameter
from ._families import FlippedNoise

__all__ = ["FlipNoise"]

_GUESS = (1e-6, 0.45)
_PRIOR = (1.0, 10.0)  # flips and pixels of the prior: a tenth, worth ten pixels


@dataclass(frozen=True)
class FlipNoise(FlippedNoise):
    r"""Each pixel is turned to the other level with one probability.

    .. math:: p(x_i \mid z_i) = p^{[x_i \ne z_i]} (1 - p)^{[x_i = z_i]}, \qquad
              h_i = \frac{x_i}{2} \log \frac{1 - p}{p}

    Parameters
    ----------
    probability : float, default 0.1
        Probability of a flip, in [0, 0.5); with 0 every known pixel stays.
    levels : tuple of float, default (-1, 1)
        Grey values of black and white; a pixel is read as the nearer one.

    Raises
    ------
    ParameterError
        A parameter is not finite or out of range, or the levels do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = FlipNoise(0.1)
    >>> x = noise.sample(np.array([[-1, 1]]), np.random.default_rng(0))
    >>> dark, bright = noise.log_likelihood(x)
    >>> x.shape, (bright > dark).tolist()
    ((1, 2), [[False, True]])
    """

    name: ClassVar[str] = "flip"
    summary: ClassVar[str] = "two levels, some pixels flipped (faxes, masks, barcodes)"
    tried: ClassVar[Tried | None] = Tried(two_valued=True, earn=0.0)

    probability: float = share_parameter(0.1, "Probability of a flip", most=0.5, option="flip_prob")
    levels: tuple[float, float] = levels_parameter()

    @property
    def rates(self) -> tuple[float, float]:
        """Probabilities that black and that white is flipped."""
        return self.probability, self.probability

    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the flip probability that maximises the expected log likelihood.

        It is the expected share of pixels that differ from their spin, kept
        inside (0, 0.5); the levels stay.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture; NaN is left out.
        mean : ndarray, shape (H, W)
            Posterior means of the spins, in [-1, 1].
        """
        differ = self._share_of_flips(x, mean)
        if differ is None:
            return self
        return type(self)(float(np.clip(differ, 1e-9, 0.5 - 1e-9)), self.levels)

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        probability: float | None = None,
        levels: tuple[float, float] | None = None,
    ) -> Self:
        """Return the flip probability estimated from a noisy picture.

        Where enough of a pixel's 24 neighbours agree, the pixel is taken to
        lie inside a part of one level; flips are independent, so the share of
        such pixels that differ from their neighbours estimates the
        probability. In pictures of thin strokes alone it comes out too high.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture, of two grey levels or thresholded (Otsu).
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        probability, levels
            The model's parameters, where they need not be estimated.

        Warns
        -----
        EstimationWarning
            All pixels are equal, or many lie between the levels.
        """
        low, high = check_levels(two_levels(x, mask) if levels is None else levels)
        if levels is None or probability is None:
            warn_if_grey(x, mask, (low, high), cls.name)
        if probability is not None:
            return cls(probability, (low, high))
        flips, most = flips_in(x, mask, (low + high) / 2)
        p = min(flips.share(_PRIOR), *most)
        return cls(float(np.clip(p, *_GUESS)), (low, high))
