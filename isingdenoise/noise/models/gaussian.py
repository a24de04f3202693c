"""Two grey levels and Gaussian noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...messages import collected, warn
from ..base import Tried
from ..estimation.guess import first_guess
from ..estimation.normal import NormalPair
from ..estimation.one_level import fit_levels
from ..estimation.quieter import quieter
from ..estimation.scale import found_limits, saturation
from ..parameters import levels_parameter, limits_parameter, spread_parameter
from ._families import GreyNoise

__all__ = ["GaussianNoise"]


@dataclass(frozen=True)
class GaussianNoise(GreyNoise):
    r"""Each pixel is its level plus normal noise of one standard deviation.

    .. math:: x_i \mid z_i \sim \mathcal{N}(m_{z_i}, \sigma^2), \qquad
              h_i = \frac{(m_+ - m_-)(2 x_i - m_- - m_+)}{4 \sigma^2}

    A pixel at an end of the scale is saturated: all that is known is that its
    value lies there or beyond, so it gets the tail's probability instead of
    the density. Where only sigma is known, ``NoiseSpec("gaussian", sigma=12)``
    leaves the levels to the picture.

    Parameters
    ----------
    sigma : float, default 1
        Standard deviation in grey values, in [1e-30, 1e30].
    levels : tuple of float, default (-1, 1)
        Grey values of black and white.
    limits : tuple of float, optional
        The ends of the scale. By default those of an unsigned integer
        picture's dtype (0 and 255, 0 and 65535), and none for other pictures;
        -1e30 or 1e30 for an end that is none.

    Raises
    ------
    ParameterError
        A parameter is not finite or out of range, or the levels do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = GaussianNoise(sigma=12.0, levels=(60.0, 190.0))
    >>> x = noise.sample(np.array([[-1, 1]]), np.random.default_rng(0))
    >>> dark, bright = noise.log_likelihood(x)
    >>> x.shape, (bright > dark).tolist()
    ((1, 2), [[False, True]])
    """

    name: ClassVar[str] = "gaussian"
    summary: ClassVar[str] = "two grey levels and normal noise (scans, micrographs, photographs)"
    tried: ClassVar[Tried | None] = Tried(two_valued=False, earn=0.0)

    sigma: float = spread_parameter(1.0, "Standard deviation")
    levels: tuple[float, float] = levels_parameter()
    limits: tuple[float, float] | None = limits_parameter()

    @property
    def spread(self) -> float:
        """The standard deviation."""
        return self.sigma

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
        low, high = self.levels
        x = rng.standard_normal(z.shape, dtype=np.float32)
        x *= np.float32(self.sigma)
        x += np.where(z > 0, np.float32(high), np.float32(low))
        if self.limits is not None:
            np.clip(x, *self.limits, out=x)
        return x

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        sigma: float | None = None,
        levels: tuple[float, float] | None = None,
        limits: tuple[float, float] | None = None,
    ) -> Self:
        """Return levels and sigma estimated from a noisy picture.

        A two-component mixture fitted to the grey values by EM (Dempster,
        Laird and Rubin 1977), started from the levels that a blurred copy of
        the picture suggests. Parts without any noise at an end of the scale
        (a white margin, what was transparent) are left out: they were put
        there after the noise. A picture that shows no noise anywhere gets the
        smallest sigma, so that it stays as it is. The levels are looked for
        up to two sigmas beyond the ends of the scale. A float picture whose
        pixels pile up at its least or largest value was clipped there, and
        gets `limits`. Close levels that are no likelier than a blank page
        become one, with the other out of reach.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        sigma, levels, limits
            The model's parameters, where they need not be estimated.

        Warns
        -----
        EstimationWarning
            There is one level, or two that are close, or no noise about them.
        """
        if sigma is not None:
            sigma = cls(sigma).sigma
        ends = limits or found_limits(x, mask)
        if sigma is not None and levels is not None:
            return cls(sigma, levels, ends)
        guess = first_guess(x, mask, levels, ends, quiet=sigma is not None)
        spread = guess.sigma if sigma is None else sigma
        if guess.noiseless:
            return cls(spread, guess.levels, limits)
        start = cls(spread, guess.levels, ends)
        known: dict[str, Any] = {} if levels is None else {"levels": start.levels}
        if sigma is not None:
            known["sigmas"] = (sigma, sigma)
        with collected() as said:
            found = start._like(fit_levels(x, guess, start._pair(x), **known))
        with collected() as instead:
            quiet = None if sigma else quieter(x, mask, (found.levels, found.sigma), levels, ends)
        for message in instead or said:
            warn(message)
        return found if quiet is None else cls(quiet[1], quiet[0], found.limits)

    def _like(self, pair: NormalPair) -> Self:
        pair = pair.in_order()
        return type(self)(pair.sigmas[0], pair.levels, self.limits)

    def _pair(self, x: NDArray[Any]) -> NormalPair:
        return NormalPair(self.levels, (self.sigma, self.sigma), saturation(x, self.limits))
