"""Stacks as files: what is read, what is kept, and what is refused in one line."""

import io
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from isingdenoise.errors import OverwriteError, ParameterError, ReadError, WriteError
from isingdenoise.io import read_volume, save_volume, write_volume
from isingdenoise.io.memory import available_memory
from isingdenoise.volumes.files import is_zarr, read_zarr, write_zarr

X = np.random.default_rng(0).integers(0, 256, (4, 7, 9)).astype(np.uint8)
LIMITS = {"max_pages": 100}


def pages_of(path):
    with Image.open(path) as image:
        found = []
        for k in range(image.n_frames):
            image.seek(k)
            found.append(np.array(image))
    return np.stack(found)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.bool_])
@pytest.mark.parametrize("kind", ["tif", "npy"])
def test_stacks_come_back_as_they_were(tmp_path, dtype, kind):
    x = X > 100 if dtype is np.bool_ else X.astype(dtype)
    path = tmp_path / f"s.{kind}"
    write_volume(path, x, {"tif": "TIFF", "npy": "NPY"}[kind])
    found = read_volume(path)
    np.testing.assert_array_equal(found.pixels, x)
    assert (found.pixels.dtype, found.format) == (dtype, {"tif": "TIFF", "npy": "NPY"}[kind])
    if kind == "tif":
        with tifffile.TiffFile(path) as tiff:
            assert len(tiff.pages) == 4
            assert tiff.pages[0].bitspersample == (1 if dtype is np.bool_ else 8 * x.itemsize)


def test_a_file_of_one_page_is_a_stack_of_one_plane(tmp_path):
    Image.fromarray(X[0]).save(tmp_path / "one.png")
    assert read_volume(tmp_path / "one.png").pixels.shape == (1, 7, 9)


def test_colours_become_luminance(tmp_path):
    colours = np.stack([X, X, X], axis=-1)
    tifffile.imwrite(tmp_path / "rgb.tif", colours, photometric="rgb")
    np.testing.assert_array_equal(read_volume(tmp_path / "rgb.tif").pixels, X)


def test_what_imagej_says_of_voxels_is_read_and_kept(tmp_path):
    tifffile.imwrite(
        tmp_path / "i.tif", X, imagej=True, resolution=(4, 5),
        metadata={"spacing": 1.5, "unit": "um", "axes": "ZYX"},
    )  # fmt: skip
    found = read_volume(tmp_path / "i.tif")
    assert found.spacing == pytest.approx((1.5, 0.2, 0.25))
    write_volume(tmp_path / "o.tif", X > 99, "TIFF", source=found)
    again = read_volume(tmp_path / "o.tif")
    assert again.spacing == pytest.approx(found.spacing)
    np.testing.assert_array_equal(again.pixels, X > 99)


def test_what_ome_says_of_voxels_is_read_and_kept(tmp_path):
    sizes = {
        "PhysicalSizeX": 0.2,
        "PhysicalSizeY": 200,
        "PhysicalSizeYUnit": "nm",
        "PhysicalSizeZ": 1,
    }
    tifffile.imwrite(tmp_path / "o.ome.tif", X, metadata={"axes": "ZYX", **sizes})
    found = read_volume(tmp_path / "o.ome.tif")
    assert np.array(found.spacing) / found.spacing[2] == pytest.approx([5, 1, 1])
    write_volume(tmp_path / "c.tif", X > 99, "TIFF", source=found)
    again = read_volume(tmp_path / "c.tif")
    assert again.spacing == pytest.approx(found.spacing)
    with tifffile.TiffFile(tmp_path / "c.tif") as tiff:
        assert 'SizeZ="4"' in tiff.pages[0].description


def test_a_stack_without_notes_has_no_spacing(tmp_path):
    tifffile.imwrite(tmp_path / "p.tif", X, photometric="minisblack", metadata=None)
    assert read_volume(tmp_path / "p.tif").spacing is None


def test_a_channel_is_chosen(tmp_path):
    both = np.stack([X, 255 - X], axis=1)
    tifffile.imwrite(tmp_path / "c.tif", both, imagej=True, metadata={"axes": "ZCYX"})
    np.testing.assert_array_equal(read_volume(tmp_path / "c.tif", channel=1).pixels, 255 - X)
    with pytest.raises(ReadError, match="2 channels"):
        read_volume(tmp_path / "c.tif")


