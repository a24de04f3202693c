"""Pictures larger than memory, cleaned part by part without seams."""

from .denoising import ChunkedResult, denoise_chunked
from .grid import Cut
from .stores import KINDS, check_target, is_zarr, kind_of, open_source, reads_in_parts

__all__ = [
    "KINDS",
    "ChunkedResult",
    "Cut",
    "check_target",
    "denoise_chunked",
    "is_zarr",
    "kind_of",
    "open_source",
    "reads_in_parts",
]
