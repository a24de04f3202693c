"""Stores and files in and out: the pixels, and what a source says of itself."""

import io
from contextlib import closing

import numpy as np
import pytest
import tifffile
from large_pictures import blobs, bright, flipped, grey, ome, store, tiff, zarr
from PIL import Image

from isingdenoise import FlipNoise, GaussianNoise
from isingdenoise.chunked import Cut, denoise_chunked, open_source
from isingdenoise.chunked.grid import Box, Grid
from isingdenoise.chunked.sample import sample_of
from isingdenoise.chunked.stores.base import Notes
from isingdenoise.chunked.stores.tiff_target import TiffTarget
from isingdenoise.errors import ReadError
from isingdenoise.io import read_picture
from isingdenoise.pipeline import CleanOptions

GREY = CleanOptions(noise=GaussianNoise(60.0, (70.0, 190.0)), coupling=0.7)
FLIPS = CleanOptions(noise=FlipNoise(0.12), coupling=0.7)


@pytest.fixture
def reference(tmp_path):
    """Return a function: pixels, options -> what comes out of a plain store."""

    def clean(pixels, options):
        denoise_chunked(store(tmp_path / "ref.zarr", pixels), tmp_path / "ref_out.zarr", options)
        return bright(tmp_path / "ref_out.zarr")

    return clean


