"""Text with specks of dirt, and blank pages: what should go, and what should not come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from quality.drawings import Picture, bilevel, canvas, font, paragraph
from real.drawing import Grey, grey, jpeg, texture
from scipy import ndimage

CLEAR = 3  # pixels of white between a speck and all else


@dataclass(frozen=True)
class Specked:
    """A page of text with specks; `specks` and `dots` are what was drawn, True where black."""

    name: str
    picture: Picture | Grey
    specks: Picture
    dots: Picture
    clean: Picture


def text_with_dots(size: int = 24, side: int = 480) -> tuple[Picture, Picture]:
    """Return text, and where its dots are: those of i and j, full stops, colons, leaders."""
    page, pen = canvas(side, side)
    face = font("DejaVuSans", size)
    paragraph(pen, (16, 10, side - 16, side - 3 * size), face)
    for row in range(2):
        y = side - (3 - row * 1.3) * size
        pen.text((16, y), f"Figure {row + 1}" + " ." * 12 + f" {row + 7}", fill=0, font=face)
    clean = bilevel(page)
    names, count = ndimage.label(~clean, np.ones((3, 3)))
    area = np.bincount(names.ravel(), minlength=count + 1)
    small = np.flatnonzero(area <= (size / 4) ** 2)
    return clean, np.isin(names, small[small > 0])


def specked(name: str, sizes: tuple[int, ...], count: int = 300, seed: int = 0) -> Specked:
    """Return text with `count` specks, squares of sides drawn from `sizes`, clear of the text."""
    rng = np.random.default_rng(seed)
    clean, dots = text_with_dots()
    free = ndimage.distance_transform_cdt(clean, "chessboard") > CLEAR + max(sizes)
    free[: CLEAR + 1] = free[-CLEAR - max(sizes) :] = False
    free[:, : CLEAR + 1] = free[:, -CLEAR - max(sizes) :] = False
    specks = np.zeros_like(clean)
    for _ in range(count):
        where = np.flatnonzero(free)
        if not where.size:
            break
        i, j = np.unravel_index(int(rng.choice(where)), free.shape)
        height, width = rng.choice(sizes, 2) if len(sizes) > 1 else (sizes[0], sizes[0])
        specks[i : i + height, j : j + width] = True
        reach = CLEAR + max(sizes)
        free[max(i - reach, 0) : i + reach + 1, max(j - reach, 0) : j + reach + 1] = False
    return Specked(name, clean & ~specks, specks, dots, clean)


def pages() -> list[Specked]:
    """Return pages with specks of one, of two by two, and of one to three pixels."""
    out = [
        specked("specks of 1 px", (1,), seed=1),
        specked("specks of 2 x 2 px", (2,), seed=2),
        specked("specks of 1 to 3 px", (1, 2, 3), seed=3),
    ]
    grey_ones = [
        Specked(f"{page.name}, grey", _scanned(page.picture, k), page.specks, page.dots, page.clean)
        for k, page in enumerate(out[:2])
    ]
    return out + grey_ones


def _scanned(picture: Picture, seed: int) -> Grey:
    rng = np.random.default_rng(seed)
    return grey(np.where(picture, 235.0, 30.0) + 2 * rng.standard_normal(picture.shape))


def blanks() -> dict[str, Grey]:
    """Return pages with nothing on them."""
    shape = (400, 320)
    rng = np.random.default_rng(4)
    flat = np.full(shape, 240.0)
    fibres = texture(shape, rng)
    across = np.linspace(-1, 1, shape[1])
    gutter = 1 - 0.25 * np.clip(across - 0.5, 0, 1)
    soft = 1 - 0.15 / (1 + np.exp(-8 * across))
    return {
        "blank": flat.astype(np.uint8),
        "blank, JPEG 75": jpeg(flat + 1.5 * rng.standard_normal(shape), 75),
        "blank, JPEG 50, noise 4": jpeg(flat - 20 + 4 * rng.standard_normal(shape), 50),
        "paper texture": jpeg(flat - 10 + 4 * fibres, 85),
        "coarse texture, JPEG 60": jpeg(flat - 10 + 4 * texture(shape, rng, 4), 60),
        "shadow of a gutter": jpeg(flat * gutter + rng.standard_normal(shape), 85),
        "soft shadow": jpeg(flat * soft + rng.standard_normal(shape), 85),
    }
