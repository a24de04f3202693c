"""Two-level pictures in which black and white pixels are flipped at different rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..estimation.flips import flips_in, two_levels, warn_if_grey
from ..estimation.mixture import weigh
from ..parameters import check_levels, levels_parameter, share_parameter
from ._families import FlippedNoise

__all__ = ["FlipPerLevelNoise"]

_GUESS = (1e-4, 0.45)
_PRIOR = (1.0, 10.0)  # flips and pixels of the prior: a tenth, worth ten pixels
_SMALLEST, _LARGEST = 1e-9, 0.5 - 1e-9


@dataclass(frozen=True)
class FlipPerLevelNoise(FlippedNoise):
    r"""Each pixel is turned to the other level, with a probability of its own level.

    The binary asymmetric channel, b being the share of black pixels that
    become white and w that of white ones that become black:

    .. math:: h_i = \frac{1}{2} \log \frac{1 - w}{b} \text{ where white}, \qquad
              h_i = -\frac{1}{2} \log \frac{1 - b}{w} \text{ where black}

    Parameters
    ----------
    black, white : float, default 0.1
        Probability that a black or a white pixel is flipped, in [0, 0.5).
    levels : tuple of float, default (-1, 1)
        Grey values of black and white; a pixel is read as the nearer one.

    Raises
    ------
    ParameterError
        A parameter is not finite or out of range, or the levels do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = FlipPerLevelNoise(black=0.01, white=0.2)
    >>> x = noise.sample(np.array([[-1, 1]]), np.random.default_rng(0))
    >>> dark, bright = noise.log_likelihood(x)
    >>> x.shape, (bright > dark).tolist()
    ((1, 2), [[False, True]])
    """

    name: ClassVar[str] = "flip-per-level"
    summary: ClassVar[str] = "flipped pixels, more of one level than of the other (specks, gaps)"

    black: float = share_parameter(
        0.1, "Probability that black is flipped", most=0.5, option="flip_prob", part=0
    )
    white: float = share_parameter(
        0.1, "Probability that white is flipped", most=0.5, option="flip_prob", part=1
    )
    levels: tuple[float, float] = levels_parameter()

    @property
    def rates(self) -> tuple[float, float]:
        """Probabilities that black and that white is flipped."""
        return self.black, self.white

    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the flip probabilities that maximise the expected log likelihood.

        Each is the expected share of a level's pixels that show the other
        one, kept inside (0, 0.5); the levels stay.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture; NaN is left out.
        mean : ndarray, shape (H, W)
            Posterior means of the spins, in [-1, 1].
        """
        grey, lower, upper = weigh(x, mean)
        bright = grey >= self._middle
        rates = []
        for weight, flipped, old in ((lower, bright, self.black), (upper, ~bright, self.white)):
            total = float(weight.sum())
            share = float(weight[flipped].sum()) / total if total > 0 else old
            rates.append(min(max(share, _SMALLEST), _LARGEST))
        return type(self)(rates[0], rates[1], self.levels)

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        black: float | None = None,
        white: float | None = None,
        levels: tuple[float, float] | None = None,
    ) -> Self:
        """Return the flip probabilities estimated from a noisy picture.

        As `FlipNoise.from_image`, for the parts of each level. A level
        without parts (black, where all strokes are up to three pixels wide)
        does not tell its share of flips, and is given that of the other.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture, of two grey levels or thresholded (Otsu).
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        black, white, levels
            The model's parameters, where they need not be estimated.

        Warns
        -----
        EstimationWarning
            All pixels are equal, or many lie between the levels.
        """
        low, high = check_levels(two_levels(x, mask) if levels is None else levels)
        if levels is None or None in (black, white):
            warn_if_grey(x, mask, (low, high), cls.name)
        if black is None or white is None:
            flips, most_of = flips_in(x, mask, (low + high) / 2)
            pairs = zip(flips.shares(_PRIOR), most_of, strict=True)
            found = (float(np.clip(min(p, most), *_GUESS)) for p, most in pairs)
            black, white = (
                guess if known is None else known
                for known, guess in zip((black, white), found, strict=True)
            )
        return cls(black, white, (low, high))
