"""Pictures as files: the only place where files become arrays and back.

Bright is +1, True and 255; black is -1, False and 0. That is settled here,
once, whatever a file format calls white.
"""

from __future__ import annotations

from isingdenoise.io.animation import ANIMATIONS, Film, check_animation
from isingdenoise.io.atomic import atomic_file, write_bytes_atomically
from isingdenoise.io.atomic_folder import atomic_folder, check_folder
from isingdenoise.io.beside import read_clean, read_mask
from isingdenoise.io.change_map import CHANGE_COLOURS, encode_change_map
from isingdenoise.io.encode import encode_bilevel, encode_grey
from isingdenoise.io.formats import (
    COMPRESSIONS,
    EXTENSIONS,
    check_format,
    default_extension,
    format_of,
)
from isingdenoise.io.glyphs import draw_glyph
from isingdenoise.io.memory import available_memory, check_memory, memory_needed
from isingdenoise.io.opening import StrPath, check_unchanged, stamp_of
from isingdenoise.io.pages import PageWriter, encode_pages, kept_notes
from isingdenoise.io.picture import Picture
from isingdenoise.io.preview import encode_preview
from isingdenoise.io.reading import (
    DEFAULT_MAX_PAGES,
    DEFAULT_MAX_PIXELS,
    DEFAULT_PAGE_PIXELS,
    check_input,
    read_pages,
    read_picture,
    read_size,
)
from isingdenoise.io.spins import from_spins, to_spins
from isingdenoise.io.stacks import encode_stack, read_stack
from isingdenoise.io.targets import Checked, check_output
from isingdenoise.io.temporaries import sweep
from isingdenoise.io.volumes import Stack, read_volume, save_volume, write_volume
from isingdenoise.io.writing import (
    open_pages,
    write_bilevel,
    write_change_map,
    write_grey,
    write_pages,
)

__all__ = [
    "ANIMATIONS",
    "CHANGE_COLOURS",
    "COMPRESSIONS",
    "DEFAULT_MAX_PAGES",
    "DEFAULT_MAX_PIXELS",
    "DEFAULT_PAGE_PIXELS",
    "EXTENSIONS",
    "Checked",
    "Film",
    "PageWriter",
    "Picture",
    "Stack",
    "StrPath",
    "atomic_file",
    "atomic_folder",
    "available_memory",
    "check_animation",
    "check_folder",
    "check_format",
    "check_input",
    "check_memory",
    "check_output",
    "check_unchanged",
    "default_extension",
    "draw_glyph",
    "encode_bilevel",
    "encode_change_map",
    "encode_grey",
    "encode_pages",
    "encode_preview",
    "encode_stack",
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
    "read_stack",
    "read_volume",
    "save_volume",
    "stamp_of",
    "sweep",
    "to_spins",
    "write_bilevel",
    "write_bytes_atomically",
    "write_change_map",
    "write_grey",
    "write_pages",
    "write_volume",
]