def whole(path):
    with closing(open_source(path)) as source:
        return source.read(Box(0, source.shape[0], 0, source.shape[1]))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_ome_zarr_keeps_its_metadata_and_its_pyramid(tmp_path, reference, zarr_format):
    noisy = grey((260, 330))
    source = ome(tmp_path / "slide.zarr", noisy, zarr_format)
    denoise_chunked(source, tmp_path / "clean.zarr", GREY, cut=Cut(128))
    before, after = (zarr.open_group(str(p), mode="r") for p in (source, tmp_path / "clean.zarr"))
    assert after.metadata.zarr_format == zarr_format
    old, new = (dict(group.attrs) for group in (before, after))
    if zarr_format == 3:
        assert new["ome"]["version"] == old["ome"]["version"]
        old, new = old["ome"], new["ome"]
    assert new["multiscales"] == old["multiscales"]
    assert new["omero"]["channels"][0]["label"] == "DAPI"
    assert new["omero"]["channels"][0]["window"]["max"] == 255
    assert sorted(after) == sorted(before)
    for level in sorted(before):
        assert after[level].shape == before[level].shape
        assert after[level].dtype == np.uint8
        assert after[level].chunks == before[level].chunks
    np.testing.assert_array_equal(bright(tmp_path / "clean.zarr"), reference(noisy, GREY))
    for level in ("1", "2"):
        finer = after[str(int(level) - 1)][0, 0, 0].astype(float)
        mine = after[level][0, 0, 0]
        h, w = mine.shape
        for y, x in [(0, 0), (h // 2, w // 2), (h - 1, w - 1), (h // 3, 0)]:
            mean = finer[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean()
            assert mine[y, x] == (255 if mean >= 127.5 else 0)  # ties are bright


def test_a_channel_of_ome_zarr_is_chosen(tmp_path, reference):
    noisy = grey((100, 130))
    source = ome(tmp_path / "slide.zarr", noisy, channels=2)
    with pytest.raises(ReadError, match="holds 2 channels"):
        denoise_chunked(source, tmp_path / "clean.zarr", GREY)
    with pytest.raises(ReadError, match="no such channel"):
        open_source(source, channel=2)
    group = zarr.open_group(str(source), mode="a")
    group["0"][0, 0] = 0
    options = CleanOptions(noise=GREY.noise, coupling=0.7, channel=1)
    denoise_chunked(source, tmp_path / "clean.zarr", options)
    assert zarr.open_group(str(tmp_path / "clean.zarr"))["0"].shape == (1, 1, 1, 100, 130)
    np.testing.assert_array_equal(bright(tmp_path / "clean.zarr"), reference(noisy, GREY))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_plain_array_keeps_format_chunks_and_attributes(tmp_path, zarr_format):
    source = store(tmp_path / "a.zarr", grey((100, 150)), (64, 32), zarr_format)
    zarr.open_array(str(source)).attrs["stain"] = "HE"
    denoise_chunked(source, tmp_path / "b.zarr", GREY)
    out = zarr.open_array(str(tmp_path / "b.zarr"))
    assert (out.metadata.zarr_format, out.chunks, out.dtype) == (zarr_format, (64, 32), np.uint8)
    assert out.attrs["stain"] == "HE"


def test_sharded_stores_are_read(tmp_path, reference):
    noisy = grey((200, 200))
    source = store(tmp_path / "a.zarr", noisy, (32, 32), shards=(128, 128))
    denoise_chunked(source, tmp_path / "b.zarr", GREY, cut=Cut(64))
    np.testing.assert_array_equal(bright(tmp_path / "b.zarr"), reference(noisy, GREY))


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("layout", [{"tile": (64, 96)}, {"tile": None, "rowsperstrip": 13}])
def test_tiffs_in_tiles_and_strips(tmp_path, reference, bigtiff, layout):
    noisy = grey((210, 170))
    source = tiff(tmp_path / "a.tif", noisy, bigtiff=bigtiff, **layout)
    denoise_chunked(source, tmp_path / "b.tif", GREY, cut=Cut(64))
    expected = reference(noisy, GREY)
    with tifffile.TiffFile(tmp_path / "b.tif") as found:
        page = found.pages[0]
        assert page.is_tiled
        assert page.bitspersample == 1
        assert page.tags["XResolution"].value == (300, 1)
        np.testing.assert_array_equal(page.asarray().astype(bool), expected)
    with Image.open(tmp_path / "b.tif") as picture:  # another reader
        assert picture.mode == "1"
        np.testing.assert_array_equal(np.array(picture), expected)
    np.testing.assert_array_equal(read_picture(tmp_path / "b.tif").pixels, expected)
    assert read_picture(tmp_path / "b.tif").dpi == pytest.approx((300, 300))


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_one_bit_tiffs_of_either_polarity(tmp_path, reference, photometric):
    noisy = flipped((150, 140))
    stored = noisy if photometric == "minisblack" else ~noisy
    source = tiff(tmp_path / "a.tif", stored, photometric=photometric)
    np.testing.assert_array_equal(whole(source), noisy)
    denoise_chunked(source, tmp_path / "b.tif", FLIPS)
    pixels = read_picture(tmp_path / "b.tif").pixels
    np.testing.assert_array_equal(pixels, reference(noisy, FLIPS))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32", "float64"])
def test_parts_of_a_source_are_those_of_the_file(tmp_path, kind):
    pixels = np.random.default_rng(0).uniform(0, 250, (130, 170)).astype(kind)
    for source in (
        open_source(tiff(tmp_path / "a.tif", pixels)),
        open_source(store(tmp_path / "a.zarr", pixels, (50, 60))),
    ):
        assert source.dtype == pixels.dtype
        for box in (Box(0, 130, 0, 170), Box(60, 70, 10, 130), Box(129, 130, 169, 170)):
            np.testing.assert_array_equal(source.read(box), pixels[box.slices])
        source.close()


def test_pyramids_in_tiffs_are_read_at_full_size(tmp_path):
    pixels = grey((200, 200))
    with tifffile.TiffWriter(tmp_path / "p.tif") as writer:
        writer.write(pixels, tile=(64, 64), subifds=1)
        writer.write(pixels[::2, ::2], tile=(64, 64), subfiletype=1)
    np.testing.assert_array_equal(whole(tmp_path / "p.tif"), pixels)


def test_zarr_becomes_tiff_and_tiff_zarr(tmp_path, reference):
    noisy = grey((130, 100))
    expected = reference(noisy, GREY)
    denoise_chunked(store(tmp_path / "a.zarr", noisy), tmp_path / "b.tif", GREY)
    np.testing.assert_array_equal(read_picture(tmp_path / "b.tif").pixels, expected)
    denoise_chunked(tiff(tmp_path / "a.tif", noisy), tmp_path / "b.zarr", GREY)
    np.testing.assert_array_equal(bright(tmp_path / "b.zarr"), expected)


def test_probabilities_go_to_a_tiff_too(tmp_path):
    noisy = grey((130, 100))
    sure = tmp_path / "p.tif"
    source = store(tmp_path / "a.zarr", noisy)
    denoise_chunked(source, tmp_path / "b.tif", GREY, probability=sure, cut=Cut(64))
    p, clean = read_picture(sure).pixels, read_picture(tmp_path / "b.tif").pixels
    assert p.dtype == np.float32
    np.testing.assert_array_equal(p >= 0.5, clean)
    assert np.mean((p > 0.01) & (p < 0.99)) > 0


@pytest.mark.parametrize("big", [False, True])
def test_tiles_are_written_in_any_order(big):
    pixels, stream = blobs((300, 500)), io.BytesIO()
    target = TiffTarget(stream, pixels.shape, (128, 128), Notes(), big=big)
    grid = Grid(pixels.shape, (128, 128))
    for place in reversed(list(np.ndindex(*grid.counts))):
        box = grid.part(*place)
        target.write(box, pixels[box.slices])
    target.finish(lambda: None)
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as found:
        assert found.is_bigtiff == big
        np.testing.assert_array_equal(found.pages[0].asarray().astype(bool), pixels)
    stream.seek(0)
    with Image.open(stream) as picture:
        np.testing.assert_array_equal(np.array(picture), pixels)


def test_files_beyond_4_gb_are_bigtiffs_by_themselves():
    small = TiffTarget(io.BytesIO(), (32768, 32768), (2048, 2048), Notes())
    large = TiffTarget(io.BytesIO(), (200_000, 200_000), (2048, 2048), Notes())
    assert (small.big, large.big) == (False, True)


def test_a_sample_is_of_all_parts_of_a_picture():
    shape = (6000, 9000)
    seen = []

    def read(box):
        seen.append(box)
        return np.full(box.shape, box.top // 750 + 8 * (box.left // 1125), np.uint8)

    picture, known = sample_of(shape, read, np.random.default_rng(0))
    assert picture.size < 5_000_000
    assert len(seen) == len(set(seen)) > 40
    for box in seen:
        assert 0 <= box.top < box.bottom <= shape[0]
        assert 0 <= box.left < box.right <= shape[1]
    assert picture[known].size == sum(np.prod(box.shape) for box in seen)
    assert np.unique(picture[known]).size > 40
    assert not known.all()


def test_small_pictures_are_their_own_sample():
    x, known = sample_of((50, 60), lambda box: np.ones(box.shape), np.random.default_rng(0))
    assert x.shape == (50, 60)
    assert known is None


@pytest.mark.parametrize("shape", [(3, 10**7), (10**7, 3), (255, 10**5)])
def test_narrow_pictures_have_samples(shape):
    picture, known = sample_of(
        shape, lambda box: np.ones(box.shape, np.uint8), np.random.default_rng(0)
    )
    assert 10**6 < known.sum() < 10**7
    assert picture.shape == known.shape


def test_chunks_that_were_never_written_are_counted(tmp_path):
    source = store(tmp_path / "a.zarr", np.zeros((128, 128), np.uint8) + 1)
    (tmp_path / "a.zarr" / "c" / "0" / "1").unlink()
    assert open_source(source).missing == 1
