"""Judges that are not ours: Otsu's threshold, Tesseract, zxing, connected components."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from quality.drawings import Picture
from scipy import ndimage
from skimage.filters import threshold_otsu

_USER = os.getuid() if hasattr(os, "getuid") else "own"  # Windows has a folder for each user
CACHE = Path(tempfile.gettempdir()) / f"isingdenoise-words-{_USER}"
QUIET = 16  # pixels of white around a code: some drawings end at the edge
ARGUMENTS = ("--psm", "6")  # one uniform block of text
SECONDS = 120  # after which Tesseract has read nothing


def otsu(picture: npt.NDArray[Any]) -> Picture:
    """Return a picture thresholded by Otsu's method; a bool one as it is."""
    if picture.dtype == np.bool_:
        return picture
    if np.nanmin(picture) == np.nanmax(picture):
        return np.full(picture.shape, as_grey(picture)[0, 0] >= 128)
    return np.asarray(picture > threshold_otsu(picture[~np.isnan(picture)]))


def has_tesseract() -> bool:
    return shutil.which("tesseract") is not None


def has_zxing() -> bool:
    return importlib.util.find_spec("zxingcpp") is not None


def as_grey(picture: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return a picture as Tesseract and zxing take it; 16 bits by their upper byte.

    The least float becomes 0 and the largest 255; what is missing is white.
    """
    if picture.dtype == np.bool_:
        return np.where(picture, np.uint8(255), np.uint8(0))
    if picture.dtype.kind == "f":
        low, high = np.nanmin(picture), np.nanmax(picture)
        scaled = 255 * (picture - low) / ((high - low) or 1)
        return np.round(np.nan_to_num(scaled, nan=255)).astype(np.uint8)
    return np.ascontiguousarray(picture >> 8 if picture.dtype.itemsize > 1 else picture, np.uint8)


def words(picture: npt.NDArray[Any]) -> list[str]:
    """Return the words that Tesseract reads on a page, in order.

    A reading is kept in the folder of temporary files by the digest of pixels
    and arguments: it costs seconds, and tells the same each time.
    """
    grey = as_grey(picture)
    key = hashlib.sha256(repr((grey.shape, ARGUMENTS)).encode() + grey.tobytes()).hexdigest()
    kept = CACHE / f"{key}.txt"
    try:
        text = kept.read_text(encoding="utf-8")
    except OSError:
        text = _read(grey)
        CACHE.mkdir(mode=0o700, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        new.replace(kept)
    return re.findall(r"\w+", text)


def _read(grey: npt.NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG", compress_level=1)
    done = subprocess.run(
        ["tesseract", "-", "-", *ARGUMENTS],
        input=file.getvalue(),
        capture_output=True,
        check=True,
        timeout=SECONDS,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},  # its threads wait for each other
    )
    return done.stdout.decode("utf-8", "replace")


def shared(a: list[str], b: list[str]) -> int:
    """Return how many words two readings have in common, each as often as in both."""
    return sum((Counter(a) & Counter(b)).values())


def texts(picture: npt.NDArray[Any]) -> set[str]:
    """Return what all codes say that zxing finds in a picture."""
    import zxingcpp

    return {code.text for code in zxingcpp.read_barcodes(as_grey(picture)) if code.valid}


def decodes(picture: npt.NDArray[Any], text: str) -> bool:
    """Return whether zxing reads `text`, with or without more white around it."""
    padded = np.pad(as_grey(picture), QUIET, constant_values=255)
    return text in texts(picture) or text in texts(padded)


def touched(parts: Picture, image: Picture, level: bool = False) -> tuple[int, int]:
    """Return how many components of `parts` have half their pixels at `level`, and how many are.

    Pixels that touch by a corner are one component.
    """
    names, count = ndimage.label(parts, np.ones((3, 3)))
    size = np.bincount(names.ravel(), minlength=count + 1)[1:]
    there = np.bincount(names.ravel(), (image == level).ravel(), minlength=count + 1)[1:]
    return int(np.count_nonzero(2 * there >= size)), count
