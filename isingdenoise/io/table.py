"""The table of the formats that can be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FORMATS", "Format", "default_format"]

Options = Mapping[str, Any]

_BILEVEL_ONLY = frozenset({"group4"})  # compressions that hold no grey


@dataclass(frozen=True)
class Format:
    """A format that can be written: all that is known of it.

    Attributes
    ----------
    name : str
        As messages have it; Pillow's name where Pillow writes it.
    extensions : tuple of str
        Those of its files; the first is written.
    bilevel : bool
        Whether a two-level picture takes one bit a pixel. Elsewhere it takes 0 and 255.
    depth : int
        The most bits of a grey value; 0 where there is no grey.
    unit_depth : int
        Bits of a number between 0 and 1.
    floats : bool
        Whether a float is stored as such, as float32.
    numbers : bool
        Whether any array is stored as it is.
    palette : int
        Bits of an index into a palette; 0 where none is written.
    pages : bool
        Whether it holds several. Such an input is written in its own format by default.
    compressions : mapping of str to mapping
        Those that can be chosen, the default first, and what Pillow is told of each.
        Empty: there is one way only.
    profile : bool
        Whether an ICC profile of grey is stored.
    dpi : float
        The finest resolution that is stored, in dots per inch; 0 where there is none.
    no_dpi : mapping
        What Pillow is told where the resolution is unknown.
    options : mapping
        What Pillow is always told.
    searches : bool
        Whether the encoder takes memory to look for what repeats.
    """

    name: str
    extensions: tuple[str, ...]
    bilevel: bool = False
    depth: int = 8
    unit_depth: int = 8
    floats: bool = False
    numbers: bool = False
    palette: int = 0
    pages: bool = False
    compressions: Options = field(default_factory=dict)
    profile: bool = False
    dpi: float = 0
    no_dpi: Options = field(default_factory=dict)
    options: Options = field(default_factory=dict)
    searches: bool = False

    @property
    def grey(self) -> bool:
        """Whether it holds more than two levels."""
        return bool(self.depth or self.floats or self.numbers)

    @property
    def indexed(self) -> bool:
        """Whether it holds a few kinds of pixels: in colours, or as numbers."""
        return bool(self.palette or self.numbers)

    def default_compression(self, *, bilevel: bool) -> str | None:
        """Return the first that fits, or None where there is no choice."""
        return next((n for n in self.compressions if self.fits(n, bilevel=bilevel)), None)

    def fits(self, compression: str | None, *, bilevel: bool) -> bool:
        """Tell whether a compression can be chosen, for two levels or for grey."""
        return compression in self.compressions and (bilevel or compression not in _BILEVEL_ONLY)


_UNPACKED: Options = {"none": {}}
_TIFF: Options = {
    name: {"compression": pillow}
    for name, pillow in {
        "group4": "group4",
        "deflate": "tiff_adobe_deflate",
        "lzw": "tiff_lzw",
        "packbits": "packbits",
        "none": "raw",
    }.items()
}

FORMATS = {
    known.name: known
    for known in (
        Format(
            *("PNG", (".png",)),
            bilevel=True,
            depth=16,
            unit_depth=16,
            palette=2,
            compressions={"deflate": {}, "none": {"compress_level": 0}},
            profile=True,
            dpi=1e8,  # dots per metre in 32 bits
        ),
        Format(
            *("TIFF", (".tif", ".tiff")),
            bilevel=True,
            depth=16,
            floats=True,
            palette=8,
            pages=True,
            compressions=_TIFF,
            profile=True,
            dpi=5e8,
            # a resolution must be there: this one says "square, size unknown"
            no_dpi={"resolution_unit": 1, "x_resolution": 1.0, "y_resolution": 1.0},
        ),
        Format("PBM", (".pbm",), bilevel=True, depth=0, compressions=_UNPACKED),
        Format("PGM", (".pgm",), depth=16, compressions=_UNPACKED),
        Format(
            *("BMP", (".bmp",)),
            bilevel=True,
            compressions=_UNPACKED,
            dpi=5e7,  # dots per metre in 31 bits
            no_dpi={"dpi": (0, 0)},  # Pillow would make up 96
        ),
        Format("JPEG", (".jpg", ".jpeg"), profile=True, dpi=65_535, options={"quality": 95}),
        Format("WEBP", (".webp",), options={"lossless": True}, searches=True),
        Format("GIF", (".gif",)),
        Format("NPY", (".npy",), numbers=True, compressions=_UNPACKED),
    )
}
"""All formats that can be written, by name: the one place that knows what each can hold."""

_DEFAULT = "PNG"


def default_format(source: str) -> str:
    """Return the format of an output that nobody named, by that of the input."""
    return source if source in FORMATS and FORMATS[source].pages else _DEFAULT