def put(folder):
    """Write files that are no stacks, and return the folder."""
    sizes = [np.zeros((5, 6), np.uint8), np.zeros((5, 7), np.uint8)]
    with tifffile.TiffWriter(folder / "sizes.tif") as tiff:
        for page in sizes:
            tiff.write(page, photometric="minisblack", metadata=None)
    with tifffile.TiffWriter(folder / "types.tif") as tiff:
        for page in (sizes[0], sizes[0].astype(np.uint16)):
            tiff.write(page, photometric="minisblack", metadata=None)
    times = np.stack([X, X])
    tifffile.imwrite(folder / "times.tif", times, imagej=True, metadata={"axes": "TZYX"})
    tifffile.imwrite(folder / "times.ome.tif", times, metadata={"axes": "TZYX"})
    np.save(folder / "two.npy", X[0])
    np.save(folder / "four.npy", X[None])
    np.save(folder / "none.npy", X[:0])
    np.save(folder / "flat.npy", X[:, :0])
    np.save(folder / "words.npy", np.full((2, 2, 2), "x"))
    np.save(folder / "good.npy", X)
    (folder / "cut.npy").write_bytes((folder / "good.npy").read_bytes()[:-9])
    tifffile.imwrite(folder / "good.tif", X, photometric="minisblack", metadata=None)
    (folder / "cut.tif").write_bytes((folder / "good.tif").read_bytes()[:300])
    (folder / "empty.tif").write_bytes(b"")
    (folder / "text.tif").write_text("no picture")
    frames = [Image.fromarray(page) for page in X]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:])
    return folder


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sizes.tif", "page 2 of 2 has 7 x 5 pixels"),
        ("types.tif", "uint16"),
        ("times.tif", "4 planes at 2 times"),
        ("times.ome.tif", "4 planes at 2 times"),
        ("two.npy", "three axes"),
        ("four.npy", "three axes"),
        ("none.npy", "empty"),
        ("flat.npy", "no pixels"),
        ("words.npy", "no plain numbers"),
        ("cut.npy", "truncated"),
        ("cut.tif", "cut.tif"),
        ("empty.tif", "empty"),
        ("text.tif", "no picture"),
        ("film.gif", "animated"),
        ("missing.tif", "cannot be read"),
    ],
)
def test_what_is_no_stack_is_refused_in_one_line(tmp_path, name, words):
    with pytest.raises(ReadError, match=words) as caught:
        read_volume(put(tmp_path) / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["good.tif", "good.npy"])
def test_limits_and_memory_are_compared_before_anything_is_decoded(tmp_path, name):
    path = put(tmp_path) / name
    with pytest.raises(ReadError, match="limit of 100"):
        read_volume(path, max_pixels=100)
    with pytest.raises(ReadError, match=r"limit of 3|more than 3 pages"):
        read_volume(path, max_pages=3)
    asked = []

    def besides(voxels):
        asked.append(voxels)
        return 2 * (available_memory() or 0)

    if available_memory() is not None:
        with pytest.raises(ReadError, match="GB of memory"):
            read_volume(path, besides=besides)
        assert asked == [X.size]


def test_a_volume_larger_than_memory_is_refused_before_its_pages_are_read(tmp_path, monkeypatch):
    from isingdenoise.io import volumes

    monkeypatch.setattr(volumes, "check_memory", lambda name, needed: told.append(needed))
    told = []
    read_volume(put(tmp_path) / "good.tif", besides=lambda voxels: 13 * voxels)
    assert told == [14 * X.size]


def test_formats_that_hold_no_stack_are_refused(tmp_path):
    with pytest.raises(ParameterError, match="PNG holds no stack"):
        save_volume(io.BytesIO(), X, "PNG")
    with pytest.raises(ParameterError):
        write_volume(tmp_path / "x.png", X, "PNG")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_replaced_only_where_asked(tmp_path):
    path = tmp_path / "x.npy"
    path.write_bytes(b"precious")
    with pytest.raises(OverwriteError):
        write_volume(path, X, "NPY")
    assert path.read_bytes() == b"precious"
    write_volume(path, X, "NPY", overwrite=True)
    np.testing.assert_array_equal(np.load(path), X)
    np.testing.assert_array_equal(pages_of_tiff(tmp_path), X)


