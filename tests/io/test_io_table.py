"""The table of formats: what it says of each is what its files hold, and nothing else says it."""

import ast
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import isingdenoise.io
from isingdenoise import ParameterError
from isingdenoise.io import (
    COMPRESSIONS,
    EXTENSIONS,
    encode_bilevel,
    encode_change_map,
    encode_grey,
    encode_pages,
    read_picture,
)
from isingdenoise.io.table import FORMATS, default_format

PLACE = Path(isingdenoise.io.__file__).parent
#: Who writes: whatever sets the formats apart here belongs into the table.
WRITERS = [
    *(PLACE / f"{name}.py" for name in ("change_map", "encode", "formats", "pages", "writing")),
    PLACE.parent / "pipeline" / "outputs.py",
]
BITS = np.random.default_rng(0).random((9, 11)) < 0.5
KNOWN = pytest.mark.parametrize("known", FORMATS.values(), ids=FORMATS)


def read(data):
    return read_picture(io.BytesIO(data))


def can(encode, *arguments, **options):
    """Tell whether something can be encoded."""
    try:
        return bool(encode(*arguments, **options))
    except ParameterError:
        return False


@KNOWN
def test_the_bits_of_a_pixel_are_as_the_table_says(known):
    assert (read(encode_bilevel(BITS, known.name)).pixels.dtype == bool) == (
        known.bilevel or known.numbers
    )
    deep = BITS.astype(np.uint16) * np.uint16(65535)
    assert can(encode_grey, BITS, known.name) == known.grey
    assert can(encode_grey, deep, known.name) == (known.depth == 16 or known.numbers)


@KNOWN
def test_a_number_between_0_and_1_takes_the_bits_that_the_table_says(known):
    if not known.grey:
        return
    stored = read(encode_grey(np.full((4, 4), 0.3, np.float32), known.name)).pixels
    assert (stored.dtype.kind == "f") == (known.floats or known.numbers)
    assert stored.dtype.kind == "f" or 8 * stored.dtype.itemsize == known.unit_depth


@KNOWN
def test_colours_pages_and_compressions_are_as_the_table_says(known):
    changes = np.zeros(BITS.shape, np.int8)
    assert can(encode_change_map, BITS, changes, known.name) == known.indexed
    assert can(encode_pages, [BITS, ~BITS], known.name) == known.pages
    for names in COMPRESSIONS.values():
        for name in names:
            fits = known.fits(name, bilevel=True)
            assert can(encode_bilevel, BITS, known.name, compression=name) == fits
    assert (default_format(known.name) == known.name) == (known.pages or known.name == "PNG")


@KNOWN
def test_a_resolution_is_stored_where_the_table_says_so(known):
    data = encode_bilevel(BITS, known.name, dpi=(300.0, 300.0))
    assert (read(data).dpi is not None) == bool(known.dpi)
    if not known.numbers:
        assert Image.open(io.BytesIO(data)).format in {known.name, "PPM"}


def test_every_extension_has_one_format():
    assert len(EXTENSIONS) == sum(len(known.extensions) for known in FORMATS.values())
    assert set(EXTENSIONS.values()) == set(FORMATS)


def set_apart(text):
    """Return the formats that a source compares with, or gathers."""
    holders = (ast.Compare, ast.Set, ast.Dict, ast.List, ast.Tuple)
    return {
        node.value
        for holder in ast.walk(ast.parse(text))
        if isinstance(holder, holders)
        for node in ast.iter_child_nodes(holder)
        if isinstance(node, ast.Constant) and node.value in FORMATS
    }


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: path.stem)
def test_no_format_is_set_apart_beside_the_table(path):
    assert set_apart(path.read_text(encoding="utf-8")) == set()


def test_a_format_that_is_set_apart_would_be_seen():
    assert set_apart("x = {'PNG', 'GIF'} if kind == 'TIFF' else f('BMP')") == {"PNG", "GIF", "TIFF"}
