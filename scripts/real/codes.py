"""Codes of every kind that zxing-cpp writes: crisp, and photographed on a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from real.drawing import Floats, Grey, font, grey, jpeg
from real.judges import decodes, texts
from scipy import ndimage

PIXELS = (1, 2, 3, 4)  # a module, of the crisp ones
PHOTOGRAPHS = 4  # of each kind

_GS1 = "(01)09501101530003(17)250101"
_FREE = "Denoise {}"
#: What a symbol of each kind says; {} becomes a number of four digits.
KINDS = {
    "Aztec": _FREE, "AztecRune": "12", "Codabar": "A12{}B", "Code128": _FREE,
    "Code32": "1234{}", "Code39": "DENOISE {}", "Code39Ext": _FREE, "Code93": "DENOISE {}",
    "CompactPDF417": _FREE, "DataBarExp": _GS1, "DataBarExpStk": _GS1,
    "DataBarLtd": "123456789{}", "DataBarOmni": "123456789{}", "DataBarStk": "123456789{}",
    "DataBarStkOmni": "123456789{}", "DataMatrix": _FREE, "EAN13": "40063813{}", "EAN8": "123{}",
    "ISBN": "9783161484100", "ITF": "1234{}", "ITF14": "123456789{}", "MaxiCode": _FREE,
    "MicroPDF417": _FREE, "MicroQRCode": "1{}", "PDF417": _FREE, "PZN": "1234567",
    "QRCode": _FREE, "RMQRCode": _FREE, "Telepen": _FREE, "TelepenNumeric": "12{}",
    "UPCA": "0360002{}", "UPCE": "012{}",
}  # fmt: skip


@dataclass(frozen=True)
class Code:
    """A picture of a code, and what it says."""

    name: str
    picture: Grey
    text: str


def symbol(kind: str, number: int, pixels: int) -> Grey:
    """Return a code with its quiet zone, `pixels` a module."""
    import zxingcpp

    code = zxingcpp.create_barcode(
        KINDS[kind].format(number), getattr(zxingcpp.BarcodeFormat, kind)
    )
    return np.array(code.to_image(scale=pixels, add_quiet_zones=True), np.uint8)


def crisp() -> Iterator[Code]:
    """Yield each kind at 1 to 4 pixels a module, those that zxing reads."""
    for k, kind in enumerate(KINDS):
        for pixels in PIXELS:
            code = read(f"{kind}, {pixels} px", symbol(kind, 1234 + 7 * k, pixels))
            if code is not None:
                yield code


def photographed(seed: int = 0, each: int = PHOTOGRAPHS) -> Iterator[Code]:
    """Yield photographs of each kind, those that zxing reads in grey."""
    for k, kind in enumerate(KINDS):
        for number in range(each):
            rng = np.random.default_rng((seed, k, number))
            code = photograph(kind, rng)
            if code is not None:
                yield Code(f"{kind}, photograph {number}", code.picture, code.text)


def read(name: str, picture: Grey) -> Code | None:
    """Return a picture with the one text that zxing reads there; None without."""
    found = texts(np.pad(picture, 16, constant_values=255))
    return Code(name, picture, found.pop()) if len(found) == 1 else None


def photograph(kind: str, rng: np.random.Generator) -> Code | None:
    """Return a label with a code on a table, out of focus, in some light; None if it is unread.

    Modules are 2 to 4 pixels wide, turned by some degrees.
    """
    pixels = int(rng.integers(2, 5))
    large = symbol(kind, int(rng.integers(1000, 9999)), 2 * pixels)
    clean = read(kind, large)
    if clean is None:
        return None
    taken = take(_scene(large, rng), pixels, rng)
    return Code(kind, taken, clean.text) if decodes(taken, clean.text) else None


def _scene(code: Grey, rng: np.random.Generator) -> Floats:
    """Return a reflectance: the code on a label with its number, turned, on a darker table."""
    height, width = code.shape
    size = int(width * rng.uniform(1.15, 1.6)), int(height * rng.uniform(1.2, 2)) + 60
    label = Image.new("L", size, int(rng.integers(200, 256)))
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    label.paste(Image.fromarray(code), (left, top))
    pen = ImageDraw.Draw(label)
    pen.text((left, top + height + 4), "ABC 123", font=font("DejaVuSans", 20), fill=20)
    table = int(rng.integers(20, 130))
    pasted = np.pad(np.asarray(label), int(rng.integers(0, 60)), constant_values=table)
    turned = Image.fromarray(pasted).rotate(
        rng.normal(0, 6), expand=True, fillcolor=table, resample=Image.Resampling.BICUBIC
    )
    half = turned.resize((turned.width // 2, turned.height // 2), Image.Resampling.LANCZOS)
    return np.asarray(half).astype(np.float64) / 255


def take(reflectance: Floats, pixels: int, rng: np.random.Generator) -> Grey:
    """Return the photograph of a scene whose modules are `pixels` wide, as a JPEG.

    Blurred by 0.13 to 0.57 of a module, in light that falls off to one side
    and may end in a shadow, with noise up to 8 grey values.
    """
    x = ndimage.gaussian_filter(reflectance, rng.uniform(0.4, 1.7) * pixels / 3)
    down, across = np.mgrid[0 : x.shape[0], 0 : x.shape[1]] / max(x.shape)
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * (across - 0.4) + np.sin(angle) * (down - 0.4) + 0.5
    light = 1 - rng.choice([0, 0.3, 0.6, 0.8]) * np.clip(along, 0, 1)
    if rng.random() < 0.3:
        along = across * np.cos(angle + 1) + down * np.sin(angle + 1) - 0.3
        edge = 1 / (1 + np.exp(-along * rng.uniform(8, 60)))
        light = light * (1 - rng.uniform(0.2, 0.5) * edge)
    low, high = rng.uniform(0.05, 0.25), rng.uniform(0.5, 0.95)
    x = 255 * (low + (high - low) * x) * light
    x = x + rng.uniform(0.5, 8) * rng.standard_normal(x.shape)
    return jpeg(grey(x), int(rng.integers(50, 92)))