def pages_of_tiff(folder):
    write_volume(folder / "x.tif", X, "TIFF")
    return pages_of(folder / "x.tif")


# ---- Zarr


def zarr_of(path, array):
    zarr = pytest.importorskip("zarr")
    chunks = ((1,) * array.ndim + (2, 4, 4))[-array.ndim :]
    made = zarr.create_array(str(path), shape=array.shape, dtype=array.dtype, chunks=chunks)
    made[...] = array
    return path


def test_zarr_arrays_come_back_as_they_were(tmp_path):
    pytest.importorskip("zarr")
    for k, array in enumerate((X, X > 99, X.astype(np.float32))):
        path = tmp_path / f"{k}.zarr"
        write_zarr(path, array)
        found = read_zarr(path, **LIMITS)
        np.testing.assert_array_equal(found.pixels, array)
        assert (found.pixels.dtype, found.format) == (array.dtype, "ZARR")
        assert is_zarr(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.zarr", "1.zarr", "2.zarr"]


def test_zarr_groups_leading_axes_and_channels(tmp_path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path / "g"), mode="w")
    group.create_array("0", shape=X.shape, dtype=X.dtype, chunks=(2, 4, 4))[...] = X
    group.create_array("1", shape=(2, 3, 4), dtype=X.dtype, chunks=(2, 3, 4))
    assert is_zarr(tmp_path / "g")
    np.testing.assert_array_equal(read_zarr(tmp_path / "g", **LIMITS).pixels, X)
    path = zarr_of(tmp_path / "five.zarr", np.stack([X, 255 - X])[None])
    with pytest.raises(ReadError, match="2 channels"):
        read_zarr(path, **LIMITS)
    np.testing.assert_array_equal(read_zarr(path, channel=1, **LIMITS).pixels, 255 - X)
    with pytest.raises(ReadError, match="no such channel"):
        read_zarr(path, channel=2, **LIMITS)
    one = zarr_of(tmp_path / "one.zarr", X[None, None])
    np.testing.assert_array_equal(read_zarr(one, **LIMITS).pixels, X)


@pytest.mark.parametrize(
    ("shape", "dtype", "words"),
    [
        ((7, 9), np.uint8, "2 axes"),
        ((2, 2, 3, 4, 5), np.uint8, "5 axes"),
        ((3, 4, 5), np.complex64, "no plain numbers"),
        ((3, 4, 5), np.uint8, "limit of 2"),
    ],
)
def test_other_zarr_arrays_are_refused(tmp_path, shape, dtype, words):
    path = zarr_of(tmp_path / "x.zarr", np.zeros(shape, dtype))
    with pytest.raises(ReadError, match=words):
        read_zarr(path, max_pages=2 if "limit" in words else 100)


def test_damaged_zarr_arrays_are_refused(tmp_path):
    pytest.importorskip("zarr")
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(ReadError, match="no Zarr array"):
        read_zarr(tmp_path / "empty.zarr", **LIMITS)
    path = zarr_of(tmp_path / "bad.zarr", X)
    chunk = next(p for p in sorted(path.rglob("*")) if p.is_file() and p.name != "zarr.json")
    chunk.write_bytes(b"rubbish")
    with pytest.raises(ReadError, match="damaged"):
        read_zarr(path, **LIMITS)


def test_zarr_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    pytest.importorskip("zarr")
    (tmp_path / "x.zarr").mkdir()
    with pytest.raises(OverwriteError, match="never replaced"):
        write_zarr(tmp_path / "x.zarr", X)
    with pytest.raises(WriteError):
        write_zarr(tmp_path / "file" / "x.zarr", X) if not (tmp_path / "file").write_text("") else 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "x.zarr"]


def test_without_zarr_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(ReadError, match=r"isingdenoise\[zarr\]"):
        read_zarr(tmp_path / "x.zarr", **LIMITS)
    with pytest.raises(ParameterError, match=r"isingdenoise\[zarr\]"):
        write_zarr(tmp_path / "x.zarr", X)
