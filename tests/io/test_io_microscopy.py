"""TIFFs of microscopes: floats of all sizes, channels, and the size of a pixel that is kept."""

import io
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from command_line import error_line, invoke, succeed
from picture_files import tiff
from PIL import Image

from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.io import (
    encode_bilevel,
    encode_grey,
    encode_pages,
    kept_notes,
    read_pages,
    read_picture,
)
from isingdenoise.io.other_tiff import open_other_tiff

GREY = np.random.default_rng(0).normal(size=(20, 30))
GREY[3, 4] = np.nan
BYTES = np.random.default_rng(1).integers(0, 256, (6, 20, 30), np.uint8)
MICRON = 25_400.0


def read(data, **options):
    return read_picture(io.BytesIO(data), **options)


def ome(array, axes, **metadata):
    return tiff(array, metadata={"axes": axes, **metadata}, photometric="minisblack", ome=True)


def imagej(array, axes, unit="um", scale=12.5, **metadata):
    return tiff(
        array, imagej=True, resolution=(scale, 2 * scale), metadata={"axes": axes, "unit": unit}
    )


def said_by(data):
    with tifffile.TiffFile(io.BytesIO(data)) as parsed:
        return parsed.pages[0].description, parsed


# ---- floats


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"tile": (16, 16)}], ids=str)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("stored", "read_as"), [("f2", "f4"), ("f4", "f4"), ("f8", "f8")])
def test_floats_of_every_size_are_read_exactly(stored, read_as, order, options):
    given = GREY.astype(stored)
    picture = read(tiff(given, byteorder=order, **options))
    assert picture.pixels.dtype == np.dtype(read_as)
    assert picture.pixels.dtype.isnative
    np.testing.assert_array_equal(picture.pixels, given.astype(read_as))
    assert picture.compression == ("deflate" if "compression" in options else "none")


def test_pages_of_doubles_come_one_by_one_with_their_resolution():
    data = tiff(np.stack([GREY, 2 * GREY]), resolution=(300, 200), resolutionunit="INCH")
    pages = list(read_pages(io.BytesIO(data)))
    assert [(page.page, page.pages, page.dpi) for page in pages] == [
        (0, 2, (300, 200)),
        (1, 2, (300, 200)),
    ]
    np.testing.assert_array_equal(pages[1].pixels, 2 * GREY)
    np.testing.assert_array_equal(read(data, frame=1).pixels, 2 * GREY)


def test_doubles_are_turned_upright():
    data = tiff(GREY, extratags=[(274, "H", 1, 6, True)])
    picture = read(data)
    np.testing.assert_array_equal(picture.pixels, np.rot90(GREY, -1))
    assert picture.orientation == 6


def test_what_is_refused_of_doubles():
    for data, said in [
        (tiff(np.array([[0.0, np.inf]])), "infinite values"),
        (tiff(GREY)[:-300], "truncated"),
        (tiff(GREY)[:-300] + b"", "truncated"),
    ]:
        with pytest.raises(ReadError, match=said):
            read(data)
    with pytest.raises(ReadError, match="more than the limit of 599"):
        read(tiff(GREY), max_pixels=599)
    with pytest.raises(ReadError, match="GB of memory"):
        read(tiff(GREY), besides=lambda pixels, kind: 1 << 60)


@pytest.mark.parametrize("kind", [2, 3, 4])  # letters, numbers: Python multiplies them all
def test_a_side_that_is_no_number_is_not_multiplied(kind):
    data = bytearray(tiff(BYTES[0].astype(np.int32)))
    entry = data.index(struct.pack("<HHI", 256, 4, 1))
    struct.pack_into("<HII", data, entry + 2, kind, 6, 8)
    assert open_other_tiff(io.BytesIO(data)) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["doubles", "channels", "ome", "imagej"])
def test_damaged_files_end_in_one_line(kind):
    data = {
        "doubles": tiff(GREY, compression="zlib"),
        "channels": tiff(BYTES[:2], photometric="minisblack", planarconfig="separate"),
        "ome": ome(BYTES[:3], "CYX", Channel={"Name": ["a", "b", "c"]}),
        "imagej": imagej(BYTES[:3], "CYX"),
    }[kind]
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(400):
        damaged = np.frombuffer(data, np.uint8).copy()
        where = rng.integers(0, min(600, len(data)), rng.integers(1, 6))
        damaged[where] = rng.integers(0, 256, where.size)
        try:
            pages = list(read_pages(io.BytesIO(damaged.tobytes()), channel=1, max_pixels=10_000))
        except ReadError as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            assert all(page.pixels.ndim == 2 for page in pages)
    assert refused > 20


# ---- channels


