"""Line art: technical drawings, contours, curves, hatching."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from ._canvas import Picture, any_font, bilevel, canvas, log_uniform, words

__all__ = ["contours", "curves", "drawing"]


def _width(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 1, 1, 2, 2, 3, 4, 6]))


def drawing(rng: np.random.Generator, side: int) -> Picture:
    """Draw lines, circles, frames, hatching, arrows, chain lines, figures."""
    page, draw = canvas(side)
    parts = (_line, _circle, _frame, _hatching, _chain, _arrow, _figure, _spokes, _sand)
    for _ in range(int(rng.integers(2, 9))):
        parts[rng.integers(len(parts))](draw, rng, side)
    return bilevel(page)


def _line(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    ends = [int(v) for v in rng.integers(-20, side + 20, 4)]
    kind = rng.random()
    if kind < 0.3:
        ends[3] = ends[1]
    elif kind < 0.6:
        ends[2] = ends[0]
    draw.line(ends, fill=0, width=_width(rng))


def _circle(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    x, y = (float(v) for v in rng.uniform(-20, side + 20, 2))
    radius = log_uniform(rng, 2, 1.2 * side)
    squeeze = float(rng.choice([1.0, 1.0, rng.uniform(0.4, 1)]))
    box = (x - radius, y - squeeze * radius, x + radius, y + squeeze * radius)
    kind = rng.random()
    if kind < 0.15:
        draw.ellipse(box, fill=0)
    elif kind < 0.35:
        first, last = (float(v) for v in rng.uniform(0, 360, 2))
        draw.arc(box, first, last, fill=0, width=_width(rng))
    else:
        draw.ellipse(box, outline=0, width=_width(rng))


def _frame(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    x, y = (int(v) for v in rng.integers(-30, side, 2))
    wide, tall = (round(log_uniform(rng, 4, 1.5 * side)) for _ in range(2))
    fill = 0 if rng.random() < 0.15 else None
    draw.rectangle((x, y, x + wide, y + tall), outline=0, fill=fill, width=_width(rng))


def _hatching(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    x, y = (int(v) for v in rng.integers(-20, side, 2))
    size, step = int(rng.integers(12, 70)), int(rng.integers(3, 10))
    slope = int(rng.choice([-1, 0, 1]))
    width = 1 if step < 5 else int(rng.integers(1, 3))
    for k in range(0, size, step):
        if slope == 0:
            draw.line((x, y + k, x + size, y + k), fill=0, width=width)
        elif slope > 0:
            draw.line((x, y + k, x + k, y), fill=0, width=width)
            draw.line((x + k, y + size, x + size, y + k), fill=0, width=width)
        else:
            draw.line((x + k, y, x + size, y + size - k), fill=0, width=width)


def _chain(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    dash, gap = int(rng.integers(1, 12)), int(rng.integers(2, 7))
    place, width, dotted = int(rng.integers(0, side)), int(rng.integers(1, 3)), rng.random() < 0.5
    for start in range(0, side, dash + 2 * gap):
        ends = [start, place, start + dash, place]
        dot = [start + dash + gap, place]
        if side % 2:
            ends, dot = [place, start, place, start + dash], dot[::-1]
        draw.line(ends, fill=0, width=width)
        if dotted:
            draw.rectangle((*dot, dot[0] + width - 1, dot[1] + width - 1), fill=0)


def _arrow(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    x, y, size = int(rng.integers(0, side)), int(rng.integers(0, side)), int(rng.integers(5, 14))
    turn = int(rng.choice([-1, 1]))
    draw.line((x, y, x - turn * side, y), fill=0, width=1)
    draw.polygon((x, y, x - turn * size, y - size // 3, x - turn * size, y + size // 3), fill=0)


def _figure(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    place = (int(rng.integers(-10, side)), int(rng.integers(-5, side)))
    draw.text(place, words(rng, 1)[0], fill=0, font=any_font(rng, log_uniform(rng, 9, 24)))


def _spokes(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    x, y = (float(v) for v in rng.uniform(0, side, 2))
    inner, outer = np.sort(rng.uniform(2, side, 2))
    count = int(rng.integers(3, 24))
    width = _width(rng)
    for angle in 2 * np.pi * (np.arange(count) + rng.random()) / count:
        dx, dy = float(np.cos(angle)), float(np.sin(angle))
        draw.line((x + inner * dx, y + inner * dy, x + outer * dx, y + outer * dy), fill=0,
                  width=width)  # fmt: skip


def _sand(draw: ImageDraw.ImageDraw, rng: np.random.Generator, side: int) -> None:
    left, top = (int(v) for v in rng.integers(-20, side - 20, 2))
    for _ in range(int(rng.integers(5, 60))):
        x, y = left + int(rng.integers(0, 70)), top + int(rng.integers(0, 70))
        draw.rectangle((x, y, x + int(rng.integers(0, 3)), y + int(rng.integers(0, 3))), fill=0)


def curves(rng: np.random.Generator, side: int) -> Picture:
    """Draw smooth curves, as handwriting, signatures and plots have them."""
    page, draw = canvas(side)
    t = np.linspace(0, 1, 160)
    for _ in range(int(rng.integers(1, 6))):
        path = np.zeros((2, t.size))
        for k in range(1, int(rng.integers(3, 9))):
            wave = np.cos(2 * np.pi * k * t[None] + rng.uniform(0, 2 * np.pi, (2, 1)))
            path += rng.normal(size=(2, 1)) * side * 0.4 / k * wave
        path += rng.uniform(0, side, (2, 1))
        draw.line([(float(x), float(y)) for x, y in path.T], fill=0, width=_width(rng))
    return bilevel(page)


def contours(rng: np.random.Generator, side: int) -> Picture:
    """Draw contour lines of a smooth landscape."""
    from scipy import ndimage

    height = ndimage.gaussian_filter(rng.standard_normal((side, side)), log_uniform(rng, 5, 30))
    height = (height - height.min()) / max(float(np.ptp(height)), 1e-9) * rng.uniform(2, 10)
    slope = np.hypot(*np.gradient(height))
    distance = np.abs(height - np.rint(height)) / np.maximum(slope, 1e-3)
    thick = np.rint(height) % int(rng.integers(2, 6)) == 0
    return np.asarray(distance > np.where(thick, rng.uniform(0.7, 2), rng.uniform(0.5, 1.2)))
