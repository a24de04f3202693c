"""Uneven light: whether a picture lies in it, and the picture divided by it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..background import edges_of, estimate_background, light_of
from ..errors import ParameterError
from ..noise import AUTO, NoiseModel, NoiseSpec, grey_split, observed_or_none, spread_in
from ..validation import check_choice, check_image
from .choice import Choice

__all__ = ["DETECT", "LIGHTS", "detect_light", "divided_by"]

#: Divide by the light where one threshold evidently misses edges.
DETECT = "detect"
#: The names of lights.
LIGHTS = (DETECT, AUTO)

_MISSED = 0.05  # share of edges, by contrast, that even light does not explain
_CURED = 0.5  # of these: what the surface must cross
_LARGEST_GREY = 1e30  # squares and sums of grey values up to this size stay finite


def detect_light(
    x: NDArray[Any], mask: NDArray[np.bool_] | None = None
) -> NDArray[np.float32] | None:
    """Return the light on a grey picture where it is evidently uneven, else None.

    Otsu's threshold must miss a twentieth of the edges at least, and the
    threshold that follows the edges at most half as many. Noise that hides
    the edges hides uneven light too: then it is taken for even.

    Parameters
    ----------
    x : ndarray, shape (H, W)
        The noisy picture, checked.
    mask : ndarray of bool, shape (H, W), optional
        False where a pixel is missing.

    Returns
    -------
    ndarray, shape (H, W), float32, or None
        Positive, of median 1 about the picture's tiles.
    """
    if x.dtype == np.bool_:
        return None
    split = grey_split(x, mask)
    if split is None or split[0] <= 0:
        return None  # the light is no factor
    threshold, low, high = split
    sigma = spread_in(x, mask, threshold)
    if sigma is None:
        return None
    edges = edges_of(x, observed_or_none(x, mask), high - low, sigma)
    missed = 0.0 if edges is None else edges.missed(threshold)
    if edges is None or missed < _MISSED:
        return None
    share = float(np.mean(x > threshold))
    if edges.missed(edges.surface(high - low, bright=share >= 0.5)) > _CURED * missed:
        return None
    return light_of(edges, x.shape, high - low, bright=share >= 0.5)


def divided_by(
    background: str | ArrayLike | None,
    x: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    noise: str | NoiseModel | NoiseSpec | Choice = AUTO,
) -> tuple[NDArray[np.float32] | None, NDArray[Any]]:
    """Return the light, None where it is even, and the picture divided by it.

    Parameters are those of `denoise`, checked.

    Raises
    ------
    ParameterError
        Not a name, and not a positive array of the picture's shape.
    """
    if background is None:
        return None, x
    light: NDArray[np.float32] | None
    if isinstance(background, str):
        check_choice("background", background, LIGHTS)
        chosen = noise == AUTO or (isinstance(noise, NoiseSpec) and noise.name == AUTO)
        if background == AUTO:
            light = estimate_background(x, mask)
            light = None if np.all(light == 1) else light
        else:
            light = detect_light(x, mask) if chosen else None
    else:
        light = check_image("background", background, high=_LARGEST_GREY).astype(np.float32)
        if light.shape != x.shape:
            raise ParameterError("background", f"has shape {light.shape}, the image has {x.shape}")
        if not bool(np.all(light > 0)):
            raise ParameterError("background", "must be positive everywhere")
    if light is None or x.dtype == np.bool_:
        return light, x  # two values have no light to divide by
    return light, np.asarray(x / light, np.float32)
