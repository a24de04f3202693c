"""Clean two-level pictures, drawn: what the shipped prior is trained on.

Every picture is a function of a random generator alone. Fonts and texts are not those of
the pictures on which the project is measured.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import codes, lines, screens, shapes, text
from ._canvas import Picture

__all__ = ["KINDS", "Picture", "draw"]

#: Every kind, and how often it is drawn.
KINDS: dict[str, tuple[Callable[[np.random.Generator, int], Picture], float]] = {
    "small print": (text.small_print, 3.0),
    "paragraph": (text.paragraph, 3.0),
    "headline": (text.headline, 1.5),
    "scanned": (text.scanned, 1.5),
    "form": (text.form, 2.0),
    "qr": (codes.qr, 2.0),
    "modules": (codes.modules, 1.0),
    "barcode": (codes.barcode, 2.0),
    "drawing": (lines.drawing, 3.5),
    "curves": (lines.curves, 1.0),
    "contours": (lines.contours, 1.2),
    "blobs": (shapes.blobs, 1.2),
    "textures": (shapes.textures, 1.5),
    "silhouette": (shapes.silhouette, 2.5),
    "cells": (shapes.cells, 1.0),
    "stars": (shapes.stars, 1.5),
    "blank": (shapes.blank, 0.4),
    "halftone": (screens.halftone, 1.0),
    "dither": (screens.dither, 0.8),
    "stripes": (screens.stripes, 0.5),
}
_INVERTED = 0.25  # white on black, as micrographs and stars are
_TURNED = 0.12
_TOGETHER = 0.2  # two kinds on one page


def draw(rng: np.random.Generator, side: int, kind: str | None = None) -> Picture:
    """Draw a picture of side x side pixels, of any kind or a named one.

    Parameters
    ----------
    rng : numpy.random.Generator
        All its chance.
    side : int
        Pixels of a side.
    kind : str, optional
        A name of `KINDS`.

    Returns
    -------
    ndarray, shape (side, side), bool
        True is bright.
    """
    picture = _one(rng, side, kind)
    if kind is None and rng.random() < _TOGETHER:
        picture = _beside(rng, picture, _one(rng, side, None))
    if rng.random() < _INVERTED:
        picture = ~picture
    if rng.random() < _TURNED:
        picture = np.rot90(picture, int(rng.integers(1, 4)))
    if rng.random() < _TURNED:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def _one(rng: np.random.Generator, side: int, kind: str | None) -> Picture:
    if kind is None:
        weights = np.array([weight for _, weight in KINDS.values()])
        kind = list(KINDS)[rng.choice(len(KINDS), p=weights / weights.sum())]
    return KINDS[kind][0](rng, side)


def _beside(rng: np.random.Generator, first: Picture, second: Picture) -> Picture:
    """Return one picture with a part of the other on it."""
    side = len(first)
    out = first.copy()
    top, left = (int(v) for v in rng.integers(0, side, 2))
    if rng.random() < 0.5:
        out[top:] = second[top:]
    else:
        out[:, left:] = second[:, left:]
    return out
