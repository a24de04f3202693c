"""Clean two-level patches to learn from: glyphs of fonts, or windows of pictures."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError, ReadError
from ..io import draw_glyph
from ..validation import RandomSource, as_generator, check_int, check_real
from .model import SIDE

__all__ = ["CHARACTERS", "font_files", "glyph_patches", "glyph_split", "patches_of", "windows_of"]

Patches = NDArray[np.bool_]

#: Characters of `glyph_patches`.
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SIZES = (22, 30)  # of a font, in pixels an em: the ink fits into 32 x 32
_SHIFT = 1
_TRIES = 20  # windows looked at for each one that is taken
#: Fonts that come with matplotlib and hold Latin letters.
_FONTS = (
    *(f"DejaVuSans{kind}" for kind in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{kind}" for kind in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{kind}" for kind in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{kind}" for kind in ("", "Bol", "Ita", "BolIta")),
    *("cmb10", "cmr10", "cmss10", "cmtt10"),
)


def font_files() -> list[Path]:
    """Return the fonts with Latin letters that come with matplotlib; it is not loaded.

    Raises
    ------
    ReadError
        There are none.
    """
    found = importlib.util.find_spec("matplotlib")
    homes = list(found.submodule_search_locations or ()) if found is not None else []
    folders = [Path(home, "mpl-data", "fonts", "ttf") for home in homes]
    files = [folder / f"{name}.ttf" for folder in folders for name in _FONTS]
    files = [file for file in files if file.is_file()]
    if not files:
        raise ReadError("mpl-data/fonts", "holds no fonts; learn from a folder of pictures instead")
    return files


def glyph_patches(
    count: int,
    *,
    fonts: Sequence[Path] | None = None,
    glyphs: Sequence[tuple[Path, str]] | None = None,
    rng: RandomSource = None,
) -> Patches:
    """Draw random characters of random fonts, sizes and places.

    Parameters
    ----------
    count : int
        How many, at least 1.
    fonts : sequence of path, optional
        Files to take all `CHARACTERS` from; by default those of `font_files`.
    glyphs : sequence of (path, str), optional
        Fonts and characters to choose from instead.
    rng : int, numpy.random.Generator or other source, optional
        Source of all choices.

    Returns
    -------
    ndarray of bool, shape (count, 32, 32)
        True is bright: paper.

    Raises
    ------
    ParameterError
        `count` is out of range, or there is nothing to choose from.
    ReadError
        A font cannot be read.

    Examples
    --------
    >>> patches = glyph_patches(3, rng=0)
    >>> patches.shape, patches.dtype
    ((3, 32, 32), dtype('bool'))
    """
    number = check_int("count", count, low=1)
    generator, _ = as_generator(rng)
    if glyphs is None:
        glyphs = _all_glyphs(font_files() if fonts is None else fonts)
    if not glyphs:
        raise ParameterError("fonts", "must hold at least one")
    found = np.empty((number, SIDE, SIDE), np.bool_)
    for patch in found:
        font, character = glyphs[int(generator.integers(len(glyphs)))]
        size = int(generator.integers(_SIZES[0], _SIZES[1] + 1))
        down, right = generator.integers(-_SHIFT, _SHIFT + 1, 2).tolist()
        patch[...] = draw_glyph(character, font, size, (SIDE, SIDE), (down, right))
    return found


def glyph_split(
    counts: tuple[int, int], *, held_out: float = 0.1, rng: RandomSource = None
) -> tuple[Patches, Patches]:
    """Draw glyphs to learn from and others to judge by: no font has a character in both.

    Parameters
    ----------
    counts : tuple of int
        How many to learn from, and to judge by.
    held_out : float
        Share of all pairs of font and character to judge by, in (0, 1).
    rng : int, numpy.random.Generator or other source, optional
        Source of all choices.

    Returns
    -------
    tuple of ndarray of bool, shape (count, 32, 32)

    Raises
    ------
    ParameterError, ReadError
        As `glyph_patches`.
    """
    share = check_real("held_out", held_out, low=0, high=1, low_open=True, high_open=True)
    generator, _ = as_generator(rng)
    every = _all_glyphs(font_files())
    order = generator.permutation(len(every)).tolist()
    apart = max(1, round(share * len(every)))
    kept, judged = ([every[k] for k in part] for part in (order[apart:], order[:apart]))
    return (
        glyph_patches(counts[0], glyphs=kept, rng=generator),
        glyph_patches(counts[1], glyphs=judged, rng=generator),
    )


def patches_of(
    pictures: Sequence[NDArray[Any]],
    count: int,
    *,
    least: float = 0.03,
    rng: RandomSource = None,
) -> Patches:
    """Cut random windows out of two-level pictures, blank ones left out.

    Parameters
    ----------
    pictures : sequence of ndarray of bool, shape (H, W)
        True is bright. Those lower or narrower than 32 pixels are passed over.
    count : int
        How many windows to take, at least 1, as many of each picture; there are fewer
        where most of a picture is blank.
    least : float
        Share of the rarer level that a window must have, in [0, 0.5].
    rng : int, numpy.random.Generator or other source, optional
        Source of all choices.

    Returns
    -------
    ndarray of bool, shape (found, 32, 32)
        In random order.

    Raises
    ------
    ParameterError
        A number is out of range, or no picture has such a window.

    Examples
    --------
    >>> picture = np.indices((64, 64)).sum(0) % 16 < 8
    >>> patches_of([picture], 5, rng=0).shape
    (5, 32, 32)
    """
    number = check_int("count", count, low=1)
    generator, _ = as_generator(rng)
    each = -(-number // max(1, len(pictures)))
    parts = [windows_of(p, each, least=least, rng=generator) for p in pictures]
    found = np.concatenate([np.empty((0, SIDE, SIDE), np.bool_), *parts])
    if not len(found):
        raise ParameterError(
            "pictures", f"hold no window of {SIDE} x {SIDE} pixels that is not blank"
        )
    return generator.permutation(found)[:number]


def windows_of(
    picture: NDArray[Any],
    count: int,
    *,
    least: float = 0.03,
    rng: RandomSource = None,
) -> Patches:
    """Cut random windows out of one picture, blank ones left out.

    Parameters
    ----------
    picture : ndarray of bool, shape (H, W)
        True is bright.
    count : int
        The most windows to take, at least 1: twenty times as many are looked at.
    least, rng
        As of `patches_of`.

    Returns
    -------
    ndarray of bool, shape (found, 32, 32)
        Perhaps none, as of a picture lower or narrower than 32 pixels.
    """
    number = check_int("count", count, low=1)
    share = check_real("least", least, low=0, high=0.5)
    generator, _ = as_generator(rng)
    if min(picture.shape) < SIDE:
        return np.empty((0, SIDE, SIDE), np.bool_)
    levels = picture.astype(np.bool_)
    sums = np.zeros([length + 1 for length in levels.shape], np.int64)  # of all above and left
    sums[1:, 1:] = levels.cumsum(0, dtype=np.int64).cumsum(1)
    top, left = (
        generator.integers(length - SIDE + 1, size=_TRIES * number) for length in levels.shape
    )
    bottom, right = top + SIDE, left + SIDE
    bright = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    rarer = np.minimum(bright, SIDE * SIDE - bright)
    chosen = np.flatnonzero(rarer >= share * SIDE * SIDE)[:number]
    windows = np.lib.stride_tricks.sliding_window_view(levels, (SIDE, SIDE))
    return np.array(windows[top[chosen], left[chosen]])


def _all_glyphs(fonts: Sequence[Path]) -> list[tuple[Path, str]]:
    return [(font, character) for font in fonts for character in CHARACTERS]
