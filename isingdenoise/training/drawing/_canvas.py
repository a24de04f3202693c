"""What all drawings share: a page, fonts, words."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ...errors import ParameterError

__all__ = ["Picture", "any_font", "bilevel", "canvas", "log_uniform", "words"]

Picture = NDArray[np.bool_]  # H x W, True is bright

#: Packages of fonts, one folder `files` each; free licences (OFL, Apache-2.0). None of their
#: fonts is in the pictures that the project is measured on.
FONT_PACKAGES = (
    "font_amatic_sc",
    "font_caladea",
    "font_hanken_grotesk",
    "font_intuitive",
    "font_lato",
    "font_manrope",
    "font_roboto",
    "font_source_sans_pro",
    "font_source_serif_pro",
)
_SUFFIXES = (".ttf", ".otf")
#: Letters, about as often as in English; numerals and signs as in lists and forms.
_LETTERS = (
    "eeeeeeeeeeeetttttttttaaaaaaaaoooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrr"
    "ddddllllcccuuummmwwffggyyppbbvkjxqz"
)
_SIGNS = ".,:;!?-'\"()/%&+=*#@"


def canvas(side: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a white page of side x side pixels, and what draws on it."""
    page = Image.new("L", (side, side), 255)
    return page, ImageDraw.Draw(page)


def bilevel(page: Image.Image, threshold: float = 128) -> Picture:
    """Return the page as bools, True where bright."""
    return np.asarray(np.asarray(page) >= threshold)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Return a number of which the logarithm is uniform."""
    return float(low * (high / low) ** rng.random())


@functools.cache
def font_files() -> tuple[Path, ...]:
    """Return the files of all fonts, in a fixed order.

    Raises
    ------
    ParameterError
        None of the packages is installed.
    """
    found: list[Path] = []
    for package in FONT_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent / "files"
            files = (file for file in folder.iterdir() if file.suffix in _SUFFIXES)
            found += sorted(files, key=lambda file: file.name)
    if not found:
        raise ParameterError("fonts", "are not installed; pip install 'isingdenoise[learn]'")
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    # the basic layout, as Raqm is not in every Pillow
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def any_font(rng: np.random.Generator, size: float) -> ImageFont.FreeTypeFont:
    """Return a font, any package as likely as the others."""
    files = font_files()
    packages = sorted({file.parent for file in files})
    folder = packages[rng.integers(len(packages))]
    own = [file for file in files if file.parent == folder]
    return _font(own[rng.integers(len(own))], max(4, round(size)))


def words(rng: np.random.Generator, count: int) -> list[str]:
    """Return made-up words: small letters mostly, capitals, numbers, signs."""
    return [_word(rng) for _ in range(count)]


def _word(rng: np.random.Generator) -> str:
    kind = rng.random()
    length = 1 + int(rng.poisson(4.0))
    if kind < 0.12:
        word = "".join(map(str, rng.integers(0, 10, min(length, 6))))
        if kind < 0.04:
            word = f"{word}.{rng.integers(0, 100)}"
    else:
        word = "".join(_LETTERS[k] for k in rng.integers(0, len(_LETTERS), length))
        if kind > 0.95:
            word = word.upper()
        elif kind > 0.82:
            word = word.capitalize()
    if rng.random() < 0.18:
        word += _SIGNS[rng.integers(len(_SIGNS))]
    return word