CZYX = BYTES.reshape(3, 2, 20, 30)  # three channels of two planes
TWICE = [
    ("ome", ome(CZYX, "CZYX", Channel={"Name": ["DAPI", "<b>", "RFP"]})),
    ("imagej", imagej(CZYX.transpose(1, 0, 2, 3), "ZCYX")),
]


@pytest.mark.parametrize(("kind", "data"), TWICE, ids=["ome", "imagej"])
def test_channels_on_pages_are_refused_or_chosen(kind, data):
    names = r" \(DAPI, <b>, RFP\)" if kind == "ome" else ""
    with pytest.raises(ReadError, match=rf"holds 3 channels{names}; choose one by its channel"):
        read(data)
    for channel in range(3):
        pages = list(read_pages(io.BytesIO(data), channel=channel))
        assert [(page.page, page.pages) for page in pages] == [(0, 2), (1, 2)]
        for page, expected in zip(pages, CZYX[channel], strict=True):
            np.testing.assert_array_equal(page.pixels, expected)
        single = read(data, channel=channel, frame=1)
        np.testing.assert_array_equal(single.pixels, CZYX[channel, 1])
    with pytest.raises(ReadError, match="has no such channel; it has 3, and channel counts from 0"):
        read(data, channel=3)


@pytest.mark.parametrize("config", ["contig", "separate"])
@pytest.mark.parametrize("kind", ["u1", "u2", "f4", "f8"])
def test_channels_within_a_page_are_refused_or_chosen(config, kind):
    channels = BYTES[:5].astype(kind)
    stored = channels if config == "separate" else np.moveaxis(channels, 0, -1)
    data = tiff(stored, photometric="minisblack", planarconfig=config, metadata=None)
    with pytest.raises(ReadError, match="holds 5 channels"):
        read(data)
    for number, channel in enumerate(channels):
        np.testing.assert_array_equal(read(data, channel=number).pixels, channel)


def test_a_colour_is_a_channel_where_one_is_asked_for():
    buffer = io.BytesIO()
    Image.fromarray(np.moveaxis(BYTES[:3], 0, -1)).save(buffer, "PNG")
    for number in range(3):
        found = read(buffer.getvalue(), channel=number)
        np.testing.assert_array_equal(found.pixels, BYTES[number])
    assert read(buffer.getvalue()).pixels.shape == (20, 30)
    with pytest.raises(ReadError, match="it has 3, and channel counts from 0"):
        read(buffer.getvalue(), channel=3)


def test_a_picture_of_one_channel_has_the_first_only():
    data = encode_bilevel(GREY > 0, "PNG")
    np.testing.assert_array_equal(read(data, channel=0).pixels, GREY > 0)
    for name in (data, encode_grey(GREY, "NPY"), tiff(GREY)):
        with pytest.raises(ReadError, match="it has 1, and channel counts from 0"):
            read(name, channel=1)
    with pytest.raises(ParameterError, match="channel: must be at least 0, not -1"):
        read(data, channel=-1)


def test_pages_that_are_no_channels_stay_pages():
    for data in (tiff(BYTES, metadata=None), ome(BYTES, "TYX"), imagej(BYTES, "ZYX")):
        assert len(list(read_pages(io.BytesIO(data)))) == 6


@pytest.mark.parametrize(
    "description",
    [
        "ImageJ=1.54f\nchannels=4\nimages=6\n",  # of six pages
        "ImageJ=1.54f\nchannels=0\n",
        "ImageJ=1.54f\nchannels=99999999999999999999\n",
        "ImageJ=",
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><OME>&a;</OME>',
        "<OME><Image><Pixels SizeC='4'/></Image></OME>",
        "<OME><Image><Pixels SizeC='3' DimensionOrder='XYTZC' SizeT='5'/></Image></OME>",
        "<OME><Image/><Image/></OME>",
        "<OME><Image></OME>",
        "<OME>\xb5</OME>",
    ],
)
def test_a_description_that_does_not_fit_is_not_believed(description):
    data = tiff(BYTES, description=description.encode("latin-1"), metadata=None)
    assert len(list(read_pages(io.BytesIO(data)))) == 6


# ---- what is kept


@pytest.mark.parametrize(
    ("kind", "most"), [("TIFF", 5e8), ("PNG", 1e8), ("BMP", 5e7), ("JPEG", 65_535)]
)
def test_fine_resolutions_are_kept_where_there_is_room(kind, most):
    for dpi in (65_536.0, 254_000.0, 3e7):
        encode = encode_grey if kind == "JPEG" else encode_bilevel
        image = BYTES[0] if kind == "JPEG" else GREY > 0
        found = read(encode(image, kind, dpi=(dpi, dpi / 2))).dpi
        if dpi > most:
            assert found is None
        else:
            assert found == pytest.approx((dpi, dpi / 2), rel=1e-5)


