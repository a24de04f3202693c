"""Pictures that stay on the disk: read and written in parts."""

from .base import Source, Target
from .opening import KINDS, check_target, is_zarr, kind_of, open_source, open_target, reads_in_parts
from .tiff import TiffSource
from .tiff_target import TiffTarget
from .zarr_source import ZarrSource
from .zarr_target import ZarrTarget

__all__ = [
    "KINDS",
    "Source",
    "Target",
    "TiffSource",
    "TiffTarget",
    "ZarrSource",
    "ZarrTarget",
    "check_target",
    "is_zarr",
    "kind_of",
    "open_source",
    "open_target",
    "reads_in_parts",
]
