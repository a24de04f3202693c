"""Pillow, asked quietly: without its size limit, its warnings and libtiff's messages."""

from __future__ import annotations

import importlib
import logging
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, BinaryIO

from isingdenoise.io.bits import fax_errors

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["open_image", "quiet_pillow"]

# What is read, by content; others are refused. Pillow knows many more, but each is
# one more decoder to trust, and some run other programs (EPS) or accept nearly any
# bytes (TGA).
_PLUGINS = {
    "PNG": "PngImagePlugin",
    "TIFF": "TiffImagePlugin",
    "PPM": "PpmImagePlugin",
    "BMP": "BmpImagePlugin",
    "JPEG": "JpegImagePlugin",
    "WEBP": "WebPImagePlugin",
    "GIF": "GifImagePlugin",
}

_CHECK = "_decompression_bomb_check"
_MARK = "_isingdenoise_unlimited"

# Python's warning filters and libtiff's messages belong to the whole process: one
# thread at a time may set them aside.
_PILLOW_LOCK = threading.Lock()

# Without a handler of their own, Pillow's error messages would reach stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextmanager
def quiet_pillow() -> Iterator[list[str]]:
    """Keep Pillow's remarks on odd files and libtiff's messages out of the way."""
    with _PILLOW_LOCK, warnings.catch_warnings(), fax_errors() as complaints:
        # That a picture is very large is another category: whoever opens one with
        # Pillow in another thread meanwhile has to hear of it.
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        yield complaints


def open_image(stream: BinaryIO) -> ImageFile:
    """Open a picture of one of the formats that people keep; only its header is read.

    As `PIL.Image.open`, but without its limit of 179 million pixels, for this
    picture alone: the caller compares the size with limits of its own. The
    process-wide `PIL.Image.MAX_IMAGE_PIXELS` stays what it is.
    """
    from PIL import Image, UnidentifiedImageError

    stream.seek(0)
    start = stream.read(16)
    for kind, plugin in _PLUGINS.items():
        importlib.import_module(f"PIL.{plugin}")
        factory, accept = Image.OPEN[kind]
        answer = accept is None or accept(start)
        if isinstance(answer, str) or not answer:  # words say why it cannot be read here
            continue
        stream.seek(0)
        try:
            make: Any = _unlimited(factory) if isinstance(factory, type) else factory
            image: ImageFile = make(stream, "")
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue  # it only started like one
        image.__class__ = _unlimited(type(image))  # a JPEG turns out to be this or that
        return image
    raise UnidentifiedImageError("no known format")


class _Unlimited:
    """Pillow's module `Image` as its plugins see it, without the size limit."""

    def __getattr__(self, name: str) -> Any:
        from PIL import Image

        return getattr(Image, name)

    @staticmethod
    def _decompression_bomb_check(*_: object, **__: object) -> None:
        pass


@cache
def _unlimited(kind: type) -> type:
    """Return a class of images whose methods do not ask for Pillow's size limit.

    Pillow has one limit for the process and no way to lift it for one call.
    The few methods that ask for it are made again here, in a subclass, from
    the same code with another function under that name. Where a version of
    Pillow has none of them, the class stays as it is, and its limit in force.
    """
    from PIL import Image

    if _MARK in vars(kind):
        return kind
    methods: dict[str, Any] = {_MARK: True}
    for base in reversed(kind.__mro__):
        for name, method in vars(base).items():
            methods.pop(name, None)
            if isinstance(method, FunctionType) and _CHECK in method.__code__.co_names:
                methods[name] = _made_again(method, Image)
    return type(kind.__name__, (kind,), methods)


def _made_again(method: FunctionType, module: object) -> FunctionType:
    """Return the same code among other globals."""
    seen = {**method.__globals__, _CHECK: _Unlimited._decompression_bomb_check}
    if seen.get("Image") is module:
        seen["Image"] = _Unlimited()
    again = FunctionType(
        method.__code__, seen, method.__name__, method.__defaults__, method.__closure__
    )
    again.__kwdefaults__ = method.__kwdefaults__
    return again
