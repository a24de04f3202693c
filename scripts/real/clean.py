"""Pictures without noise: all that a denoiser may do to them is to threshold them."""

from __future__ import annotations

import numpy as np
from quality.drawings import bilevel, canvas, font, paragraph, qr_modules
from real.codes import symbol
from real.drawing import Grey, Picture, Shot
from real.judges import has_zxing
from real.pages import Page, draw

SIDE = 360

BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16


def lettering(size: int = 16, side: int = SIDE, face: str = "DejaVuSerif") -> Picture:
    """Return a paragraph in black and white."""
    page, pen = canvas(side, side)
    paragraph(pen, (12, 12, side - 12, side - 12), font(face, size))
    return bilevel(page)


def as_bytes(picture: Picture, low: int = 0, high: int = 255) -> Grey:
    return np.where(picture, np.uint8(high), np.uint8(low))


def hairlines() -> Picture:
    """Return an engraving: strokes one pixel wide at many slopes, and italics."""
    page, pen = canvas(SIDE, SIDE)
    for k in range(24):
        pen.line((10 + 6 * k, 10, 40 + 13 * k, 150), fill=0)
    for k in range(12):
        pen.line((10, 160 + 3 * k, 350, 160 + 9 * k), fill=0)
    for radius in range(8, 60, 6):
        pen.ellipse((290 - radius, 300 - radius, 290 + radius, 300 + radius), outline=0)
    paragraph(pen, (10, 270, 220, 355), font("STIXGeneralItalic", 13))
    return bilevel(page)


def diagonals() -> Picture:
    """Return hatching of diagonals one pixel wide."""
    i, j = np.mgrid[0:SIDE, 0:SIDE]
    hatched = (((i + j) % 7 == 0) & (i < 170)) | (((i - j) % 11 == 0) & (i > 190))
    return np.asarray(~hatched)


def grid() -> Picture:
    """Return squared paper, lines one pixel wide, with some writing."""
    page, pen = canvas(SIDE, SIDE)
    for k in range(0, SIDE, 12):
        pen.line((k, 0, k, SIDE), fill=0)
        pen.line((0, k, SIDE, k), fill=0)
    pen.text((30, 100), "y = a x + b", fill=0, font=font("STIXGeneralItalic", 30))
    return bilevel(page)


def tones(side: int = 256) -> np.ndarray:
    """Return a smooth picture in [0, 1] to make halftones of."""
    i, j = np.mgrid[0:side, 0:side] / side
    return np.asarray(0.5 + 0.3 * np.sin(5 * j + 2 * i) * np.cos(4 * i) + 0.15 * (i - 0.5))


def bayer(side: int = 256) -> Picture:
    """Return an ordered dither."""
    repeats = -(-side // 4)
    return np.asarray(tones(side) > np.tile(BAYER + 1 / 32, (repeats, repeats))[:side, :side])


def floyd_steinberg(side: int = 160) -> Picture:
    """Return an error diffusion of the tones (Floyd and Steinberg, 1976)."""
    x = np.pad(tones(side), ((0, 1), (1, 1)))
    for i in range(side):
        for j in range(1, side + 1):
            error = x[i, j] - (x[i, j] > 0.5)
            x[i, j] = x[i, j] > 0.5
            x[i, j + 1] += error * 7 / 16
            x[i + 1, j - 1 : j + 2] += error * np.array([3, 5, 1]) / 16
    return np.asarray(x[:side, 1 : side + 1] > 0.5)


def one_grey_pixel() -> Grey:
    """Return black-and-white text with one pixel of 128."""
    picture = as_bytes(lettering())
    picture[180, 350] = 128
    return picture


def grey_footer() -> Grey:
    """Return black-and-white text above a footer in grey."""
    picture = as_bytes(lettering())
    picture[-18:] = 255
    footer, pen = canvas(18, SIDE)
    pen.text((120, 1), "page 12 of 48", fill=0, font=font("DejaVuSans", 12))
    picture[-18:][~bilevel(footer)] = 170
    return picture


def grey_caption(pixels: int = 4) -> Grey:
    """Return a QR code with an antialiased caption."""
    code = as_bytes(qr_modules("isingdenoise keeps captions", pixels, error="m"))
    page, pen = canvas(code.shape[0] + 24, code.shape[1])
    pen.text((10, code.shape[0] + 2), "caption 12.5", fill=60, font=font("DejaVuSans", 14))
    out = np.array(page, np.uint8)
    out[: len(code)] = code
    return out


def antialiased(dpi: int = 100, inches: tuple[float, float] = (3.0, 3.0)) -> Grey:
    """Return a page as a program renders it: grey edges and nothing else."""
    shot = Shot(blur=0, ink=0, paper=255, sigma=0, fibre=0, quality=None)
    page = Page("rendered", dpi, 11, "DejaVuSerif", shot)
    return draw(page, 5, inches)[0]


def leaders() -> Picture:
    """Return a table of contents: dots of one pixel and of four."""
    page, pen = canvas(SIDE, SIDE)
    face = font("DejaVuSerif", 14)
    for row in range(16):
        y = 10 + 21 * row
        pen.text((10, y), f"Chapter {row + 1}", fill=0, font=face)
        pen.text((320, y), str(7 * row + 3), fill=0, font=face)
        for x in range(100, 310, 5):
            pen.rectangle((x, y + 12, x + row % 2, y + 12 + row % 2), fill=0)
    return bilevel(page)


def pictures() -> dict[str, Picture | Grey]:
    """Return every clean picture by its name; bool ones are two-valued, others grey."""
    text = lettering()
    out: dict[str, Picture | Grey] = {
        "text, 1 bit": text,
        "text 11 px, 0 and 255": as_bytes(lettering(11)),
        "text, 40 and 210": as_bytes(text, 40, 210),
        "hairlines": as_bytes(hairlines()),
        "diagonals of 1 px": diagonals(),
        "grid of 1 px": grid(),
        "Bayer halftone": bayer(),
        "Floyd-Steinberg halftone": as_bytes(floyd_steinberg()),
        "dot leaders": leaders(),
        "QR code, 1 px a module": qr_modules("isingdenoise " * 20, 1, error="l"),
        "one grey pixel": one_grey_pixel(),
        "grey footer": grey_footer(),
        "QR code, grey caption": grey_caption(),
        "rendered page, 75 dpi": antialiased(75),
        "rendered page, 150 dpi": antialiased(150),
    }
    if has_zxing():
        for kind in ("DataMatrix", "Aztec", "PDF417"):
            out[f"{kind}, 1 px a module"] = symbol(kind, 1234, 1)
    return out
