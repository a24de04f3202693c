"""Text: paragraphs, headlines, tables, print that has been through a scanner."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw, ImageFont

from ._canvas import Picture, any_font, bilevel, canvas, log_uniform, words

__all__ = ["form", "headline", "paragraph", "scanned", "small_print"]


def _threshold(rng: np.random.Generator) -> float:
    """Return at which grey an antialiased stroke counts as ink."""
    return 128.0 if rng.random() < 0.6 else float(rng.uniform(80, 180))


def _fill(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    box: tuple[int, int, int, int],
    font: ImageFont.FreeTypeFont,
    leading: float,
) -> None:
    """Fill the box (left, top, right, bottom) with words."""
    left, top, right, bottom = box
    step = max(5, round(font.size * leading))
    letters = max(2, round((right - left) / (0.5 * font.size)))
    for y in range(top, bottom, step):
        if rng.random() < 0.06:
            continue
        line = " ".join(words(rng, letters // 5 + 1))[: letters + 2]
        if rng.random() < 0.15:  # the last line of a paragraph
            line = line[: len(line) // 2]
        draw.text((left, y), line, fill=0, font=font)


def _text(rng: np.random.Generator, side: int, low: float, high: float) -> Picture:
    page, draw = canvas(side)
    if rng.random() < 0.15:
        draw.fontmode = "1"  # strokes fitted to pixels, as old screens and faxes have them
    size = log_uniform(rng, low, high)
    edge = (
        int(rng.integers(-int(size), side // 3)) if rng.random() < 0.4 else int(rng.integers(-8, 4))
    )
    top = int(rng.integers(-int(size), int(size)))
    first = any_font(rng, size)
    split = int(rng.integers(side // 3, side)) if rng.random() < 0.25 else side
    _fill(draw, rng, (edge, top, side, split), first, float(rng.uniform(1.05, 1.8)))
    if split < side:
        other = any_font(rng, log_uniform(rng, low, high))
        _fill(draw, rng, (edge, split + 2, side, side), other, 1.3)
    return bilevel(page, _threshold(rng))


def small_print(rng: np.random.Generator, side: int) -> Picture:
    """Draw text of 7 to 13 pixels."""
    return _text(rng, side, 7, 13)


def paragraph(rng: np.random.Generator, side: int) -> Picture:
    """Draw text of 11 to 28 pixels."""
    return _text(rng, side, 11, 28)


def headline(rng: np.random.Generator, side: int) -> Picture:
    """Draw text of 28 to 100 pixels."""
    return _text(rng, side, 28, 100)


def scanned(rng: np.random.Generator, side: int) -> Picture:
    """Draw text with rough edges: blurred, ink and threshold uneven."""
    from scipy import ndimage

    page, draw = canvas(side)
    size = log_uniform(rng, 13, 48)
    _fill(
        draw,
        rng,
        (-4, int(rng.integers(-int(size), int(size))), side, side),
        any_font(rng, size),
        1.35,
    )
    grey = ndimage.gaussian_filter(np.asarray(page, np.float32), float(rng.uniform(0.5, 1.6)))
    rough = ndimage.gaussian_filter(rng.standard_normal((side, side)), float(rng.uniform(0.6, 3)))
    rough *= float(rng.uniform(5, 40)) / max(float(rough.std()), 1e-6)
    return np.asarray(grey + rough > rng.uniform(90, 190))


def form(rng: np.random.Generator, side: int) -> Picture:
    """Draw a form or table: rules, boxes, ticks, leaders of dots, labels."""
    page, draw = canvas(side)
    row = int(rng.integers(14, 44))
    small = any_font(rng, log_uniform(rng, 8, 18))
    columns = sorted(int(x) for x in rng.integers(0, side, int(rng.integers(0, 4))))
    width = int(rng.choice([1, 1, 1, 2, 3]))
    ruled, boxed = rng.random() < 0.6, rng.random() < 0.4
    for top in range(int(rng.integers(-row, row)), side, row):
        if ruled:
            draw.line((0, top, side, top), fill=0, width=width)
        text = " ".join(words(rng, 3))
        draw.text((int(rng.integers(0, 12)), top + 2), text, fill=0, font=small)
        y = top + row - 3 - int(rng.integers(0, 4))
        kind = rng.random()
        if kind < 0.45:
            _leader(draw, rng, y, side)
        elif kind < 0.6:
            _boxes(draw, rng, top + 2, min(row - 5, 16), side)
    for x in columns if boxed or ruled else ():
        draw.line((x, 0, x, side), fill=0, width=width)
    return bilevel(page, _threshold(rng))


def _leader(draw: ImageDraw.ImageDraw, rng: np.random.Generator, y: int, side: int) -> None:
    step, wide, tall = int(rng.integers(3, 9)), int(rng.integers(0, 3)), int(rng.integers(0, 2))
    for x in range(int(rng.integers(0, side // 2)), side, step):
        draw.rectangle((x, y, x + min(wide, step - 3), y + tall), fill=0)


def _boxes(
    draw: ImageDraw.ImageDraw, rng: np.random.Generator, top: int, size: int, side: int
) -> None:
    for x in range(int(rng.integers(0, 20)), side, size + int(rng.integers(3, 40))):
        draw.rectangle((x, top, x + size, top + size), outline=0, width=int(rng.integers(1, 3)))
        if rng.random() < 0.4:
            inner = (x + 2, top + 2, x + size - 2, top + size - 2)
            draw.line(inner, fill=0, width=int(rng.integers(1, 3)))
            draw.line((inner[0], inner[3], inner[2], inner[1]), fill=0, width=1)
