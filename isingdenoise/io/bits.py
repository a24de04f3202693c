"""One-bit pixels unpacked where they stay, and the messages of libtiff kept to ourselves."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["fax_errors", "load_bits"]

_INVERTED = {"1": False, "1;I": True}  # how the bits may lie; others go the long way
_CODECS = {"raw", "zip", "libtiff"}


def load_bits(image: ImageFile) -> np.ndarray[Any, Any] | None:
    """Decode a one-bit image straight into its array.

    Pillow gives a one-bit image a byte a pixel of its own, and two more for
    the way to NumPy. Here its decoder is lent the array instead, under the
    name of a palette image: that is the type whose bits unpack to 0 and 1, and
    one that may lie in foreign memory.

    Parameters
    ----------
    image : PIL.ImageFile.ImageFile
        Opened and not loaded; afterwards it has no pixels, unless None is
        returned: then it is as it was.

    Returns
    -------
    ndarray of bool, shape (H, W), or None
        True where a bit is bright. None where the image is no such case.
    """
    from PIL import Image

    raw = {_raw_mode(tile.args) for tile in image.tile}
    if image.mode != "1" or (getattr(image, "is_animated", False) and image.format != "TIFF"):
        return None
    if len(raw) != 1 or not raw <= set(_INVERTED):
        return None
    if {tile.codec_name for tile in image.tile} - _CODECS:
        return None
    width, height = image.size
    pixels = np.zeros((height, width), dtype=np.uint8)
    image.tile = [tile._replace(args=_as_palette(tile.args)) for tile in image.tile]
    image._mode = "P"
    image.im = Image.frombuffer("P", image.size, pixels, "raw", "P", 0, 1).im
    image.load()
    # The next page of the same image must not be decoded into this array.
    image.im = None  # type: ignore[assignment]
    if _INVERTED[raw.pop()]:
        np.subtract(1, pixels, out=pixels)
    return pixels.view(np.bool_)


def _raw_mode(args: Any) -> Any:
    return args[0] if isinstance(args, tuple) else args


def _as_palette(args: Any) -> Any:
    return ("P;1", *args[1:]) if isinstance(args, tuple) else "P;1"


@contextlib.contextmanager
def fax_errors() -> Iterator[list[str]]:
    """Collect what libtiff complains about in this thread, instead of letting it reach stderr.

    Pillow takes a Group 4 page with bad code words for sound, and libtiff
    prints a line for each. The handler belongs to the whole process: only one
    thread at a time may be in here. Another thread that uses libtiff meanwhile
    loses its messages, not its errors. Where libtiff cannot be reached (it is
    built in without its names), nothing is collected.

    Yields
    ------
    list of str
        The names of the functions of libtiff that complained, each once.
    """
    found: list[str] = []
    library = _libtiff()
    if library is None:
        yield found
        return
    import ctypes

    owner = threading.get_ident()

    def note(module: bytes | None, *_: object) -> None:
        name = (module or b"").decode("ascii", "replace")
        if threading.get_ident() == owner and name not in found:
            found.append(name)

    # The third argument is a va_list: a pointer or passed like one, and left alone.
    handler = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)(note)
    before = library(ctypes.cast(handler, ctypes.c_void_p))
    try:
        yield found
    finally:
        library(before)


@cache
def _libtiff() -> Any:
    """Return `TIFFSetErrorHandler` of the libtiff that Pillow uses, or None."""
    try:
        import ctypes

        from PIL import _imaging

        # Looking a name up in a library searches the libraries it was linked with.
        function = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (ImportError, OSError, AttributeError):
        return None
    function.restype, function.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    return function
