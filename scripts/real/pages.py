"""Grey pages as scanners make them, in the layouts and at the resolutions that are met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ImageDraw
from real.drawing import FINE, Floats, Grey, Shot, expose, font, large, reduced

QUIET, NOISY, LIGHT = "quiet", "noisy", "light"

WORDS = (  # noqa: SIM905
    "the observer noted that every copy of this page loses a little of its ink while noise "
    "collects between words; a table of figures follows (see section 3.1), and italics of "
    "hairline strokes. Each model predicts hidden pixels: i, j, ; and : must survive. Quick "
    "brown foxes judge seven lazy dogs at 75 dpi, 100 dpi and 300 dpi. In 1985 the price was "
    "$12.50 or 8.75 per copy."
).split()


@dataclass(frozen=True)
class Page:
    """One page: what stands on it, and how it was taken."""

    name: str
    dpi: int
    points: float
    face: str
    shot: Shot
    layout: str = "text"
    gain: int = 0
    kind: str = QUIET


PAGES = (
    Page("75 dpi, 12 pt serif", 75, 12, "DejaVuSerif", Shot(0.4, 0, 245, 1, 1.0, 80)),
    Page("75 dpi, table", 75, 11, "DejaVuSans", Shot(0.3, 0, 255, 0.5, 0, 90), "table"),
    Page("100 dpi, title page", 100, 12, "STIXGeneral", Shot(0.4, 10, 250, 1, 1.0, 85), "title"),
    Page("100 dpi, 11 pt STIX", 100, 11, "STIXGeneral", Shot(0.5, 20, 245, 2, 1.5, 75)),
    Page("100 dpi, 14 pt italics", 100, 14, "STIXGeneralItalic", Shot(0.6, 10, 245, 2, 1.5, 60)),
    Page("150 dpi, 10 pt Computer Modern", 150, 10, "cmr10", Shot(0.6, 30, 245, 3, 1.5, 85)),
    Page("150 dpi, 9 pt sans, JPEG 50", 150, 9, "DejaVuSans", Shot(0.8, 0, 245, 3, 1.5, 50)),
    Page("150 dpi, low contrast", 150, 11, "DejaVuSerif-Bold", Shot(1.0, 120, 200, 3, 1.5, 75)),
    Page("150 dpi, dot leaders", 150, 11, "DejaVuSerif", Shot(0.6, 20, 245, 2, 1.5, 85), "leaders"),
    Page("200 dpi, 9 pt italics", 200, 9, "DejaVuSerif-Italic", Shot(0.9, 40, 245, 4, 1.5, 90)),
    Page("200 dpi, 8 pt mono, ink gain", 200, 8, "DejaVuSansMono", Shot(0.7, 10, 245, 3, 1.5, 80),
         gain=1),
    Page("200 dpi, table", 200, 9, "DejaVuSans", Shot(0.7, 20, 235, 3, 2.0, 75), "table"),
    Page("300 dpi, 8 pt serif", 300, 8, "DejaVuSerif", Shot(1.2, 20, 245, 5, 1.5, 75)),
    Page("300 dpi, 7 pt italics, rough paper", 300, 7, "STIXGeneralItalic",
         Shot(1.0, 30, 225, 3, 5.0, 90)),
    Page("150 dpi, noise 0.16", 150, 10, "DejaVuSerif", Shot(0.6, 0, 245, 20, 1.5, 95),
         kind=NOISY),
    Page("200 dpi, noise 0.29", 200, 10, "STIXGeneral", Shot(0.6, 0, 245, 35, 1.5, 95),
         kind=NOISY),
    Page("300 dpi, noise 0.37", 300, 9, "DejaVuSans", Shot(0.8, 0, 245, 45, 1.5, 95),
         kind=NOISY),
    Page("200 dpi, noise 0.49", 200, 10, "STIXGeneral", Shot(0.6, 0, 245, 60, 1.5, 95),
         kind=NOISY),
    Page("300 dpi, noise 0.65", 300, 9, "DejaVuSans", Shot(0.6, 0, 245, 80, 1.5, 95),
         kind=NOISY),
    Page("150 dpi, shade to 0.35", 150, 10, "DejaVuSans",
         Shot(0.6, 30, 245, 3, 1.5, 80, shade=0.65), kind=LIGHT),
    Page("200 dpi, shade to 0.3", 200, 10, "cmr10",
         Shot(0.7, 10, 245, 3, 1.5, 80, shade=0.7), kind=LIGHT),
)  # fmt: skip


def draw(page: Page, seed: int, inches: tuple[float, float] = (4.2, 5.2)) -> tuple[Grey, Floats]:
    """Return the grey page, and the reflectance (0 ink, 1 paper) that was drawn."""
    rng = np.random.default_rng(seed)
    height, width = (int(side * page.dpi) for side in inches)
    image, pen = large(height, width)
    LAYOUTS[page.layout](pen, page, (height * FINE, width * FINE), rng)
    reflectance = reduced(image, page.gain)
    return expose(reflectance, page.shot, rng), reflectance


def _text(
    pen: ImageDraw.ImageDraw, page: Page, size: tuple[int, int], rng: np.random.Generator,
    top: float | None = None,
) -> None:  # fmt: skip
    """Fill the page from `top` on with words by chance."""
    face, step, margin = _face(page), _step(page), 0.3 * page.dpi * FINE
    y = margin if top is None else top
    while y < size[0] - margin - step:
        line = ""
        while True:
            longer = f"{line} {rng.choice(WORDS)}".strip()
            if margin + pen.textlength(longer, font=face) > size[1] - margin:
                break
            line = longer
        pen.text((margin, y), line, font=face, fill=0)
        y += step


def _table(
    pen: ImageDraw.ImageDraw, page: Page, size: tuple[int, int], rng: np.random.Generator
) -> None:
    """Rule a table of words and figures."""
    face, step, margin = _face(page), _step(page) * 1.25, 0.3 * page.dpi * FINE
    rule = max(1, round(page.dpi * FINE / 150))
    columns = np.linspace(margin, size[1] - margin, 6)
    y = margin
    while y < size[0] - margin - step:
        pen.line((margin, y, size[1] - margin, y), fill=0, width=rule)
        inside = y + 0.12 * step
        pen.text((columns[0] + rule * 4, inside), str(rng.choice(WORDS))[:8], font=face, fill=0)
        for x in columns[2:]:
            pen.text((x - rule * 6, inside), _figure(rng), font=face, fill=0, anchor="ra")
        y += step
    pen.line((margin, y, size[1] - margin, y), fill=0, width=rule)
    for x in columns:
        pen.line((x, margin, x, y), fill=0, width=rule)


def _title(
    pen: ImageDraw.ImageDraw, page: Page, size: tuple[int, int], rng: np.random.Generator
) -> None:
    """Set a title in sizes from huge to small, a rule, and a paragraph."""
    margin = y = 0.3 * page.dpi * FINE
    for text, times in (("ISING", 3.5), ("or the Cleaning", 2.2), ("of Noisy Pages", 2.2),
                        ("in III volumes, with figures", 1.3), ("VOL. II.", 1.0)):  # fmt: skip
        face = font(page.face, round(page.points * times * page.dpi * FINE / 72))
        pen.text((size[1] / 2, y), text, font=face, fill=0, anchor="ma")
        y += face.size * 1.4
    pen.line((margin * 3, y, size[1] - margin * 3, y), fill=0, width=FINE)
    _text(pen, page, size, rng, y + margin / 2)


def _leaders(
    pen: ImageDraw.ImageDraw, page: Page, size: tuple[int, int], rng: np.random.Generator
) -> None:
    """Set a table of contents: entry, dots, page number."""
    face, step, margin = _face(page), _step(page), 0.3 * page.dpi * FINE
    y, dot = margin, pen.textlength(" .", font=face)
    while y < size[0] - margin - step:
        entry = " ".join(str(word) for word in rng.choice(WORDS, 3))
        pen.text((margin, y), entry, font=face, fill=0)
        number = str(rng.integers(1, 400))
        pen.text((size[1] - margin, y), number, font=face, fill=0, anchor="ra")
        left = margin + pen.textlength(entry, font=face)
        room = size[1] - margin - pen.textlength(number, font=face) - left
        pen.text((left, y), " ." * max(0, int(room / dot) - 1), font=face, fill=0)
        y += step


LAYOUTS: dict[str, Any] = {"text": _text, "table": _table, "title": _title, "leaders": _leaders}


def _face(page: Page) -> Any:
    return font(page.face, round(page.points * page.dpi * FINE / 72))


def _step(page: Page) -> float:
    return page.points * 1.35 * page.dpi * FINE / 72


def _figure(rng: np.random.Generator) -> str:
    return f"{rng.uniform(0, 10 ** rng.integers(1, 4)):.2f}"
