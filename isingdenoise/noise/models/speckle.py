"""Specks of a few pixels, thrown on the picture at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..base import NoiseModel
from ..estimation.flips import two_levels, warn_if_grey
from ..estimation.parts import LARGEST
from ..estimation.specks import NO_SPECKS, Specks, find_specks, has_lone_parts
from ..parameters import check_levels, levels_parameter, parameter, share_parameter
from ..pixels import observed_or_none
from ._families import FlippedNoise

__all__ = ["SpeckleNoise"]

_MOST = 0.05  # specks a pixel
_SHARE = (1e-6, 0.45)  # of pixels in specks
_FLIPS = 0.02  # share of single flips from which they lie side by side too often
_SURE = 2.0  # field of a pixel that is taken for part of a speck, beyond all pull
#: The order in which a speck grows: its middle, a block of four, then of nine.
_GROWTH = ((0, 0), (0, 1), (1, 0), (1, 1), (0, -1), (1, -1), (-1, 0), (-1, 1), (-1, -1))


@dataclass(frozen=True)
class SpeckleNoise(FlippedNoise):
    r"""Specks of one to nine pixels lie on the picture at random, in the other level.

    There are as many on a pixel as a Poisson process of density `rate` has;
    their sizes are geometric with mean `size`, up to nine. A single pixel is
    in one with probability

    .. math:: p = 1 - e^{-\mathrm{rate} \cdot \mathrm{size}}

    and has the likelihood of a flip at that probability. The pixels of one
    speck are not independent: `reconsider` tells specks from dots as whole
    components, by how many there are far from all larger ones, and decides them.

    Parameters
    ----------
    rate : float, default 0.001
        Specks a pixel, in [0, 0.05].
    size : float, default 3
        Mean number of pixels of a speck, in [1, 9].
    levels : tuple of float, default (-1, 1)
        Grey values of black and white; a pixel is read as the nearer one.

    Raises
    ------
    ParameterError
        A parameter is not finite or out of range, or the levels do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> noise = SpeckleNoise(rate=0.01, size=2.0)
    >>> x = noise.sample(np.ones((64, 64)), np.random.default_rng(0))
    >>> x.shape, bool(20 < np.count_nonzero(x < 0) < 160)
    ((64, 64), True)
    """

    name: ClassVar[str] = "speckle"
    summary: ClassVar[str] = "two levels, specks of one to nine pixels (dust, bad copies, old film)"
    independent: ClassVar[bool] = False

    rate: float = share_parameter(
        1e-3, "Specks a pixel", most=_MOST, high_open=False, option="speck_rate"
    )
    size: float = parameter(
        3.0, "Mean number of pixels of a speck", low=1.0, high=float(LARGEST), option="speck_size"
    )
    levels: tuple[float, float] = levels_parameter()

    @property
    def share(self) -> float:
        """The share of pixels that lie in specks."""
        return float(np.clip(-np.expm1(-self.rate * self.size), *_SHARE))

    @property
    def rates(self) -> tuple[float, float]:
        """Probabilities that a black and that a white pixel lies in a speck."""
        return self.share, self.share

    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return the levels of the spins `z`, with specks of the other level.

        Parameters
        ----------
        z : ndarray, shape (H, W)
            Spins -1/+1, or bool.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray, float32
        """
        bright = np.atleast_2d(np.asarray(z) > 0)
        height, width = bright.shape
        count = int(rng.poisson(self.rate * bright.size))
        rows, columns = rng.integers(0, height, count), rng.integers(0, width, count)
        sizes = np.minimum(rng.geometric(1 / self.size, count), LARGEST)
        flipped = np.zeros(bright.shape, np.bool_)
        for k, (down, right) in enumerate(_GROWTH):
            reached = sizes > k
            i, j = rows[reached] + down, columns[reached] + right
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            flipped[i[inside], j[inside]] = True
        low, high = self.levels
        out = np.where(bright ^ flipped, np.float32(high), np.float32(low))
        return out.reshape(np.shape(z))

    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the rate at which as many pixels differ from their spin; the size stays.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture; NaN is left out.
        mean : ndarray, shape (H, W)
            Posterior means of the spins, in [-1, 1].
        """
        share = self._share_of_flips(x, mean)
        if share is None:
            return self
        rate = -np.log1p(-min(share, _SHARE[1])) / self.size
        return type(self)(float(np.clip(rate, 0.0, _MOST)), self.size, self.levels)

    @classmethod
    def suspected(
        cls, x: NDArray[Any], mask: NDArray[np.bool_] | None, simpler: NoiseModel
    ) -> float:
        """Return the nats by which specks at random lead a clean two-valued picture.

        0 where single flips are so many that they lie side by side.
        """
        if not simpler.two_valued or max(getattr(simpler, "rates", (0.0,))) > _FLIPS:
            return 0.0
        return sum(specks.evidence for specks in _specks(x, mask, simpler.levels))

    @classmethod
    def from_image(
        cls,
        x: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        rate: float | None = None,
        size: float | None = None,
        levels: tuple[float, float] | None = None,
    ) -> Self:
        """Return density and size of the specks of a picture.

        Counted are small components that larger ones do not explain
        (`noise.estimation.specks`), of both colours.

        Parameters
        ----------
        x : ndarray, shape (H, W)
            The noisy picture, of two grey levels or thresholded (Otsu).
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        rate, size, levels
            The model's parameters, where they need not be estimated.

        Warns
        -----
        EstimationWarning
            All pixels are equal, or many lie between the levels.
        """
        pair = check_levels(two_levels(x, mask) if levels is None else levels)
        if levels is None or rate is None or size is None:
            warn_if_grey(x, mask, pair, cls.name)
        if rate is not None and size is not None:
            return cls(rate, size, pair)
        found = _specks(x, mask, pair)
        count, pixels = sum(s.count for s in found), sum(s.pixels for s in found)
        known = x.size if mask is None else int(np.count_nonzero(mask))
        mean = min(pixels / count, float(LARGEST)) if count else 1.0
        share = min(count / max(known, 1), _MOST)
        return cls(share if rate is None else rate, mean if size is None else size, pair)

    def reconsider(
        self,
        field: NDArray[np.float32],
        x: NDArray[Any],
        mask: NDArray[np.bool_] | None,
        pull: float,
    ) -> None:
        """Decide small components as a whole, in place: specks turn, dots stay.

        Parameters
        ----------
        field : ndarray, shape (H, W), float32
            Of the Ising model.
        x : ndarray, shape (H, W)
            The noisy picture.
        mask : ndarray of bool, shape (H, W), optional
            False where a pixel is missing.
        pull : float
            The largest pull of all neighbours together.
        """
        for side, specks in zip((-1.0, 1.0), _specks(x, mask, self.levels), strict=True):
            own = np.where(specks.speck, -side, side) * (_SURE + pull)
            known = field[specks.rows, specks.columns] != 0
            field[specks.rows[known], specks.columns[known]] = own[known]


def _specks(
    x: NDArray[Any], mask: NDArray[np.bool_] | None, levels: tuple[float, float]
) -> list[Specks]:
    """Return the black specks of a picture, and the white ones."""
    middle = (levels[0] + levels[1]) / 2
    with np.errstate(invalid="ignore"):
        dark = ~x if x.dtype == np.bool_ else np.asarray(x < middle)
    planes = [dark, ~dark]
    known = observed_or_none(x, mask)
    if known is not None:
        planes = [plane & known for plane in planes]
    return [find_specks(p) if has_lone_parts(p) else NO_SPECKS for p in planes]
