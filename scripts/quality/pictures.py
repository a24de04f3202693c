"""The pictures and noises of the quality benchmark.

Nothing is downloaded: fonts are those inside matplotlib, photographs those
inside the scikit-image wheel. Every picture is the same at every run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from make_samples import SMALL_TEXT, TEXT, coin_mask, horse, typeset
from quality import drawings
from quality.drawings import Picture
from scipy import ndimage

from isingdenoise import FlipNoise, GaussianNoise, NoiseModel

SMALL_QR = "https://example.org/parts/4711-0815?lot=B12&bin=7&qty=250&checked=2024-05-17T09:15"
LABEL_QR = "Lot B12, bin 7, 250 pieces"
CODE_39_TEXT = "FADED-4711"
EAN = "400638133393"
EAN_CHECKED = EAN + "1"


@dataclass(frozen=True)
class Setting:
    """One noise: Gaussian of `amount` sigma on the -1/+1 scale, or that share of flips."""

    name: str
    noise: str
    amount: float
    levels: tuple[float, float] = (-1.0, 1.0)


# 8-bit levels at least three sigma from the ends of the scale: a pixel in a thousand is cut off.
SETTINGS = {
    s.name: s
    for s in (
        Setting("gaussian 0.5", "gaussian", 0.5, (80.0, 175.0)),
        Setting("gaussian 1", "gaussian", 1.0, (96.0, 159.0)),
        Setting("gaussian 2", "gaussian", 2.0, (112.0, 143.0)),
        Setting("flip 2 %", "flip", 0.02),
        Setting("flip 10 %", "flip", 0.10),
        Setting("flip 20 %", "flip", 0.20),
    )
}


def corrupt(clean: Picture, setting: str, seed: int) -> tuple[npt.NDArray[Any], str, NoiseModel]:
    """Return (noisy picture, name of its noise model, the true noise model).

    Gaussian noise gives uint8 greys, flips give bool. `setting` is a key of SETTINGS.
    """
    chosen = SETTINGS[setting]
    rng = np.random.default_rng([seed, list(SETTINGS).index(setting)])
    if chosen.noise == "flip":
        noisy = clean ^ (rng.random(clean.shape) < chosen.amount)
        return noisy, "flip", FlipNoise(chosen.amount)
    low, high = chosen.levels
    sigma = chosen.amount * (high - low) / 2
    grey = np.where(clean, high, low) + sigma * rng.standard_normal(clean.shape)
    noisy = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return noisy, "gaussian", GaussianNoise(sigma, chosen.levels)


def serif_text() -> Picture:
    page, draw = drawings.canvas(512, 512)
    drawings.paragraph(draw, (24, 20, 490, 500), drawings.font("DejaVuSerif", 18))
    return drawings.bilevel(page)


def headline() -> Picture:
    lines = "Still life,\nink, 1:1.\nIt is a big\nidea: \u201cfiji\u201d;"
    return typeset(lines, "STIXGeneralBol.ttf", 64, (384, 384))


def scanned_page() -> Picture:
    """Return the photographed page of a book, enlarged twice and thresholded locally."""
    from skimage import data

    grey = ndimage.zoom(data.page().astype(np.float64), 2, order=3, mode="nearest")
    return np.asarray(grey > ndimage.gaussian_filter(grey, 40) - 22, dtype=np.bool_)


def cameraman() -> Picture:
    from skimage import data

    return np.asarray(ndimage.gaussian_filter(data.camera().astype(np.float64), 1) > 100)


def galaxies() -> Picture:
    """Return a field of galaxies: bright dots, many of a few pixels."""
    from skimage import data

    grey = data.hubble_deep_field()[300:812, 200:712].astype(np.float64).mean(axis=2)
    return np.asarray(ndimage.gaussian_filter(grey, 0.6) > 52)


def blobs() -> Picture:
    """Return a random mask of two phases."""
    rough = np.random.default_rng(11).standard_normal((256, 256))
    return np.asarray(ndimage.gaussian_filter(rough, 5, mode="wrap") > 0.01)


def contours() -> Picture:
    """Return the contour lines of a smooth landscape, one to three pixels wide."""
    rough = np.random.default_rng(12).standard_normal((320, 320))
    height = ndimage.gaussian_filter(rough, 24)
    height = (height - height.min()) / np.ptp(height) * 9
    slope = np.hypot(*np.gradient(height))
    distance = np.abs(height - np.rint(height)) / np.maximum(slope, 1e-3)
    width = np.where(np.rint(height) % 3 == 0, 1.3, 0.7)
    return np.asarray(distance > width)


def qr_small() -> Picture:
    return drawings.qr_modules(SMALL_QR, 6, error="l")


def barcode() -> Picture:
    """Return a Code 39 symbol, narrow bars of two pixels, its text in plain below."""
    page, draw = drawings.canvas(256, 448)
    draw.text((110, 205), CODE_39_TEXT, fill=0, font=drawings.font("DejaVuSansMono", 26))
    out = drawings.bilevel(page).copy()
    bars = drawings.stripes(drawings.code_39(CODE_39_TEXT), 2, 160)
    drawings.paste(out, bars, 32, (448 - bars.shape[1]) // 2)
    return out


def label() -> Picture:
    """Return a parcel label: an EAN-13, a QR code, text in three sizes, a frame."""
    page, draw = drawings.canvas(512, 512)
    draw.rectangle((8, 8, 503, 503), outline=0, width=4)
    draw.line((8, 250, 503, 250), fill=0, width=2)
    draw.text((24, 20), "FRAGILE", fill=0, font=drawings.font("DejaVuSans-Bold", 56))
    address = "J. Illing i.V.\nBirgittinia ii/19\n6311 Iffiji"
    draw.multiline_text((24, 96), address, fill=0, font=drawings.font("DejaVuSerif", 22))
    drawings.paragraph(draw, (24, 188, 300, 244), drawings.font("DejaVuSans", 11), 10)
    draw.text((50, 466), " ".join(EAN_CHECKED), fill=0, font=drawings.font("DejaVuSansMono", 16))
    drawings.paragraph(draw, (330, 268, 492, 490), drawings.font("DejaVuSans", 12), 3)
    out = drawings.bilevel(page).copy()
    drawings.paste(out, drawings.qr_modules(LABEL_QR, 5, error="m"), 80, 325)
    drawings.paste(out, drawings.stripes(drawings.ean_13(EAN), 3, 190), 270, 26)
    return out


def qr_large() -> Picture:
    return drawings.qr_modules("denoise first, then scan", 9, error="m")


MAKERS: dict[str, Callable[[], Picture]] = {
    "text 12 px": lambda: typeset(SMALL_TEXT, "DejaVuSansMono.ttf", 12, (256, 480)),
    "text 18 px": serif_text,
    "text 20 px": lambda: typeset(TEXT, "STIXGeneral.ttf", 20, (448, 448)),
    "headline 64 px": headline,
    "page": drawings.page_of_many_fonts,
    "scan": scanned_page,
    "form": drawings.form,
    "line art": drawings.line_art,
    "contours": contours,
    "qr 6 px": qr_small,
    "qr 9 px": qr_large,
    "barcode": barcode,
    "label": label,
    "horse": horse,
    "coins": coin_mask,
    "cameraman": cameraman,
    "galaxies": galaxies,
    "blobs": blobs,
}

# What must be read off a picture: the texts of its codes.
CODES = {
    "qr 6 px": (SMALL_QR,),
    "qr 9 px": ("denoise first, then scan",),
    "barcode": (CODE_39_TEXT,),
    "label": (LABEL_QR, EAN_CHECKED),
    "quick qr": ("denoise first",),
}


def pictures() -> dict[str, Picture]:
    """Return every clean picture by name: bool, H x W, True is bright."""
    return {name: make() for name, make in MAKERS.items()}


def quick_pictures() -> dict[str, Picture]:
    """Return three small pictures for a first look."""
    return {
        "quick text": MAKERS["text 12 px"]()[:112, :192],
        "quick qr": drawings.qr_modules("denoise first", 5, error="m"),
        "quick blobs": blobs()[:128, :128],
    }
