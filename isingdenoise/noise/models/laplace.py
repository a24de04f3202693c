"""Two grey levels and Laplace noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..estimation.guess import first_guess
from ..estimation.laplace import LaplacePair
from ..estimation.mixture import fit_mixture
from ..estimation.normal import NormalPair
from ..estimation.one_level import find_levels, single_level
from ..estimation.scale import found_limits, saturation, warn_if_close
from ..parameters import levels_parameter, limits_parameter, spread_parameter
from ._families import GreyNoise

__all__ = ["LaplaceNoise"]

_SCALE = 1 / math.sqrt(2)  # of a standard deviation


@dataclass(frozen=True)
class LaplaceNoise(GreyNoise):
    r"""Each pixel is its level plus noise with heavy tails.

    .. math:: p(x_i \mid z_i) = \frac{1}{2b} e^{-|x_i - m_{z_i}| / b}, \qquad
              h_i = \frac{|x_i - m_-| - |x_i - m_+|}{2b}

    The field never exceeds ``(m_+ - m_-) / (2b)``: a wild pixel counts no more
    than a plain one, so this model suits noise with outliers. A pixel at an
    end of the scale is saturated and gets the tail's probability.

    Parameters
    ----------
    scale : float, default 0.5
        Mean absolute deviation in grey values, in [1e-30, 1e30]; the
        standard deviation is sqrt(2) times as large.
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
    >>> noise = LaplaceNoise(scale=9.0, levels=(60.0, 190.0))
    >>> x = noise.sample(np.array([[-1, 1]]), np.random.default_rng(0))
    >>> dark, bright = noise.log_likelihood(x)
    >>> x.shape, (bright > dark).tolist()
    ((1, 2), [[False, True]])
    """

    name: ClassVar[str] = "laplace"
    summary: ClassVar[str] = "two grey levels and noise with heavy tails (outliers, compression)"

    scale: float = spread_parameter(
        0.5, "Mean absolute deviation", factor=_SCALE, drawn=0.7 * _SCALE
    )
    levels: tuple[float, float] = levels_parameter()
    limits: tuple[float, float] | None = limits_parameter()

    @property
    def spread(self) -> float:
        """The standard deviation."""
        return self.scale / _SCALE

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
        x = rng.standard_exponential(z.shape, dtype=np.float32)
        x *= np.where(rng.random(z.shape, dtype=np.float32) < 0.5, -1, 1) * np.float32(self.scale)
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
        scale: float | None = None,
        levels: tuple[float, float] | None = None,
        limits: tuple[float, float] | None = None,
    ) -> Self:
        """Return levels and scale estimated from a noisy picture.

        As `GaussianNoise.from_image`. A level is not looked for beyond the
        end of the scale.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        scale, levels, limits
            The model's parameters, where they need not be estimated.

        Warns
        -----
        EstimationWarning
            There is one level, or two that are close, or no noise about them.
        """
        if scale is not None:
            scale = cls(scale).scale
        ends = limits or found_limits(x, mask)
        if scale is not None and levels is not None:
            return cls(scale, levels, ends)
        guess = first_guess(x, mask, levels, ends, quiet=scale is not None)
        width = guess.sigma / math.sqrt(2) if scale is None else scale
        if guess.noiseless:
            return cls(width, guess.levels, limits)
        start = cls(width, guess.levels, ends)
        known: dict[str, Any] = {} if levels is None else {"levels": start.levels}
        if scale is not None:
            known["scale"] = scale
        # Medians stick where they are, so a fit that does not goes ahead. It also tells whether
        # there are two levels: two Laplace densities are likelier than one about normal noise.
        normal = NormalPair(start.levels, (guess.sigma, guess.sigma), saturation(x, ends))
        fixed = {name: value for name, value in known.items() if name == "levels"}
        middle = find_levels(x, guess, normal, **fixed)
        if middle is None:
            return start._like(single_level(x, guess, start._pair(x), **known), 1.0)
        near = cls(middle.spread / math.sqrt(2), middle.in_order().levels, ends)
        found = fit_mixture(guess.data, near._pair(x), guess.share, floor=guess.floor, **known)
        if levels is None:
            warn_if_close(x, found.levels)
        return start._like(found, 1.0)

    def _like(self, pair: LaplacePair, apart: float = 1e-10) -> Self:
        low, high = sorted(pair.levels)
        if not low < high:  # one component has swallowed the other
            step = max(apart * pair.scale, 4 * float(np.spacing(abs(low))))
            low, high = low - step, high + step
        return type(self)(pair.scale, (low, high), self.limits)

    def _pair(self, x: NDArray[Any]) -> LaplacePair:
        return LaplacePair(self.levels, self.scale, saturation(x, self.limits))
