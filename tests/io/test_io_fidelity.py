"""What an output keeps of its source: polarity, resolution, profile, orientation, compression."""

import io

import cv2
import numpy as np
import pytest
import tifffile
from picture_files import encoded, icc_profile, raw_tiff, tiff
from PIL import Image

from isingdenoise.errors import ParameterError
from isingdenoise.io import (
    COMPRESSIONS,
    EXTENSIONS,
    check_format,
    encode_bilevel,
    encode_change_map,
    encode_grey,
    kept_notes,
    read_picture,
    write_bilevel,
    write_change_map,
    write_grey,
)

BITS = np.random.default_rng(5).random((23, 37)) < 0.4
GREY = np.random.default_rng(6).integers(0, 256, (23, 37), dtype=np.uint8)
PROFILE = icc_profile(b"GRAY")


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"))


def by_opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)


def by_tifffile(data):
    pixels = tifffile.imread(io.BytesIO(data))
    return pixels * np.uint8(255) if pixels.dtype == np.bool_ or pixels.max() <= 1 else pixels


def read(data):
    return read_picture(io.BytesIO(data))


# -------------------------------------------------------------------------- polarity


@pytest.mark.parametrize("compression", COMPRESSIONS["TIFF"])
def test_three_readers_agree_on_our_tiffs(compression):
    data = encode_bilevel(BITS, "TIFF", compression=compression)
    readers = [by_pillow, by_opencv]
    if compression in ("deflate", "none", "packbits"):  # tifffile has no other codecs of its own
        readers.append(by_tifffile)
    for reader in readers:
        np.testing.assert_array_equal(reader(data), BITS * np.uint8(255), err_msg=str(reader))
    with tifffile.TiffFile(io.BytesIO(data)) as parsed:
        page = parsed.pages[0]
        assert (page.bitspersample, page.photometric) == (1, tifffile.PHOTOMETRIC.MINISBLACK)
    picture = read(data)
    np.testing.assert_array_equal(picture.pixels, BITS, strict=True)
    assert picture.compression == compression


def test_a_reader_that_ignores_the_polarity_would_be_caught():
    data = tiff(BITS, photometric="miniswhite", compression=None)
    np.testing.assert_array_equal(by_tifffile(data), BITS * np.uint8(255))  # the trap itself
    np.testing.assert_array_equal(read(data).pixels, ~BITS, strict=True)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PBM"])
def test_two_readers_agree_on_other_bilevel_files(kind):
    data = encode_bilevel(BITS, kind)
    for reader in (by_pillow, by_opencv):
        np.testing.assert_array_equal(reader(data), BITS * np.uint8(255))


@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("fill_order", [1, 2])
@pytest.mark.parametrize("orientation", [1, 6])
def test_every_kind_of_one_bit_tiff_takes_one_way_in(white_is_zero, fill_order, orientation):
    """The decoder that works in place and Pillow's own give the same pixels."""
    tags = {262: int(not white_is_zero), 274: orientation}
    data = encoded(Image.fromarray(BITS), "TIFF", compression="group4", tiffinfo=tags)
    if fill_order == 2:
        stored = np.packbits(BITS, axis=1, bitorder="little").tobytes()
        data = raw_tiff(BITS.shape, stored, {**tags, 266: 2})
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(image)
    picture = read(data)
    np.testing.assert_array_equal(picture.pixels, expected, strict=True)
    assert picture.orientation == orientation
    upright = np.rot90(BITS, -1) if orientation == 6 else BITS
    inverted = white_is_zero and fill_order == 2  # these bits went in as they are
    np.testing.assert_array_equal(picture.pixels, upright ^ inverted)


@pytest.mark.parametrize("tiled", [False, True])
def test_strips_and_tiles_of_bits(tiled):
    bits = np.random.default_rng(7).random((40, 48)) < 0.5
    options = {"tile": (16, 16)} if tiled else {"rowsperstrip": 7}
    for compression in (None, "zlib"):
        data = tiff(bits, photometric="minisblack", compression=compression, **options)
        np.testing.assert_array_equal(read(data).pixels, bits, strict=True)


# ------------------------------------------------------------------------------ notes


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("dpi", [72, 96, 150, 200, 300, 600, 1200, 2400])
def test_usual_resolutions_return_exactly(kind, dpi):
    assert read(encode_bilevel(BITS, kind, dpi=(dpi, dpi))).dpi == (dpi, dpi)


@pytest.mark.parametrize("kind", sorted(set(EXTENSIONS.values())))
def test_no_resolution_is_made_up(kind):
    assert read(encode_bilevel(BITS, kind)).dpi is None


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_a_grey_profile_is_kept(kind):
    for data in (
        encode_bilevel(BITS, kind, icc_profile=PROFILE),
        encode_grey(GREY, kind, icc_profile=PROFILE),
    ):
        with Image.open(io.BytesIO(data)) as image:
            assert image.info["icc_profile"] == PROFILE
        assert read(data).icc_profile == PROFILE


def test_a_profile_that_no_longer_applies_is_dropped():
    colour = Image.fromarray(GREY).convert("RGB")
    assert read(encoded(colour, "PNG", icc_profile=icc_profile(b"RGB "))).icc_profile is None
    for wrong in (icc_profile(b"RGB "), PROFILE[:-1], b"", b"x" * 200):
        data = encoded(Image.fromarray(GREY), "TIFF", icc_profile=wrong)
        assert read(data).icc_profile is None
        with pytest.raises(ParameterError, match="icc_profile: is no whole ICC profile for grey"):
            encode_grey(GREY, "TIFF", icc_profile=wrong)


