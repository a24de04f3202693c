"""What is wrong with a picture file, found before decoding or told afterwards, in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from isingdenoise.errors import ReadError, TimeLimitError, printable
from isingdenoise.io.pixels import as_tuple

__all__ = ["check_strips", "in_one_line"]

_MAGIC = {
    b"\x89PNG": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
}

# TIFF tags.
_HEIGHT, _OFFSETS, _SAMPLES, _ROWS = 257, 273, 277, 278
_COUNTS, _PLANAR, _TILE_OFFSETS, _TILE_COUNTS = 279, 284, 324, 325


@contextmanager
def in_one_line(name: str, stream: BinaryIO, prefix: str = "") -> Iterator[None]:
    """Turn whatever a decoder raises into a `ReadError`, about a page where there are several."""
    try:
        yield
    except ReadError as error:
        if not prefix:
            raise
        raise ReadError(name, prefix + error.message, error.hint) from error
    except TimeLimitError:
        raise
    except MemoryError as error:
        raise ReadError(
            name, f"{prefix}needs more memory than there is; cut it into parts"
        ) from error
    except Exception as error:  # a decoder raises what it likes, from SyntaxError to zlib.error
        raise ReadError(name, prefix + _explain(error, stream)) from error


def check_strips(tags: Mapping[int, Any], name: str, size: int) -> None:
    """Refuse a TIFF with parts never written, or cut off: decoders show black there."""
    offsets = as_tuple(tags.get(_OFFSETS) or tags.get(_TILE_OFFSETS))
    counts = as_tuple(tags.get(_COUNTS) or tags.get(_TILE_COUNTS))
    if not offsets or not counts:
        return
    if _OFFSETS in tags:
        rows = min(int(tags.get(_ROWS) or tags[_HEIGHT]), int(tags[_HEIGHT]))
        planes = int(tags.get(_SAMPLES, 1)) if tags.get(_PLANAR, 1) == 2 else 1
        expected = -(-int(tags[_HEIGHT]) // rows) * planes
    else:
        expected = len(offsets)
    if min(len(offsets), len(counts)) < expected or not all(offsets) or not all(counts):
        raise ReadError(name, "has strips that were never written; write the picture once more")
    if any(start + length > size for start, length in zip(offsets, counts, strict=False)):
        raise ReadError(name, "is truncated; make or fetch it once more")


def _explain(error: Exception, stream: BinaryIO) -> str:
    """Say in one line why a decoder gave up."""
    from PIL import UnidentifiedImageError

    if not isinstance(error, UnidentifiedImageError):
        reason = printable(str(error) or type(error).__name__)[:200]
        return f"is damaged or incomplete ({reason}); make or fetch it once more"
    stream.seek(0)
    start = stream.read(4)
    kind = next((known for magic, known in _MAGIC.items() if start.startswith(magic)), None)
    if kind == "TIFF":
        return (
            "is a TIFF that is damaged or of a kind that cannot be read; save one channel of "
            "1, 8 or 16 bits or of floats"
        )
    if kind is not None:
        return f"starts like a {kind} file but is damaged; make or fetch it once more"
    return "is no picture that can be read; convert it to PNG, TIFF, PBM, BMP, JPEG, WebP or GIF"
