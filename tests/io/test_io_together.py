"""Files that grow page by page and appear together."""

import os

import numpy as np
import pytest
from command_line import snapshot

from isingdenoise.errors import OverwriteError, ParameterError, WriteError
from isingdenoise.io import (
    atomic,
    encode_bilevel,
    encode_grey,
    encode_pages,
    open_pages,
    read_pages,
    write_pages,
)

RNG = np.random.default_rng(8)
BITS = [RNG.random(shape) < 0.4 for shape in [(9, 14), (30, 5), (200, 130)]]
GREY = [RNG.random(bits.shape, np.float32) for bits in BITS]


def fill(writers, pages=3):
    """Add pages to a file of two levels, and the same number of grey ones to another."""
    for bits, grey in zip(BITS[:pages], GREY[:pages], strict=True):
        writers[0].append(encode_bilevel(bits, "TIFF"))
        writers[1].append(encode_grey(grey, "TIFF"))


def test_pages_added_one_by_one_are_those_written_at_once(tmp_path):
    names = [tmp_path / name for name in ("a.tif", "b", "c.png")]
    with open_pages(dict(zip(names, (None, "TIFF", None), strict=True))) as writers:
        assert snapshot(tmp_path).keys().isdisjoint({"a.tif", "b", "c.png"})
        fill(writers)
        writers[2].append(encode_bilevel(BITS[0], "PNG"))
        assert [writer.count for writer in writers] == [3, 3, 1]
    write_pages(tmp_path / "at_once.tif", BITS)
    assert names[0].read_bytes() == (tmp_path / "at_once.tif").read_bytes()
    for page, grey in zip(read_pages(names[1]), GREY, strict=True):
        np.testing.assert_array_equal(page.pixels, grey, strict=True)
    assert names[2].read_bytes() == encode_bilevel(BITS[0], "PNG")
    assert len(snapshot(tmp_path)) == 4


@pytest.mark.slow
def test_a_tiff_of_one_page_is_that_page():
    """Also where it has many strips, whose places must be moved in later pages."""
    bits = RNG.random((3000, 400)) < 0.5
    for compression in ("none", "group4"):
        data = encode_bilevel(bits, "TIFF", compression=compression)
        assert encode_pages([bits], compression=compression) == data


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, WriteError("x", "is full")])
def test_whatever_is_raised_leaves_all_files_as_they_were(tmp_path, error):
    (tmp_path / "a.tif").write_bytes(b"old")
    with (
        pytest.raises(error if isinstance(error, type) else type(error)),
        open_pages(dict.fromkeys([tmp_path / "a.tif", tmp_path / "b.tif"]), overwrite=True) as pair,
    ):
        fill(pair)
        raise error
    assert snapshot(tmp_path) == {"a.tif": b"old"}


def test_the_second_page_of_a_format_that_holds_one_is_refused(tmp_path):
    with (
        pytest.raises(ParameterError, match="PNG holds one page"),
        open_pages({tmp_path / "a.tif": None, tmp_path / "b.png": None}) as writers,
    ):
        fill(writers)
    assert snapshot(tmp_path) == {}


def test_a_name_taken_meanwhile_is_refused_and_the_others_go_again(tmp_path):
    names = [tmp_path / name for name in ("a.tif", "b.tif")]
    with (
        pytest.raises(OverwriteError, match=r"b\.tif: exists"),
        open_pages(dict.fromkeys(names)) as writers,
    ):
        fill(writers)
        names[1].write_bytes(b"mine")
    assert snapshot(tmp_path) == {"b.tif": b"mine"}


def test_an_older_file_stays_where_another_cannot_be_replaced(tmp_path):
    names = [tmp_path / name for name in ("a.tif", "b.tif")]
    names[0].write_bytes(b"old")
    with (
        pytest.raises(WriteError, match=r"b\.tif: is a folder"),
        open_pages(dict.fromkeys(names), overwrite=True) as writers,
    ):
        fill(writers)
        names[1].mkdir()
    assert snapshot(tmp_path) == {"a.tif": b"old", "b.tif": None}


@pytest.mark.parametrize("overwrite", [False, True])
def test_new_files_go_again_where_a_later_one_is_refused_its_name(tmp_path, monkeypatch, overwrite):
    names = [tmp_path / name for name in ("a.tif", "b.tif")]

    def refusing(step):
        def refuse(source, target, **options):
            if target == names[1].name:
                raise OSError(28, "No space left on device")
            step(source, target, **options)

        return refuse

    monkeypatch.setattr(os, "link", refusing(os.link))
    monkeypatch.setattr(os, "replace", refusing(os.replace))
    with (
        pytest.raises(WriteError, match=r"b\.tif: cannot be written \(No space"),
        open_pages(dict.fromkeys(names), overwrite=overwrite) as writers,
    ):
        fill(writers)
    assert snapshot(tmp_path) == {}


def test_no_file_takes_its_name_before_all_are_on_the_disk(tmp_path, monkeypatch):
    done = []

    def full(descriptor):
        done.append(descriptor)
        if len(done) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with (
        pytest.raises(WriteError, match=r"b\.tif: cannot be written \(No space left"),
        open_pages(dict.fromkeys([tmp_path / "a.tif", tmp_path / "b.tif"])) as writers,
    ):
        fill(writers)
    assert snapshot(tmp_path) == {}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_names_the_file_that_did_not_fit(tmp_path):
    from isingdenoise.io import PageWriter

    with open("/dev/full", "wb", buffering=0) as stream:  # noqa: PTH123
        writer = PageWriter(stream, "PNG", tmp_path / "x.png")
        with pytest.raises(WriteError, match=r"x\.png: cannot be written \(No space left"):
            writer.append(encode_bilevel(BITS[0], "PNG"))
        assert writer.count == 0


def test_formats_and_names_are_checked_before_anything_is_made(tmp_path):
    (tmp_path / "b.tif").write_bytes(b"old")
    for name, error in (("b.tif", OverwriteError), ("b.xyz", ParameterError)):
        with (
            pytest.raises(error),
            open_pages({tmp_path / "a.tif": None, tmp_path / name: None}),
        ):
            pytest.fail("opened")
    assert snapshot(tmp_path) == {"b.tif": b"old"}