@pytest.mark.parametrize("kind", ["BMP", "PBM", "PGM", "WEBP", "GIF", "NPY"])
def test_formats_without_room_for_a_profile_leave_it_out(kind):
    assert encode_bilevel(BITS, kind, icc_profile=PROFILE) == encode_bilevel(BITS, kind)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_upright_once_and_never_again(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.kron(BITS, np.ones((8, 8), bool)).astype(np.uint8) * 255)
    first = read(encoded(image, kind, exif=exif))
    assert first.orientation == orientation
    bits = first.pixels > 127
    write_bilevel(tmp_path / "out.tif", bits, **kept_notes(first, "TIFF"))
    second = read_picture(tmp_path / "out.tif")
    assert second.orientation == 1
    np.testing.assert_array_equal(second.pixels, bits, strict=True)
    with tifffile.TiffFile(tmp_path / "out.tif") as parsed:
        tag = parsed.pages[0].tags.get("Orientation")
    assert tag is None or tag.value == 1


def test_what_an_output_keeps():
    fax = encoded(Image.fromarray(BITS), "TIFF", compression="group4", dpi=(204, 98))
    source = read(fax)
    assert kept_notes(source, "TIFF") == {
        "dpi": (204, 98),
        "icc_profile": None,
        "compression": "group4",
        "microscopy": None,
    }
    assert kept_notes(source, "TIFF", bilevel=False)["compression"] is None
    assert kept_notes(source, "PNG")["compression"] is None
    again = read(encode_bilevel(source.pixels, "TIFF", **kept_notes(source, "TIFF")))
    assert (again.dpi, again.compression, again.mode) == ((204, 98), "group4", "1")
    for name, ours in {
        "tiff_lzw": "lzw",
        "tiff_adobe_deflate": "deflate",
        "tiff_deflate": "deflate",
        "packbits": "packbits",
        None: "none",
        "group3": "group3",
    }.items():
        source = read(encoded(Image.fromarray(BITS), "TIFF", compression=name))
        assert source.compression == ours
        kept = kept_notes(source, "TIFF")["compression"]
        assert kept == (ours if ours != "group3" else None)
    jpeg = read(encoded(Image.fromarray(GREY), "TIFF", compression="jpeg"))
    assert (jpeg.compression, kept_notes(jpeg, "TIFF")["compression"]) == ("jpeg", None)
    assert read(encoded(Image.fromarray(BITS), "BMP")).compression is None


# ------------------------------------------------------------- format and compression


@pytest.mark.parametrize(
    ("kind", "compression", "message"),
    [
        ("xyz", None, r"format: xyz cannot be written; use PNG, TIFF"),
        ("a\nb", None, r"format: a\\nb cannot"),
        (
            "jpg",
            "group4",
            r"compression: group4 is none of JPEG, which takes no choice of it; TIFF",
        ),
        ("PNG", "lzw", r"compression: lzw is none of PNG, which takes deflate none; TIFF takes"),
        ("tif", "zip", r"compression: zip is none of TIFF, which takes group4 deflate lzw"),
        ("PBM", "deflate", r"compression: deflate is none of PBM, which takes none"),
    ],
)
def test_a_choice_that_does_not_exist(tmp_path, kind, compression, message):
    for call in (
        lambda: check_format(kind, compression),
        lambda: encode_bilevel(BITS, kind, compression=compression),
        lambda: write_grey(tmp_path / "x.png", GREY, format=kind, compression=compression),
        lambda: write_change_map(
            tmp_path / "x.png", BITS, GREY.astype(np.int8), format=kind, compression=compression
        ),
    ):
        with pytest.raises(ParameterError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_group_4_has_two_levels():
    for call in (encode_grey, lambda *a, **k: encode_change_map(BITS, *a, **k)):
        with pytest.raises(ParameterError, match="group4 is for two levels"):
            call(
                GREY.astype(np.int8) if call is not encode_grey else GREY,
                "TIFF",
                compression="group4",
            )


@pytest.mark.parametrize("kind", sorted(COMPRESSIONS))
def test_every_choice_that_exists_works(tmp_path, kind):
    sizes = {}
    plain = np.zeros((300, 300), bool)
    for compression in COMPRESSIONS[kind]:
        path = tmp_path / f"{compression}.out"
        write_bilevel(path, plain, format=kind.lower(), compression=compression)
        assert not read_picture(path).pixels.any()
        sizes[compression] = path.stat().st_size
    assert sizes["none"] == max(sizes.values())
    assert len(sizes) == 1 or min(sizes.values()) < sizes["none"] / 5


def test_a_format_by_name_wins_over_the_extension(tmp_path):
    write_bilevel(tmp_path / "x.png", BITS, format="tif")
    write_grey(tmp_path / "y.dat", GREY, format="PNG", dpi=(300, 300), compression="none")
    assert read_picture(tmp_path / "x.png").format == "TIFF"
    grey = read_picture(tmp_path / "y.dat")
    assert (grey.format, grey.dpi) == ("PNG", (300, 300))
    write_change_map(
        tmp_path / "z.dat", BITS, GREY.astype(np.int8), format="tif", compression="lzw"
    )
    assert read_picture(tmp_path / "z.dat").compression == "lzw"
