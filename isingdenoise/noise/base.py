"""What every noise model offers, and how it becomes the field of an Ising model.

Likelihoods are comparable: of an integer picture each pixel has the mass of
its grey value (the density times the step of 1; the mass of the whole tail
where the scale ends), of a float picture a density per unit of grey. So models
may be compared by what they give to pixels they were not fitted to, on
pictures of the same dtype and scale. `flip` and `flip-per-level` read a pixel
as the nearer of two levels and give the mass of that reading: on pictures of
more than two values they compare with each other alone.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..model import FIELD_LIMIT
from ..validation import check_real
from ._warnings import warn

__all__ = [
    "NoiseModel",
    "check_levels",
    "check_scale",
    "field_and_offset",
    "grey_values",
]

_PIXELS_AT_ONCE = 1 << 20
_OUT_OF_REACH = 10.0
_LARGEST = 1e30


class NoiseModel(Protocol):
    """A frozen dataclass of noise parameters: sampler, likelihood and estimates in one.

    Attributes
    ----------
    name : str
        Name in `NOISE_MODELS` and on the command line.
    summary : str
        One line for the list of noise models.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    @property
    def levels(self) -> tuple[float, float]:
        """Grey values (black, white) that stand for -1 and +1."""
        ...

    def log_likelihood(self, x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (log p(x | z = -1), log p(x | z = +1)), each of the shape of `x`."""
        ...

    def sample(self, z: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return noisy observations of the spins `z`, on the scale of `levels`."""
        ...

    def fit(self, x: NDArray[Any], mean: NDArray[Any]) -> Self:
        """Return the model of the M-step, given the posterior means of the spins."""
        ...

    @classmethod
    def from_image(cls, x: NDArray[Any], *args: Any, **known: Any) -> Self:
        """Return a first guess from a noisy picture.

        Every implementation takes `mask` (False where a pixel is missing) and
        its own parameters by keyword; those that are given are kept.
        """
        ...


def field_and_offset(
    noise: NoiseModel, x: NDArray[Any], mask: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float32], float]:
    """Return the field h = (l+ - l-) / 2 and the offset c = sum (l+ + l-) / 2.

    Missing pixels (NaN, or `mask` False) get field 0 and add nothing to c.

    Parameters
    ----------
    noise : NoiseModel
        Gives l- and l+.
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Returns
    -------
    field : ndarray, shape (H, W), float32
        Clipped to [-1e8, 1e8].
    offset : float

    Raises
    ------
    ParameterError
        The picture's grey values are nowhere near the noise model's levels.
    """
    field = np.empty(x.shape, np.float32)
    offset = 0.0
    rows = max(1, _PIXELS_AT_ONCE // x.shape[1])
    check_scale(noise.levels, x, mask, _spread(noise))
    if mask is not None and not mask.any():
        return np.zeros(x.shape, np.float32), 0.0
    # What stands in a missing pixel need not be a value the model knows.
    filler = x[0, 0] if mask is None else x[np.unravel_index(mask.argmax(), x.shape)]
    for start in range(0, x.shape[0], rows):
        band = slice(start, start + rows)
        seen = x[band] if mask is None else np.where(mask[band], x[band], filler)
        minus, plus = noise.log_likelihood(seen)
        h, c = (plus - minus) / 2, (plus + minus) / 2
        known = ~np.isnan(h)
        if mask is not None:
            known &= mask[band]
        field[band] = np.where(known, np.clip(h, -FIELD_LIMIT, FIELD_LIMIT), 0)
        offset += float(np.sum(c, where=known))
    return field, offset


def _spread(noise: NoiseModel) -> float:
    """Return the noise in grey values, 0 where the model has none."""
    sigmas = getattr(noise, "sigmas", None)
    if sigmas is not None:
        return float(max(sigmas))
    return float(getattr(noise, "sigma", getattr(noise, "scale", 0.0)))


def unit_scale(noise: NoiseModel, x: NDArray[Any]) -> NDArray[np.float32]:
    """Return `x` on the scale where the levels are -1 and +1, clipped there; NaN becomes 0.

    Parameters
    ----------
    noise : NoiseModel
        Gives the levels.
    x : ndarray, shape (H, W)
        The noisy picture.

    Returns
    -------
    ndarray, shape (H, W), float32
    """
    low, high = noise.levels
    out = np.empty(x.shape, np.float32)
    for row, target in zip(x, out, strict=True):
        grey = grey_values(row)
        target[...] = np.clip((2 * grey - (low + high)) / (high - low), -1, 1)
    np.copyto(out, np.float32(0), where=np.isnan(out))
    return out


def grey_values(x: NDArray[Any]) -> NDArray[np.float64]:
    """Return `x` as float64; a bool picture is read as -1 and +1."""
    if x.dtype == np.bool_:
        return np.where(x, 1.0, -1.0)
    return x.astype(np.float64)


def observed(x: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return which pixels are neither NaN nor masked out."""
    known = ~np.isnan(x) if x.dtype.kind == "f" else np.ones(x.shape, np.bool_)
    return known if mask is None else known & mask


def check_levels(levels: Any, name: str = "levels") -> tuple[float, float]:
    """Return (low, high) as finite floats with low < high.

    Raises
    ------
    ParameterError
        Not two numbers, or not in this order.
    """
    try:
        low, high = levels
    except (TypeError, ValueError):
        raise ParameterError(name, f"must be two numbers LO,HI, not {levels!r}") from None
    low = check_real(name, low, low=-_LARGEST, high=_LARGEST)
    high = check_real(name, high, low=-_LARGEST, high=_LARGEST)
    if not low < high:
        raise ParameterError(name, f"must rise (black, then white), not {low:g}, {high:g}")
    return low, high


def levels_of_constant(value: float, integer_range: tuple[float, float] | None) -> Any:
    """Return levels that make a picture of one grey value all white or all black, and warn."""
    levels, colour = one_level(value, integer_range)
    warn(
        f"all pixels are equal: the levels cannot be estimated, the picture comes out all {colour}",
        stacklevel=3,
    )
    return levels


def one_level(
    value: float, integer_range: tuple[float, float] | None, spread: float = 0.0
) -> tuple[tuple[float, float], str]:
    """Return levels for a picture that has but one, and the colour it comes out in.

    Parameters
    ----------
    value : float
        The one level: white from the middle of the scale on.
    integer_range : tuple of float or None
        The ends of the scale; None for -1 and 1.
    spread : float
        Standard deviation of the noise: the other level lies ten of it away at least.
    """
    low, high = integer_range or (-1.0, 1.0)
    far = max(1.0, _OUT_OF_REACH * spread)
    if value >= (low + high) / 2:
        return (max(min(low, value - far), -_LARGEST), value), "white"
    return (value, min(max(high, value + far), _LARGEST)), "black"


def check_scale(
    levels: tuple[float, float],
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
    sigma: float = 0.0,
) -> None:
    """Refuse levels that cannot belong to this picture (-1 and +1 for greys up to 255).

    Parameters
    ----------
    levels : tuple of float
        Grey values of black and white.
    x : ndarray, shape (H, W)
        The noisy picture.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.
    sigma : float
        Standard deviation of the noise, where it is known.

    Raises
    ------
    ParameterError
        On average the grey values lie outside the levels by more than five
        times their distance (or sigma), or all on one side for a bool picture.
    """
    low, high = levels
    if x.dtype == np.bool_ and not -1 < (low + high) / 2 <= 1:
        raise ParameterError(
            "levels", f"black {low:g} and white {high:g} do not fit a 1-bit picture (-1 and 1)"
        )
    step = max(1, x.size // _PIXELS_AT_ONCE)
    sample = x if mask is None else x[mask]
    grey = grey_values(sample.reshape(-1)[::step])
    grey = grey[~np.isnan(grey)]
    if grey.size == 0:
        return
    distance = float(np.mean(np.maximum(np.maximum(low - grey, grey - high), 0)))
    if distance > 5 * max(high - low, sigma):
        raise ParameterError(
            "levels",
            f"black {low:g} and white {high:g} do not fit a picture of grey values "
            f"{grey.min():g} to {grey.max():g}; give its own levels, or let them be estimated",
        )
