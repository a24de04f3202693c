"""Salt and pepper: some pixels are replaced by white or black."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import ParameterError
from ..base import NoiseModel, Tried
from ..estimation.flips import flips_in
from ..estimation.guess import first_guess
from ..estimation.impulses import has_impulses
from ..estimation.one_level import fit_levels
from ..estimation.quieter import quieter
from ..estimation.salt_pepper import ImpulsePair, beside
from ..estimation.scale import smallest_spread
from ..estimation.surroundings import TELLING, impulses_in
from ..estimation.values import FewValues, few_values, impulse_limits, without_impulses
from ..parameters import (
    SPREADS,
    levels_parameter,
    limits_parameter,
    share_parameter,
    spread_parameter,
)
from ._families import GreyNoise

__all__ = ["SaltPepperNoise"]

_GUESS = (1e-4, 0.45)
_FEWEST = 1e-3  # share of replaced pixels
_PRIOR = (0.05, 10.0)  # impulses and pixels of the prior


@dataclass(frozen=True)
class SaltPepperNoise(GreyNoise):
    r"""Some pixels are replaced by white or black, whatever they were.

    .. math:: p(x_i \mid z_i) = s\,[x_i = w] + p\,[x_i = b] + (1 - s - p)\,g(x_i \mid z_i)

    with impulses at the ends b and w of the scale. Pixels left alone are
    normal about their level, saturated where the scale ends, or with sigma 0
    the level itself (a value is then read as the nearest level or end). An
    impulse says next to nothing about its pixel, which is filled in from its
    neighbours. Where the levels themselves are the ends (a two-valued picture)
    only the replacements are seen: black pixels are white with probability s,
    white ones black with p, and the field is the log odds of that asymmetric
    channel.

    Parameters
    ----------
    salt, pepper : float, default 0.05
        Probability that a pixel is replaced by white or black, in [0, 1) and
        less than 1 together. With salt 0 white pixels are white: stars stay.
    sigma : float, default 0
        Standard deviation of the pixels left alone: 0, or in [1e-30, 1e30].
    levels : tuple of float, default (-1, 1)
        Grey values of black and white.
    limits : tuple of float, default (-1, 1)
        The ends of the scale, where impulses lie.

    Raises
    ------
    ParameterError
        A parameter is not finite or out of range, or the levels do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = SaltPepperNoise(salt=0.02, pepper=0.01)
    >>> x = noise.sample(np.array([[-1, 1]]), np.random.default_rng(0))
    >>> dark, bright = noise.log_likelihood(x)
    >>> x.shape, (bright > dark).tolist()
    ((1, 2), [[False, True]])
    """

    name: ClassVar[str] = "salt-pepper"
    summary: ClassVar[str] = "pixels replaced by white or black (dead pixels, dust, bit errors)"
    tried: ClassVar[Tried | None] = Tried(two_valued=None, earn=10.0)

    salt: float = share_parameter(0.05, "Share of pixels replaced by white", most=1.0)
    pepper: float = share_parameter(0.05, "Share of pixels replaced by black", most=1.0)
    sigma: float = spread_parameter(0.0, "Standard deviation of the pixels left alone", low=0.0)
    levels: tuple[float, float] = levels_parameter()
    limits: tuple[float, float] = limits_parameter((-1.0, 1.0))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.salt + self.pepper >= 1:
            raise ParameterError("salt", "and pepper must be less than 1 together")
        if 0 < self.sigma < SPREADS[0]:
            message = f"must be 0 or at least {SPREADS[0]:g}, not {self.sigma}"
            raise ParameterError("sigma", message)

    @property
    def spread(self) -> float:
        """The standard deviation of the pixels left alone."""
        return self.sigma

    @property
    def two_valued(self) -> bool:
        """Whether a pixel is black or white, replaced or not."""
        return self.sigma == 0 and self.levels == self.limits

    @property
    def needed(self) -> bool:
        """Whether more is replaced than what may be the tails of other noise."""
        return self.salt + self.pepper > _FEWEST

    @classmethod
    def plausible(
        cls, x: NDArray[Any], mask: NDArray[np.bool_] | None, simpler: NoiseModel
    ) -> bool:
        """Return whether more pixels lie at the ends of the scale than a simpler model puts there.

        Of grey pictures; a two-valued one has nothing but ends.
        """
        return simpler.two_valued or has_impulses(x, mask, simpler)

    def on_scale(self, levels: tuple[float, float], limits: tuple[float, float] | None) -> Self:
        """Return the same noise about other levels; a scale without ends gets some.

        Impulses then lie half the levels' distance beyond them.
        """
        beyond = (levels[1] - levels[0]) / 2
        return super().on_scale(levels, limits or (levels[0] - beyond, levels[1] + beyond))

    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return noisy grey values of the spins `z`, clipped to `limits`.

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
        x = np.where(z > 0, np.float32(self.levels[1]), np.float32(self.levels[0]))
        if self.sigma > 0:
            x += np.float32(self.sigma) * rng.standard_normal(z.shape, dtype=np.float32)
        np.clip(x, *self.limits, out=x)
        u = rng.random(z.shape)
        x[u < self.salt] = self.limits[1]
        x[u >= 1 - self.pepper] = self.limits[0]
        return x

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        salt: float | None = None,
        pepper: float | None = None,
        sigma: float | None = None,
        levels: tuple[float, float] | None = None,
        limits: tuple[float, float] | None = None,
    ) -> Self:
        """Return the parameters estimated from a noisy picture.

        Of a grey picture by EM over levels and impulses, begun with the
        pixels between the ends of the scale. Of a picture with few values as
        flips are (`FlipPerLevelNoise.from_image`): grey values alone do not
        tell salt from white, and where black has no parts of its own, salt is
        taken to be as frequent as pepper.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        salt, pepper, sigma, levels, limits
            The model's parameters, where they need not be estimated. By
            default the limits are the ends of an unsigned picture's dtype, the
            two values of a two-valued picture, and the least and the largest
            value of another picture if several pixels have them.

        Warns
        -----
        EstimationWarning
            There is one level, or two that are close.
        """
        given = {"salt": salt, "pepper": pepper, "sigma": sigma, "levels": levels}
        known: dict[str, Any] = {n: value for n, value in given.items() if value is not None}
        # What is given is checked before anything is estimated.
        cls(**known, limits=(-1.0, 1.0) if limits is None else limits)
        few = few_values(x, mask, levels, limits)
        if few is not None:
            return replace(cls(*_rates(x, mask, few), 0.0, few.levels, few.limits), **known)
        span = limits or impulse_limits(x, mask)
        guess = first_guess(x, mask, levels, span, quiet=True)
        if guess.noiseless:
            quiet = {"salt": _GUESS[0], "pepper": _GUESS[0], "sigma": guess.sigma}
            return cls(**{**quiet, "levels": guess.levels, **known, "limits": span})
        start = cls(sigma=guess.sigma, limits=span)._begin(x, mask, *guess.data[:2])
        start = replace(start, **{**known, **beside(known, start.salt, start.pepper)})
        if "levels" in known:
            known["levels"] = start.levels
        if start.sigma == 0:
            return start
        found = start._like(fit_levels(x, guess, start._pair(x), **known))
        if sigma is None:
            found = found._within_reason(x, mask, levels)
        seen = {n: float(np.clip(getattr(found, n), *_GUESS)) for n in ("salt", "pepper")}
        return replace(found, **{**known, **beside(known, **seen)})

    def _within_reason(
        self,
        x: NDArray[Any],
        mask: NDArray[np.bool_] | None,
        levels: tuple[float, float] | None,
    ) -> Self:
        """Return the model with the spread, and with no more impulses, than flat surroundings have.

        Ink at the end of the scale is a level and no pepper: it hangs together.
        """
        ends = self._ends(x)
        outer = np.asarray((x <= ends[0]) | (x >= ends[1]))
        quiet = quieter(x, mask, (self.levels, self.sigma), levels, self.limits, outer)
        found = self if quiet is None else replace(self, levels=quiet[0], sigma=quiet[1])
        middle = (found.levels[0] + found.levels[1]) / 2
        sides = zip(("salt", "pepper"), impulses_in(x, mask, middle, ends), strict=True)
        most = {name: side.most for name, side in sides if side.count >= TELLING}
        return replace(found, **{n: min(getattr(found, n), most[n]) for n in most})

    def _begin(
        self,
        x: NDArray[Any],
        mask: NDArray[np.bool_] | None,
        values: NDArray[np.float64],
        weight: NDArray[np.float64],
    ) -> Self:
        """Return the model with levels and sigma of the pixels between the ends."""
        ends = self._ends(x)
        at = [
            float(np.average(at, weights=weight)) for at in (values >= ends[1], values <= ends[0])
        ]
        salt, pepper = (float(np.clip(share / 2, *_GUESS)) for share in at)
        low, high, sigma = without_impulses(x, mask, ends)
        sigma = max(sigma, smallest_spread(x, (low, high)))
        return replace(self, salt=salt, pepper=pepper, sigma=sigma, levels=(low, high))

    def _like(self, pair: ImpulsePair) -> Self:
        low, high = sorted(pair.levels)
        if not low < high:  # one component has swallowed the other
            low, high = low - pair.sigma, high + pair.sigma
        return type(self)(pair.salt, pair.pepper, pair.sigma, (low, high), self.limits)

    def _pair(self, x: NDArray[Any]) -> ImpulsePair:
        return ImpulsePair(
            self.levels, self.sigma, self.salt, self.pepper, self._ends(x), self.limits
        )

    def _ends(self, x: NDArray[Any]) -> tuple[float, float]:
        # Half a step for rounded values; for others, what float32 makes of the limits.
        low, high = self.limits
        reach = 0.5 if x.dtype.kind in "iu" else 1e-6 * (high - low)
        return low + reach, high - reach


def _rates(x: NDArray[Any], mask: NDArray[np.bool_] | None, few: FewValues) -> tuple[float, float]:
    """Return salt, counted in black parts, and pepper in white ones, or where only they are."""
    flips, most_of = flips_in(x, mask, (few.levels[0] + few.levels[1]) / 2)
    triples = zip(flips.shares(_PRIOR), reversed(few.shares), most_of, strict=True)
    salt, pepper = (
        float(np.clip(min(guess if share is None else share, most), *_GUESS))
        for guess, share, most in triples
    )
    return salt, pepper
