"""From a loaded Pillow image to one grey or two-level array, whatever its mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

__all__ = ["as_tuple", "keep_byte_order", "to_array", "turn_upright"]

_PHOTOMETRIC, _SAMPLE_FORMAT = 262, 339  # TIFF tags

# Pillow's names of ways to unpack: big-endian, and the machine's own.
_NATIVE = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}

# Rec. 601 in units of 1/65536, as in Pillow's own conversion to grey.
_RED, _GREEN, _BLUE = 19595, 38470, 7471

_BAND_PIXELS = 1 << 19  # how much of a picture is converted at a time


def to_array(image: PillowImage, kind: str, tags: Mapping[int, Any]) -> np.ndarray[Any, Any]:
    """Return fresh pixels of shape (H, W) in the type the mode calls for.

    A large image is converted in parts: on their way to NumPy, Pillow makes up
    to three copies of the pixels it is asked for.
    """
    width, height = image.size
    rows = max(1, _BAND_PIXELS // width)
    if rows >= height:
        return _part(image, kind, tags)
    parts = (
        (top, _part(image.crop((0, top, width, min(top + rows, height))), kind, tags))
        for top in range(0, height, rows)
    )
    _, first = next(parts)
    pixels = np.empty((height, width), first.dtype)
    pixels[:rows] = first
    for top, part in parts:
        pixels[top : top + rows] = part
    return pixels


def _part(image: PillowImage, kind: str, tags: Mapping[int, Any]) -> np.ndarray[Any, Any]:
    """Return the pixels of an image that is small enough for a few copies."""
    clear = image.info.get("transparency")
    sample_format = (as_tuple(tags.get(_SAMPLE_FORMAT)) or (1,))[0]
    pixels: np.ndarray[Any, Any]
    if image.mode == "1":
        # Pillow's bools are bytes of 255, which compiled code may trip over.
        pixels = np.asarray(image).view(np.uint8) != 0
    elif image.mode.startswith("I;16") or (image.mode == "I" and kind in {"PNG", "PPM"}):
        pixels = np.array(image).astype(np.uint16)
        if isinstance(clear, int):
            pixels[pixels == clear] = 65535
        if tags.get(_PHOTOMETRIC) == 0:  # white is zero: Pillow turns 1 and 8 bits, but not 16
            pixels = 65535 - pixels
    elif image.mode == "I":
        pixels = np.asarray(image)
        if tags and sample_format == 1:
            pixels = pixels.view(np.uint32)
        pixels = pixels.astype(np.float64)
    elif image.mode == "F":
        pixels = np.array(image, dtype=np.float32)
    elif image.mode == "L" and sample_format == 2:
        pixels = np.asarray(image).view(np.int8).astype(np.float64)
    else:
        pixels = _luminance(image)
    return pixels


def _luminance(image: PillowImage) -> np.ndarray[Any, Any]:
    """Return 8-bit grey of shape (H, W): Rec. 601 luminance, over white paper."""
    if image.has_transparency_data:
        layers = np.asarray(image if image.mode == "LA" else image.convert("RGBA"))
        return _over_white(layers)
    if image.mode == "LAB":
        return np.array(image.getchannel(0))
    if image.mode not in {"L", "RGB", "YCbCr"}:
        image = image.convert("RGB")
    return np.array(image.convert("L"))


def _over_white(layers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Blend (h, w, 2 or 4) colours with white by their alpha, rounding once at the end.

    All sums stay below 2**32, so whole numbers do, and equal channels give
    exactly their common value.
    """
    wide = layers.astype(np.uint32)
    if wide.shape[-1] == 2:
        grey: np.ndarray[Any, Any] = wide[..., 0] << 16
    else:
        grey = wide[..., 0] * _RED + wide[..., 1] * _GREEN + wide[..., 2] * _BLUE
    alpha = wide[..., -1]
    unit = 255 << 16
    return ((grey * alpha + unit * (255 - alpha) + unit // 2) // unit).astype(np.uint8)


def keep_byte_order(image: ImageFile) -> None:
    """Make an opened TIFF arrive in the byte order of the machine, as libtiff hands it over.

    Pillow 13 knows that for unsigned numbers of 16 bits, and swaps the bytes of
    signed numbers and floats in big-endian files once more.
    """
    image.tile = [
        tile._replace(args=(_NATIVE.get(tile.args[0], tile.args[0]), *tile.args[1:]))
        if tile.codec_name == "libtiff" and isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]


def turn_upright(pixels: np.ndarray[Any, Any], orientation: int) -> np.ndarray[Any, Any]:
    """Undo an EXIF orientation (1 to 8; other values are taken for 1).

    Values above 4 swap the axes. The result is contiguous.
    """
    if orientation in range(5, 9):
        pixels = pixels.T
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def as_tuple(value: Any) -> tuple[Any, ...]:
    """Return a tag as a tuple: Pillow hands out single values bare."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)
