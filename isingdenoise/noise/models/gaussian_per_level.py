"""Two grey levels and Gaussian noise, stronger about one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..estimation.guess import first_guess
from ..estimation.normal import NormalPair
from ..estimation.one_level import fit_levels
from ..estimation.scale import found_limits, saturation
from ..parameters import levels_parameter, limits_parameter, spread_parameter
from ._families import GreyNoise

__all__ = ["GaussianPerLevelNoise"]


@dataclass(frozen=True)
class GaussianPerLevelNoise(GreyNoise):
    r"""Each pixel is its level plus normal noise of the level's own standard deviation.

    .. math:: x_i \mid z_i \sim \mathcal{N}(m_{z_i}, \sigma_{z_i}^2), \qquad
              h_i = \frac{1}{2} \left( \frac{(x_i - m_-)^2}{2 \sigma_-^2}
              - \frac{(x_i - m_+)^2}{2 \sigma_+^2} + \log \frac{\sigma_-}{\sigma_+} \right)

    Far out on either side the wider density is the larger one, be the pixel
    as bright as it may: where the two sigmas differ by a factor of five, a
    pixel far brighter than white is taken for black.

    Parameters
    ----------
    sigmas : tuple of float, default (1, 1)
        Standard deviations about black and white, in [1e-30, 1e30].
    levels : tuple of float, default (-1, 1)
        Grey values of black and white.
    limits : tuple of float, optional
        The ends of the scale, as in `GaussianNoise`.

    Raises
    ------
    ParameterError
        A parameter is not finite or out of range, or the levels do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = GaussianPerLevelNoise(sigmas=(6.0, 20.0), levels=(60.0, 190.0))
    >>> x = noise.sample(np.array([[-1, 1]]), np.random.default_rng(0))
    >>> dark, bright = noise.log_likelihood(x)
    >>> x.shape, (bright > dark).tolist()
    ((1, 2), [[False, True]])
    """

    name: ClassVar[str] = "gaussian-per-level"
    summary: ClassVar[str] = "normal noise, its own for black and for white (photographs, sensors)"

    sigmas: tuple[float, float] = spread_parameter(
        (1.0, 1.0), "Standard deviations about black and white", drawn=(0.5, 1.0)
    )
    levels: tuple[float, float] = levels_parameter()
    limits: tuple[float, float] | None = limits_parameter()

    @property
    def spread(self) -> float:
        """The larger standard deviation."""
        return max(self.sigmas)

    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return noisy grey values of the spins `z`, clipped to `limits` if there are any.

        Parameters
        ----------
        z : ndarray
            Spins -1/+1, or bool.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, float32
        """
        x = rng.standard_normal(z.shape, dtype=np.float32)
        x *= np.where(z > 0, np.float32(self.sigmas[1]), np.float32(self.sigmas[0]))
        x += np.where(z > 0, np.float32(self.levels[1]), np.float32(self.levels[0]))
        if self.limits is not None:
            np.clip(x, *self.limits, out=x)
        return x

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        sigmas: tuple[float, float] | None = None,
        levels: tuple[float, float] | None = None,
        limits: tuple[float, float] | None = None,
    ) -> Self:
        """Return levels and sigmas estimated from a noisy picture.

        As `GaussianNoise.from_image`, with two sigmas. Neither is taken to be
        less than a fifth of the other: without that bound one density would
        shrink about a single grey value.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        sigmas, levels, limits
            The model's parameters, where they need not be estimated.

        Warns
        -----
        EstimationWarning
            There is one level, or two that are close, or no noise about them.
        """
        if sigmas is not None:
            sigmas = cls(sigmas).sigmas
        ends = limits or found_limits(x, mask)
        if sigmas is not None and levels is not None:
            return cls(sigmas, levels, ends)
        guess = first_guess(x, mask, levels, ends, quiet=sigmas is not None)
        spreads = sigmas or (guess.sigma, guess.sigma)
        if guess.noiseless:
            return cls(spreads, guess.levels, limits)
        start = cls(spreads, guess.levels, ends)
        known: dict[str, Any] = {} if levels is None else {"levels": start.levels}
        if sigmas is not None:
            known["sigmas"] = sigmas
        return start._like(fit_levels(x, guess, start._pair(x), **known))

    def _like(self, pair: NormalPair) -> Self:
        pair = pair.in_order()
        return type(self)(pair.sigmas, pair.levels, self.limits)

    def _pair(self, x: NDArray[Any]) -> NormalPair:
        return NormalPair(self.levels, self.sigmas, saturation(x, self.limits), common=False)
