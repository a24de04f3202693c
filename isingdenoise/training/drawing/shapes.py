"""Shapes without ink: masks, silhouettes, cells, stars, paper."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from ._canvas import Picture, bilevel, canvas, log_uniform

__all__ = ["blank", "blobs", "cells", "silhouette", "stars", "textures"]


def _smooth(rng: np.random.Generator, side: int, width: float) -> Picture:
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(rng.standard_normal((side, side)), width))


def blobs(rng: np.random.Generator, side: int) -> Picture:
    """Draw a mask of two phases."""
    rough = _smooth(rng, side, log_uniform(rng, 1.5, 20))
    return np.asarray(rough > np.quantile(rough, rng.uniform(0.1, 0.9)))


def textures(rng: np.random.Generator, side: int) -> Picture:
    """Draw a thresholded photograph: shapes of all sizes."""
    rough = np.zeros((side, side))
    for width in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0):
        layer = _smooth(rng, side, width)
        rough += layer / layer.std() * width ** rng.uniform(0.3, 1.2)
    return np.asarray(rough > np.quantile(rough, rng.uniform(0.1, 0.9)))


def silhouette(rng: np.random.Generator, side: int) -> Picture:
    """Draw large shapes: polygons, rounded ones, with limbs."""
    page, draw = canvas(side)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, side, 2)
        corners = int(rng.integers(3, 40))
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radius = log_uniform(rng, 10, side) * rng.uniform(0.4, 1, corners)
        if rng.random() < 0.5:
            radius[:] = radius.mean()
        points = [(float(x + r * np.cos(a)), float(y + r * np.sin(a)))
                  for a, r in zip(angle, radius, strict=True)]  # fmt: skip
        draw.polygon(points, fill=0 if rng.random() < 0.75 else 255)
        if rng.random() < 0.5:
            _limb(draw, rng, float(x), float(y), side)
    out = bilevel(page)
    if rng.random() < 0.7:
        from scipy import ndimage

        grey = ndimage.gaussian_filter(out.astype(np.float32), log_uniform(rng, 0.5, 5))
        out = np.asarray(grey > 0.5)
    return out


def _limb(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, x: float, y: float, side: int
) -> None:
    width = int(rng.integers(2, 14))
    for _ in range(int(rng.integers(1, 5))):
        end = rng.uniform(-20, side + 20, 2)
        draw.line((x, y, float(end[0]), float(end[1])), fill=0, width=width)


def cells(rng: np.random.Generator, side: int) -> Picture:
    """Draw many discs or ellipses, apart or overlapping, some hollow, some with a nucleus."""
    page, draw = canvas(side)
    largest = log_uniform(rng, 4, 40)
    outline = int(rng.integers(1, 4)) if rng.random() < 0.4 else 0
    for _ in range(int(side * side / (9 * largest * largest)) + 2):
        x, y = (float(v) for v in rng.uniform(0, side, 2))
        a, b = (float(largest * v) for v in rng.uniform(0.5, 1, 2))
        box = (x - a, y - b, x + a, y + b)
        if outline:
            draw.ellipse(box, outline=0, width=outline)
        else:
            draw.ellipse(box, fill=0)
        if rng.random() < 0.3:
            draw.ellipse(
                (x - a / 3, y - b / 3, x + a / 3, y + b / 3), fill=255 - 255 * (outline > 0)
            )
    return bilevel(page)


def stars(rng: np.random.Generator, side: int) -> Picture:
    """Draw dots of 1 to some pixels, most of them small."""
    page, draw = canvas(side)
    fixed = round(log_uniform(rng, 1, 4)) if rng.random() < 0.4 else 0
    for _ in range(int(log_uniform(rng, 4, 200) * (side / 128) ** 2)):
        x, y = (int(v) for v in rng.integers(0, side, 2))
        if fixed:
            draw.rectangle((x, y, x + fixed - 1, y + fixed - 1), fill=0)
            continue
        radius = min(0.5 * rng.pareto(1.4) + 0.3, 12.0)
        if radius < 1.2:
            wide, tall = int(rng.integers(0, 3)), int(rng.integers(0, 3))
            draw.rectangle((x, y, x + wide, y + tall), fill=0)
        else:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return bilevel(page)


def blank(rng: np.random.Generator, side: int) -> Picture:
    """Draw paper, perhaps with an edge across it."""
    out = np.ones((side, side), np.bool_)
    if rng.random() < 0.6:
        y, x = np.indices(out.shape) - rng.uniform(0, side)
        angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.7 else 0.0
        out = np.asarray(np.cos(angle) * x + np.sin(angle) * y > 0)
    return out
