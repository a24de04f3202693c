"""Pictures as files: the only place where files become arrays and back.

Bright is +1, True and 255; black is -1, False and 0. That is settled here,
once, whatever a file format calls white.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from isingdenoise._io.atomic import write_bytes_atomically
from isingdenoise._io.beside import read_clean, read_mask
from isingdenoise._io.change_map import CHANGE_COLOURS, encode_change_map
from isingdenoise._io.encode import encode_bilevel, encode_grey
from isingdenoise._io.formats import (
    COMPRESSIONS,
    EXTENSIONS,
    check_format,
    default_extension,
    format_of,
)
from isingdenoise._io.memory import available_memory, check_memory, memory_needed
from isingdenoise._io.opening import check_unchanged, stamp_of
from isingdenoise._io.pages import PageWriter, encode_pages, kept_notes
from isingdenoise._io.picture import Picture
from isingdenoise._io.reading import (
    DEFAULT_MAX_PAGES,
    DEFAULT_MAX_PIXELS,
    DEFAULT_PAGE_PIXELS,
    check_input,
    read_pages,
    read_picture,
    read_size,
)
from isingdenoise._io.targets import Checked, check_output
from isingdenoise._io.temporaries import sweep
from isingdenoise._io.writing import (
    open_pages,
    write_bilevel,
    write_change_map,
    write_grey,
    write_pages,
)
from isingdenoise.errors import ParameterError

__all__ = [
    "CHANGE_COLOURS",
    "COMPRESSIONS",
    "DEFAULT_MAX_PAGES",
    "DEFAULT_MAX_PIXELS",
    "DEFAULT_PAGE_PIXELS",
    "EXTENSIONS",
    "Checked",
    "PageWriter",
    "Picture",
    "available_memory",
    "check_format",
    "check_input",
    "check_memory",
    "check_output",
    "check_unchanged",
    "default_extension",
    "encode_bilevel",
    "encode_change_map",
    "encode_grey",
    "encode_pages",
    "format_of",
    "from_spins",
    "kept_notes",
    "memory_needed",
    "open_pages",
    "read_clean",
    "read_mask",
    "read_pages",
    "read_picture",
    "read_size",
    "stamp_of",
    "sweep",
    "to_spins",
    "write_bilevel",
    "write_bytes_atomically",
    "write_change_map",
    "write_grey",
    "write_pages",
]

Array = np.ndarray[Any, Any]


def to_spins(pixels: Array) -> Array:
    """Turn a two-level picture into spins.

    Parameters
    ----------
    pixels : ndarray
        bool, or numbers of exactly two different values, in any shape.

    Returns
    -------
    ndarray of int8, same shape
        +1 where True or the larger value, -1 elsewhere.

    Raises
    ------
    ParameterError
        There are not exactly two values.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.bool_:
        if pixels.dtype.kind not in "iuf" or pixels.size == 0:
            raise ParameterError("pixels", "must be a picture of bools or numbers, not empty")
        low, high = pixels.min(), pixels.max()
        bright = pixels == high
        if not low < high or not np.all(bright | (pixels == low)):
            raise ParameterError("pixels", "must have exactly two levels; threshold them first")
        pixels = bright
    return np.where(pixels, np.int8(1), np.int8(-1))


def from_spins(labels: Array) -> Array:
    """Turn spins into a two-level picture.

    Parameters
    ----------
    labels : ndarray
        -1 or +1 everywhere, in any shape.

    Returns
    -------
    ndarray of bool, same shape
        True where +1.

    Raises
    ------
    ParameterError
        Another value occurs.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "if" or not np.all((labels == 1) | (labels == -1)):
        raise ParameterError("labels", "must be -1 or +1 everywhere")
    return np.asarray(labels == 1)
