"""What a picture file says beside its pixels: resolution, profile, compression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from isingdenoise.io.picture import grey_profile, usable_dpi

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["notes_on", "notes_on_tiff"]

_ACROSS, _DOWN, _UNIT, _PROFILE = 282, 283, 296, 34675  # more TIFF tags
_GREY_MODES = {"1", "L", "LA", "I", "I;16", "I;16B", "F"}  # whose profile still fits grey pixels
_COMPRESSIONS = {"raw": "none", "tiff_adobe_deflate": "deflate", "tiff_deflate": "deflate"}
_COMPRESSION = 259  # a tag, and its values:
_NUMBERS = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate", 32773: "packbits"}
_HALF_A_DOT = 0.0128  # half a dot per metre, in dots per inch


def notes_on(
    image: ImageFile, tags: Mapping[int, Any], mode: str, *, turned: bool
) -> dict[str, Any]:
    """Return what the file says beside the pixels; `turned`: whether the axes were swapped."""
    # Pillow keeps the notes of other pages of a TIFF; its tags are those of this page.
    info = {"dpi": _tiff_dpi(tags), "icc_profile": tags.get(_PROFILE)} if tags else image.info
    dpi = _dpi(info.get("dpi"), image.format)
    tiff = image.format == "TIFF"
    return {
        "dpi": dpi[::-1] if dpi and turned else dpi,
        "icc_profile": grey_profile(info.get("icc_profile")) if mode in _GREY_MODES else None,
        "compression": _compression(image.info.get("compression")) if tiff else None,
    }


def notes_on_tiff(tags: Mapping[int, Any], *, turned: bool) -> dict[str, Any]:
    """Return what a TIFF says that Pillow does not know."""
    dpi = usable_dpi(_tiff_dpi(tags))
    return {
        "dpi": dpi[::-1] if dpi and turned else dpi,
        "icc_profile": grey_profile(tags.get(_PROFILE)),
        "compression": _NUMBERS.get(int(tags.get(_COMPRESSION, 1))),
    }


def _dpi(found: object, kind: str | None) -> tuple[float, float] | None:
    """Return the resolution; PNG and BMP round it to dots per metre, which is undone."""
    dpi = usable_dpi(found)
    if dpi is None or kind not in ("PNG", "BMP"):
        return dpi
    across, down = (round(v) if abs(v - round(v)) <= _HALF_A_DOT else v for v in dpi)
    return float(across), float(down)


def _tiff_dpi(tags: Mapping[int, Any]) -> tuple[Any, Any] | None:
    """Return the resolution in dots per inch (unit 2, which is the default) or centimetre (3)."""
    unit = tags.get(_UNIT, 2)
    if unit not in (2, 3) or not {_ACROSS, _DOWN} <= tags.keys():
        return None
    scale = 2.54 if unit == 3 else 1
    return tags[_ACROSS] * scale, tags[_DOWN] * scale


def _compression(found: object) -> str | None:
    """Return our name of a TIFF's compression."""
    name = str(found)
    return _COMPRESSIONS.get(name, name.removeprefix("tiff_"))
