"""What ImageJ and OME write into the description of a TIFF: channels, and the size of a pixel.

A description is text of the file and nobody's promise: what does not fit the pages is not
believed, and XML that defines entities is not parsed.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

__all__ = ["Microscopy", "microscopy_of"]

_LONGEST = 1 << 22  # characters of a description that is looked at
_INCHES = {
    "nm": 2.54e7,
    "um": 25_400.0,
    "micron": 25_400.0,
    "microns": 25_400.0,
    "µm": 25_400.0,
    "μm": 25_400.0,
    "\\u00B5m": 25_400.0,
    "mm": 25.4,
    "cm": 2.54,
    "inch": 1.0,
    "in": 1.0,
}
#: Lines of ImageJ that are true of each page; the others say how pages lie one behind the other.
_KEPT = ("unit", "yunit", "zunit", "spacing", "xorigin", "yorigin", "zorigin", "finterval", "fps")
_PHYSICAL = tuple(f"PhysicalSize{axis}{unit}" for axis in "XYZ" for unit in ("", "Unit"))
_TIMES = ("TimeIncrement", "TimeIncrementUnit")
_OME = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    '<Image ID="Image:0"{name}><Pixels ID="Pixels:0" DimensionOrder="{order}" Type="{kind}" '
    'SizeX="{width}" SizeY="{height}" SizeC="1" SizeZ="{z}" SizeT="{t}"{kept}>'
    '<Channel ID="Channel:0:0" SamplesPerPixel="1"{channel}/><TiffData/></Pixels></Image></OME>'
)


@dataclass(frozen=True)
class Microscopy:
    """What the description of a TIFF says.

    Attributes
    ----------
    kind : str
        "imagej" or "ome".
    channels : int
        How many pictures of one place there are, on pages of their own.
    names : tuple of str
        Those of the channels, where they have names.
    stride : int
        How many pages lie between two channels of one place.
    kept : mapping of str to str
        What stays true of a picture that is made of a page.
    scale : tuple of float, or None
        Of ImageJ: pixels across and down in one `unit`.
    title : str
        Of OME: the name of the picture.
    planes : tuple of int
        How many pages of a channel lie above one another, and follow in time.
    order : str
        Of OME: which of them comes first.
    channel : int
        Which channel was read, from 0.
    """

    kind: str
    channels: int
    names: tuple[str, ...]
    stride: int
    kept: Mapping[str, str]
    scale: tuple[float, float] | None = None
    title: str = ""
    planes: tuple[int, int] = (1, 1)
    order: str = "XYZCT"
    channel: int = 0

    def pages(self, count: int, channel: int) -> list[int]:
        """Return which of all pages hold a channel, from 0."""
        return [page for page in range(count) if page // self.stride % self.channels == channel]

    def fits(self, count: int) -> bool:
        """Return whether so many pages hold all channels."""
        return count % (self.channels * self.stride) == 0

    @property
    def dpi(self) -> tuple[float, float] | None:
        """Dots per inch, where the size of a pixel is known."""
        if self.kind == "imagej":
            inch = _INCHES.get(self.kept.get("unit", ""))
            return None if self.scale is None or inch is None else self._times(inch)
        sizes = [self._size(axis) for axis in "XY"]
        return None if None in sizes else (1 / sizes[0], 1 / sizes[1])  # type: ignore[operator]

    @property
    def spacing(self) -> tuple[float, float, float] | None:
        """Distances (dz, dy, dx) between pixels in one unit, where all three are known."""
        if self.kind == "imagej":
            dz = _positive(self.kept.get("spacing"))
            unit, others = (self.kept.get(key, "") for key in ("unit", "zunit"))
            if dz is None or self.scale is None or others not in ("", unit):
                return None
            return dz, 1 / self.scale[1], 1 / self.scale[0]
        sizes = [self._size(axis) for axis in "ZYX"]
        return None if None in sizes else tuple(sizes)  # type: ignore[return-value]

    def _times(self, inch: float) -> tuple[float, float]:
        assert self.scale is not None
        return self.scale[0] * inch, self.scale[1] * inch

    def _size(self, axis: str) -> float | None:
        """Return the size of a pixel in inches, from OME."""
        inch = _INCHES.get(self.kept.get(f"PhysicalSize{axis}Unit", "µm"))
        size = _positive(self.kept.get(f"PhysicalSize{axis}"))
        return None if size is None or inch is None else size / inch

    def description(self, width: int, height: int, kind: str) -> str:
        """Return what an output of the channel that was read says.

        Parameters
        ----------
        width, height : int
            Of the output.
        kind : str
            OME's name of its pixels: "bit", "uint8", "uint16" or "float".
        """
        if self.kind == "imagej":
            return "".join(f"{line}\n" for line in ("ImageJ=1.54f", *_pairs(self.kept)))
        name = self.names[self.channel] if self.channel < len(self.names) else ""
        text = _OME.format(
            name=_attribute("Name", self.title),
            kind=kind,
            width=width,
            height=height,
            order=self.order,
            z=self.planes[0],
            t=self.planes[1],
            kept="".join(_attribute(key, value) for key, value in self.kept.items()),
            channel=_attribute("Name", name),
        )
        return text.encode("ascii", "xmlcharrefreplace").decode("ascii")  # as TIFF has its texts


def microscopy_of(
    description: object, scale: tuple[float, float] | None = None
) -> Microscopy | None:
    """Return what a description says, None where neither ImageJ nor OME wrote it.

    Parameters
    ----------
    description : object
        The tag of the first page; None where there is none.
    scale : tuple of float, optional
        Pixels across and down in the unit of the description, where the file has no other.
    """
    if not isinstance(description, str) or len(description) > _LONGEST:
        return None
    with contextlib.suppress(UnicodeError):  # Pillow takes all texts for Latin-1
        description = description.encode("latin-1").decode("utf-8")
    if description.startswith("ImageJ="):
        lines = dict(line.split("=", 1) for line in description.splitlines() if "=" in line)
        said = {key: lines.get(key, "") for key in _KEPT}
        kept = {key: value for key, value in said.items() if value and value.isprintable()}
        channels = _whole(lines.get("channels"))
        planes = (_whole(lines.get("slices")), _whole(lines.get("frames")))
        return Microscopy("imagej", channels, (), 1, kept, scale, planes=planes)
    if "<OME" in description[:2000] and description.rstrip("\0 \r\n").endswith("OME>"):
        return _of_ome(description)
    return None


def _of_ome(description: str) -> Microscopy | None:
    from xml.etree import ElementTree

    if re.search(r"<!(DOCTYPE|ENTITY)", description):
        return None
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", description).strip("\0 \r\n")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return None
    images = [element for element in root if _tag(element) == "Image"]
    pixels = next((e for image in images[:1] for e in image if _tag(e) == "Pixels"), None)
    if len(images) != 1 or pixels is None:  # several pictures: pages of which none is known
        return None
    sizes = {axis: _whole(pixels.get(f"Size{axis}")) for axis in "CZT"}
    found = [element for element in pixels if _tag(element) == "Channel"]
    samples = [_whole(channel.get("SamplesPerPixel")) for channel in found]
    channels = len(found) if found and sum(samples) == sizes["C"] else sizes["C"]
    order = pixels.get("DimensionOrder", "")
    order = order if re.fullmatch("XY[CZT]{3}", order) else "XYCZT"
    stride = 1
    for axis in order[2:]:
        if axis == "C":
            break
        stride *= sizes.get(axis, 1)
    kept = {key: pixels.get(key, "") for key in (*_PHYSICAL, *_TIMES)}
    return Microscopy(
        "ome",
        channels,
        tuple(channel.get("Name", "") for channel in found),
        stride,
        {key: value for key, value in kept.items() if value},
        title=images[0].get("Name", ""),
        planes=(sizes["Z"], sizes["T"]),
        order=order,
    )


def _tag(element: object) -> str:
    """Return the name of an element without its name space."""
    return str(getattr(element, "tag", "")).rpartition("}")[2]


def _whole(text: str | None) -> int:
    """Return a count; 1 where there is none."""
    return int(text) if text is not None and re.fullmatch(r"[1-9]\d{0,8}", text) else 1


def _positive(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _pairs(kept: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in kept.items()]


def _attribute(name: str, value: str) -> str:
    return f" {name}={quoteattr(value)}" if value else ""
