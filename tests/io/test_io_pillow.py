"""Pillow's own limits stay in force for everybody else, and few of its decoders are used."""

import io
import threading
import warnings

import numpy as np
import pytest
from picture_files import encoded, png
from PIL import Image

from isingdenoise.errors import ReadError
from isingdenoise.io import read_pages, read_picture

GREY = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8) * 5)
SEVERAL = {"save_all": True, "append_images": [GREY.rotate(180), GREY]}
READ = {
    "PNG": encoded(GREY, "PNG"),
    "TIFF": encoded(GREY, "TIFF"),
    "TIFF of pages": encoded(GREY, "TIFF", **SEVERAL),
    "deflated TIFF": encoded(GREY, "TIFF", compression="tiff_adobe_deflate"),
    "bits": encoded(GREY.convert("1"), "TIFF", compression="group4"),
    "turned TIFF": encoded(GREY, "TIFF", tiffinfo={274: 6}),
    "BMP": encoded(GREY, "BMP"),
    "PGM": encoded(GREY, "PPM"),
    "GIF": encoded(GREY, "GIF", **SEVERAL, disposal=2),
    "APNG": encoded(GREY, "PNG", **SEVERAL),
    "WebP": encoded(GREY.convert("RGB"), "WEBP", lossless=True),
    "animated WebP": encoded(GREY.convert("RGB"), "WEBP", lossless=True, **SEVERAL),
    "JPEG": encoded(GREY, "JPEG", quality=100),
    "MPO": encoded(GREY, "MPO", **SEVERAL, quality=100),
}
#: Other formats that Pillow knows, in which pictures were read before or might be meant.
OTHERS = ["JPEG2000", "PCX", "TGA", "ICO", "SGI", "DDS", "PDF", "EPS"]


@pytest.mark.parametrize("kind", READ)
def test_a_picture_beyond_pillows_limit_is_read_as_any_other(monkeypatch, kind):
    """Every frame of it, without an error and without a warning, which is an error in tests."""
    data = READ[kind]
    frames = getattr(Image.open(io.BytesIO(data)), "n_frames", 1)
    whole = [read_picture(io.BytesIO(data), frame=frame).pixels for frame in range(frames)]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # of 48: far beyond what is warned of
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(data))
    for frame, pixels in enumerate(whole):
        again = read_picture(io.BytesIO(data), frame=frame)
        np.testing.assert_array_equal(again.pixels, pixels, strict=True)
    if kind == "TIFF of pages":
        assert len(list(read_pages(io.BytesIO(data)))) == 3
    assert Image.MAX_IMAGE_PIXELS == 10


def test_a_picture_that_is_taken_part_by_part_is_read_beyond_the_limit_too(monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 255, (700, 1000), np.uint8)
    data = encoded(Image.fromarray(pixels), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    np.testing.assert_array_equal(read_picture(io.BytesIO(data)).pixels, pixels)


@pytest.mark.slow
def test_pillows_limit_stays_on_in_another_thread(monkeypatch):
    """Somebody opens bombs with Pillow all the while that pictures are read here."""
    bomb = png(20_000, 20_000, 8, 0, b"\0")
    warned = png(10_000, 10_000, 8, 0, b"\0")
    ready, done = threading.Event(), threading.Event()
    passed, tries = [], []

    def somebody():
        while not done.is_set():
            tries.append(1)
            try:
                Image.open(io.BytesIO(bomb))
                passed.append("an error")
            except Image.DecompressionBombError:
                pass
            try:
                Image.open(io.BytesIO(warned))
                passed.append("a warning")
            except Image.DecompressionBombWarning:
                pass
            ready.set()

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        other = threading.Thread(target=somebody)
        other.start()
        try:
            assert ready.wait(30)
            for _ in range(20):
                for kind in ("PNG", "TIFF of pages", "GIF", "WebP"):
                    read_picture(io.BytesIO(READ[kind]), frame=0)
        finally:
            done.set()
            other.join()
    assert len(tries) > 20
    assert passed == []


@pytest.mark.parametrize("kind", OTHERS)
def test_other_formats_are_refused_by_name_of_those_that_are_read(kind):
    data = encoded(GREY.convert("RGB"), kind)
    with pytest.raises(ReadError, match="is no picture that can be read; convert it to PNG, TIFF"):
        read_picture(io.BytesIO(data), name="x")


def test_a_ycbcr_tiff_without_subsampling_is_read():
    """Tag 530 says 1, 1, as Pillow 12 writes it and cannot read it."""
    colour = Image.new("YCbCr", (10, 6), (90, 128, 128))
    data = encoded(colour, "TIFF", tiffinfo={530: (1, 1), 532: (0.0, 255.0, 128.0, 255.0)})
    assert Image.open(io.BytesIO(data)).tag_v2[530] == (1, 1)
    assert (read_picture(io.BytesIO(data)).pixels == 90).all()
