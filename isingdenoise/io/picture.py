"""What a picture file holds: the pixels, and the notes that an output should keep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from isingdenoise.io.microscopy import Microscopy

__all__ = ["MOST_DPI", "Picture", "grey_profile", "usable_dpi"]

#: A pixel of a twentieth of a nanometre: what is beyond is no resolution.
MOST_DPI = 5e8


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    Attributes
    ----------
    pixels : ndarray, shape (H, W)
        bool for 1-bit files (True is bright), uint8 or uint16 grey, float32
        for floating-point files (NaN marks a missing pixel), float64 for
        other numbers. Those of a .npy file may be read-only.
    dpi : tuple of float or None
        Dots per inch, across and down as the pixels lie here, or None where
        the file does not say.
    format : str
        Pillow's name of the file format (`"PNG"`, `"TIFF"`, `"PPM"`), or
        `"NPY"`.
    mode : str
        Pillow's name of the pixel type as stored (`"1"`, `"L"`, `"RGBA"`), or
        NumPy's in a .npy file (`"bool"`).
    path : str
        Where it came from.
    icc_profile : bytes or None
        The colour profile, where it still applies: one for grey, of a grey or
        two-level file.
    compression : str or None
        Of a TIFF: `"group4"`, `"deflate"`, `"lzw"`, `"packbits"`, `"none"` or
        the name of one that is read only (`"group3"`, `"jpeg"`).
    pages : int
        How many pages or frames the file holds.
    page : int
        Which of them this is, from 0.
    microscopy : Microscopy or None
        What ImageJ or OME wrote into a TIFF and stays true of a page of it.
    orientation : int
        The EXIF orientation that the file asked for. It has been carried out,
        so an output must not ask for it again.
    """

    pixels: np.ndarray[Any, Any]
    dpi: tuple[float, float] | None
    format: str
    mode: str
    path: str
    icc_profile: bytes | None = None
    compression: str | None = None
    pages: int = 1
    page: int = 0
    microscopy: Microscopy | None = None
    orientation: int = 1


def grey_profile(profile: object) -> bytes | None:
    """Return an ICC profile if it is whole and one for grey, else None.

    The header of a profile (ICC.1, section 7.2) states its length first and
    its colour space in bytes 16 to 19.
    """
    if not isinstance(profile, bytes) or len(profile) < 128:
        return None
    whole = int.from_bytes(profile[:4], "big") == len(profile)
    return profile if whole and profile[16:20] == b"GRAY" else None


def usable_dpi(dpi: object, most: float = MOST_DPI) -> tuple[float, float] | None:
    """Return a resolution as two floats, or None where it says nothing.

    One dot an inch is what several writers store for "unknown", and beyond `most` a
    format has no room for it.
    """
    try:
        across, down = (float(value) for value in dpi)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ArithmeticError):
        return None
    if all(math.isfinite(v) and 1 < v <= most for v in (across, down)):
        return across, down
    return None