def test_the_size_of_a_pixel_of_imagej_is_kept():
    picture = read(imagej(BYTES[:3], "CYX"), channel=1)
    assert picture.dpi == pytest.approx((12.5 * MICRON, 25 * MICRON))
    out = encode_bilevel(picture.pixels > 99, "TIFF", **kept_notes(picture, "TIFF"))
    text, parsed = said_by(out)
    assert parsed.is_imagej
    assert parsed.imagej_metadata["unit"] == "um"
    assert "channels" not in text
    assert parsed.pages[0].tags["XResolution"].value == (25, 2)
    assert parsed.pages[0].tags["YResolution"].value == (25, 1)
    assert parsed.pages[0].tags["ResolutionUnit"].value == 1
    again = read(out)
    assert again.dpi == picture.dpi
    assert again.mode == "1"
    png = read(encode_bilevel(again.pixels, "PNG", **kept_notes(again, "PNG")))
    assert png.dpi == pytest.approx(again.dpi, rel=1e-5)


OME = {
    "PhysicalSizeX": 0.065,
    "PhysicalSizeY": 0.13,
    "PhysicalSizeXUnit": "µm",
    "PhysicalSizeYUnit": "µm",
    "Channel": {"Name": ["DAPI", 'a <b> & "c"', "RFP"]},
}


def pixels_of(text):
    root = ET.fromstring(text)
    space = root.tag.partition("}")[0] + "}"
    return root.find(f"{space}Image/{space}Pixels"), space


@pytest.mark.parametrize(
    ("frame", "planes"), [(None, ("2", "1")), (0, ("1", "1")), (1, ("1", "1"))]
)
def test_what_ome_says_is_kept_of_the_channel(frame, planes):
    data = ome(CZYX, "CZYX", **OME)
    pages = list(read_pages(io.BytesIO(data), channel=1, frame=frame))
    assert pages[0].dpi == pytest.approx((MICRON / 0.065, MICRON / 0.13))
    clean = [replace(page, pixels=page.pixels > 99) for page in pages]
    out = encode_pages(clean)
    text, parsed = said_by(out)
    assert parsed.is_ome
    assert len(parsed.series) == 1
    np.testing.assert_array_equal(
        parsed.series[0].asarray().reshape(-1, 20, 30) > 0, [page.pixels for page in clean]
    )
    pixels, space = pixels_of(text)
    assert (pixels.get("SizeZ"), pixels.get("SizeT"), pixels.get("SizeC")) == (*planes, "1")
    assert pixels.get("Type") == "bit"
    assert (pixels.get("PhysicalSizeX"), pixels.get("PhysicalSizeYUnit")) == ("0.065", "µm")
    assert [c.get("Name") for c in pixels.findall(f"{space}Channel")] == ['a <b> & "c"']
    again = list(read_pages(io.BytesIO(out)))
    assert [page.dpi for page in again] == [pytest.approx(pages[0].dpi)] * len(pages)


def test_probabilities_keep_it_too_and_other_formats_the_resolution():
    picture = read(ome(BYTES[:3], "CYX", **OME), channel=0)
    said = {"dpi": picture.dpi, "microscopy": picture.microscopy}
    text, _ = said_by(encode_grey(np.full((20, 30), 0.5), "TIFF", **said))
    assert pixels_of(text)[0].get("Type") == "float"
    assert read(encode_grey(BYTES[0], "PNG", **said)).dpi == pytest.approx(picture.dpi, rel=1e-5)


# ---- on the command line


def test_the_command_names_the_option_and_counts_from_1(tmp_path):
    source, out = tmp_path / "cells.ome.tif", tmp_path / "out.tif"
    clean = np.kron(np.eye(3), np.ones((10, 10))) > 0
    noise = np.random.default_rng(0).random((3, 30, 30)) < 0.05
    grey = np.where(clean ^ noise, 200, 50).astype(np.uint8)
    source.write_bytes(ome(grey, "CYX", **OME))
    line = error_line(invoke("run", source, "-o", out), 3)
    assert line.endswith('(DAPI, a <b> & "c", RFP); choose one with --channel')
    line = error_line(invoke("run", source, "-o", out, "--channel", "4"), 3)
    assert line.endswith("has no such channel; it has 3, and --channel counts from 1")
    succeed("run", source, "-o", out, "--channel", "3", "--noise", "flip", "--coupling", "0.6")
    assert np.mean(tifffile.imread(out) != clean) < 0.02
    assert pixels_of(said_by(out.read_bytes())[0])[0].get("PhysicalSizeX") == "0.065"
