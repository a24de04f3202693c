"""What all drawn pictures share: text antialiased, and what a scanner or a camera does to it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from quality.drawings import Picture, bilevel, canvas, font, paragraph
from scipy import ndimage

__all__ = [
    "Grey",
    "Picture",
    "Shot",
    "bilevel",
    "canvas",
    "expose",
    "font",
    "jpeg",
    "paragraph",
    "texture",
]

Grey = npt.NDArray[np.uint8]  # H x W, 255 is white
Floats = npt.NDArray[np.float64]  # H x W; a reflectance, 1 is paper and 0 is ink

FINE = 3  # drawn this much larger than shown: what is between is antialiasing


@dataclass(frozen=True)
class Shot:
    """How a drawing becomes grey values: what the optics, the light and the file do.

    Attributes
    ----------
    blur : float
        Standard deviation of the point spread, in pixels.
    ink, paper : float
        Grey values of ink and paper in full light.
    sigma : float
        Standard deviation of the sensor's noise, in grey values.
    fibre : float
        Standard deviation of the paper's texture, in grey values.
    quality : int or None
        Of the JPEG file; None stores as it is.
    shade : float
        Share of the light that is lost at the right edge.
    """

    blur: float = 0.6
    ink: float = 20.0
    paper: float = 245.0
    sigma: float = 2.0
    fibre: float = 1.5
    quality: int | None = 80
    shade: float = 0.0


def jpeg(x: npt.NDArray[Any], quality: int) -> Grey:
    """Return grey values as they come back from a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(grey(x)).save(file, "JPEG", quality=quality)
    with Image.open(file) as picture:
        return np.asarray(picture)


def grey(x: npt.NDArray[Any]) -> Grey:
    return np.clip(np.round(x), 0, 255).astype(np.uint8)


def texture(shape: tuple[int, int], rng: np.random.Generator, scale: float = 1.5) -> Floats:
    """Return paper fibres: blurred noise of standard deviation 1."""
    fibres = ndimage.gaussian_filter(rng.standard_normal(shape), scale)
    return np.asarray(fibres / fibres.std())


def expose(reflectance: Floats, shot: Shot, rng: np.random.Generator) -> Grey:
    """Return the picture that is taken of a drawing."""
    x = ndimage.gaussian_filter(reflectance, shot.blur) if shot.blur else reflectance
    x = shot.ink + (shot.paper - shot.ink) * x
    across = np.linspace(0, 1, x.shape[1])
    x = x * (1 - shot.shade * np.clip((across - 0.3) / 0.7, 0, 1) ** 1.2)
    if shot.fibre:
        x = x + shot.fibre * texture(x.shape, rng)
    x = x + shot.sigma * rng.standard_normal(x.shape)
    return grey(x) if shot.quality is None else jpeg(x, shot.quality)


def large(height: int, width: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a white canvas FINE times as large."""
    return canvas(height * FINE, width * FINE)


def reduced(page: Image.Image, gain: int = 0) -> Floats:
    """Return the reflectance of a large canvas at its true size, in [0, 1].

    `gain` is how far ink creeps into paper on both sides of a stroke, in
    pixels of the large canvas.
    """
    if gain:
        page = Image.fromarray(ndimage.minimum_filter(np.asarray(page), 1 + 2 * gain))
    size = page.width // FINE, page.height // FINE
    return np.asarray(page.resize(size, Image.Resampling.BOX)).astype(np.float64) / 255
