"""Small files that stand for much work: many pages, huge ones, pages that share their pixels."""

import io
import struct
import time

import numpy as np
import pytest
import tifffile
from command_line import error_line, invoke, save_noisy, succeed
from faulty import COMMANDS, QUICK, SOME_FAILED, UNREADABLE, USAGE, pictures, refused
from picture_files import chain_tiff, encoded
from PIL import Image

from isingdenoise.errors import ParameterError, ReadError
from isingdenoise.io import encode_pages, read_mask, read_pages, read_picture
from isingdenoise.io.bounds import Bounds, Listed
from isingdenoise.io.tiff_pages import list_tiff_pages

MANY = chain_tiff((1, 1), b"\0", 60_000, shared=False)
HUGE = chain_tiff((30_000, 30_000), b"\0", 1000)
SHARED = chain_tiff((64, 64), bytes(range(256)) * 2, 50)
BOMBS = {
    "many": (MANY, "has more than 10000 pages or frames;", "--max-pages"),
    "huge": (HUGE, "has 900000000000 pixels on 1000 pages, more than the limit", "--max-pixels"),
    "shared": (SHARED, "has 204800 pixels on 50 pages that share what is stored", "--max-pixels"),
}


def file(path, data):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_a_small_file_of_many_pages_is_refused_at_once(tmp_path, kind):
    data, words, option = BOMBS[kind]
    path = file(tmp_path / "pages.tif", data)
    started = time.perf_counter()
    line = refused(UNREADABLE, tmp_path, "run", path, "-o", tmp_path / "out.tif")
    assert time.perf_counter() - started < 10  # it was beyond a minute
    assert f"{path}: {words}" in line
    assert option in line
    with pytest.raises(ReadError, match=words):
        next(read_pages(io.BytesIO(data)))  # a stream is no other


@pytest.mark.slow
def test_among_other_pictures_only_those_files_fail(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    save_noisy(source / "z.png")
    for kind, (data, _, _) in BOMBS.items():
        file(source / f"{kind}.tif", data)
    done = invoke("batch", source, out, *QUICK)
    assert done.code == SOME_FAILED
    for line, (_, words, _) in zip(done.stderr.splitlines(), sorted_bombs(), strict=True):
        assert words in line
    assert list(pictures(out)) == ["z.png"]


def sorted_bombs():
    return [BOMBS[kind] for kind in sorted(BOMBS)]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_limit_of_pages_is_an_option_of_what_reads(tmp_path, command):
    save_noisy(tmp_path / "in" / "one.png")
    frames = [Image.open(tmp_path / "in" / "one.png")] * 3
    path = file(tmp_path / "x.tif", encode_pages([np.asarray(frame) for frame in frames]))
    arguments = [*COMMANDS[command](path, tmp_path / "out.tif"), "--frame", "1"]
    line = refused(UNREADABLE, tmp_path, *arguments, "--max-pages", "2")
    assert "has more than 2 pages or frames; raise it with --max-pages" in line
    succeed(*arguments, "--max-pages", "3", "--max-pixels", "1024")
    line = error_line(invoke(*arguments, "--force", "--max-pixels", "1023"), UNREADABLE)
    assert "has 32 x 32 pixels, more than the limit of 1023" in line
    assert "--max-pages" in error_line(invoke(*arguments, "--max-pages", "0"), USAGE)


@pytest.mark.slow
def test_a_number_of_pixels_is_for_all_pages_together(tmp_path):
    one = save_noisy(tmp_path / "in" / "one.png")
    path = file(tmp_path / "x.tif", encode_pages([np.asarray(Image.open(one))] * 3))
    command = ["run", path, "-o", tmp_path / "out.tif", *QUICK]
    line = refused(UNREADABLE, tmp_path, *command, "--max-pixels", "3071")
    assert "has 3072 pixels on 3 pages, more than the limit of 3071; raise it with" in line
    succeed(*command, "--max-pixels", "3072")


def test_pages_that_share_their_pixels_are_read_when_a_number_allows_them():
    pages = list(read_pages(io.BytesIO(SHARED), max_pixels=204_800))
    assert len(pages) == 50
    assert all(np.array_equal(page.pixels, pages[0].pixels) for page in pages)
    assert read_picture(io.BytesIO(SHARED), frame=49).pages == 50  # one page shares nothing
    with pytest.raises(ReadError, match="204800 pixels on 50 pages, more than the limit of 204799"):
        next(read_pages(io.BytesIO(SHARED), max_pixels=204_799))


@pytest.mark.parametrize(
    ("pages", "size", "bytes_a_page"),
    [(1000, (1728, 2292), 30_000), (500, (2480, 3508), 300_000), (1, (19_866, 28_087), 9_000_000)],
)
def test_honest_files_are_within_the_limits(pages, size, bytes_a_page):
    listed = Listed([size] * pages, pages * bytes_a_page)
    Bounds().check_pages(listed, "x", pages * bytes_a_page)
    # one blank page that all others but ten name as theirs
    Bounds().check_pages(Listed([size] * pages, pages * 400), "x", 10 * bytes_a_page + 400 * pages)


def test_one_page_has_a_limit_of_its_own_by_default():
    listed = Listed([(9, 9), (40_000, 40_000)])
    with pytest.raises(ReadError, match=r"page 2 of 2 has 40000 x 40000 pixels.* 1000000000;"):
        Bounds().check_pages(listed, "x", 99)
    Bounds(1_600_000_081).check_pages(listed, "x", 99)
    with pytest.raises(ReadError, match="has 1600000081 pixels on 2 pages"):
        Bounds(1_600_000_080).check_pages(listed, "x", 99)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_frames_of_an_animation_count_with_those_before_them(kind):
    first, *rest = (Image.new("L", (8, 8), v) for v in (0, 80, 160, 255))
    data = encoded(first, kind, save_all=True, append_images=rest, lossless=True)
    assert read_picture(io.BytesIO(data), frame=2, max_pixels=192).pixels.max() == 160
    with pytest.raises(ReadError, match="has 192 pixels on 3 frames, more than the limit of 191"):
        read_picture(io.BytesIO(data), frame=2, max_pixels=191)
    with pytest.raises(ReadError, match="has 4 pages or frames, more than the limit of 3"):
        read_picture(io.BytesIO(data), frame=0, max_pages=3)


def test_limits_below_one_are_refused(tmp_path):
    for name in ("max_pixels", "max_pages"):
        with pytest.raises(ParameterError, match=name):
            read_picture(tmp_path / "absent", **{name: 0})


def test_a_mask_has_the_same_limits(tmp_path):
    path = file(tmp_path / "mask.tif", encode_pages([np.ones((4, 5), bool)] * 3))
    with pytest.raises(ReadError, match="more than 2 pages"):
        read_mask(path, (4, 5), max_pages=2)
    noisy = save_noisy(tmp_path / "noisy.png")
    line = error_line(invoke("run", noisy, "--mask", path, "--max-pages", "2"), UNREADABLE)
    assert f"{path}: has more than 2 pages" in line


# ------------------------------------------------------------------- the list of pages


@pytest.mark.parametrize("layout", ["<", ">", "<+"])
def test_pages_are_listed_in_every_kind_of_tiff(layout):
    data = chain_tiff((3, 9), b"\xff\0" * 3, 4, shared=False, layout=layout)
    assert Image.open(io.BytesIO(data)).n_frames == 4
    listed = list_tiff_pages(io.BytesIO(data), "x", Bounds())
    assert listed == ([(9, 3)] * 4, 24, False)
    assert [page.pixels.shape for page in read_pages(io.BytesIO(data))] == [(3, 9)] * 4


@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}, {"rowsperstrip": 1}])
@pytest.mark.parametrize("more", [{}, {"bigtiff": True}, {"byteorder": ">"}])
def test_the_list_agrees_with_another_reader(options, more):
    buffer = io.BytesIO()
    rng = np.random.default_rng(0)
    with tifffile.TiffWriter(buffer, **more) as writer:
        for side in (20, 33, 47):
            page = rng.integers(0, 255, (side, side + 1), np.uint8)
            writer.write(page, contiguous=False, metadata=None, **options)
    buffer.seek(0)
    with tifffile.TiffFile(buffer) as parsed:
        sizes = [(page.imagewidth, page.imagelength) for page in parsed.pages]
        stored = sum(sum(page.databytecounts) for page in parsed.pages)
    assert list_tiff_pages(buffer, "x", Bounds()) == (sizes, stored, False)


def test_descriptions_of_pages_that_overlap_are_refused():
    """A page begins 14 bytes behind the one before, and all are long: few bytes, much to read."""
    entries, pages, step = 2000, 100, 14
    data = bytearray(8 + step * pages + 12 * entries + 6)
    data[:8] = b"II*\0" + struct.pack("<L", 8)
    for place in range(8, 8 + step * pages, step):
        struct.pack_into("<H", data, place, entries)
    for place in range(8, 8 + step * (pages - 1), step):
        struct.pack_into("<L", data, place + 2 + 12 * entries, place + step)
    with pytest.raises(ReadError, match="more bytes than it has"):
        list_tiff_pages(io.BytesIO(data), "x", Bounds())


def test_a_page_that_hides_its_size_counts_all_the_same():
    """Width as a number of eight bytes elsewhere, which Pillow reads and the list does not."""
    data = bytearray(chain_tiff((64, 64), bytes(512), 3, shared=False))
    for page in range(3):
        place = 8 + page * (2 + 12 * 8 + 4) + 2
        struct.pack_into("<HHLL", data, place, 256, 16, 1, len(data))
    data += struct.pack("<Q", 64)
    assert len(list(read_pages(io.BytesIO(data), max_pixels=3 * 4096))) == 3
    pages = read_pages(io.BytesIO(data), max_pixels=3 * 4096 - 1)
    with pytest.raises(ReadError, match="has 12288 pixels on 3 pages"):
        list(pages)


def test_lists_of_strips_that_overlap_are_refused():
    """Each page names the whole file as the list of the lengths of its strips."""
    data = bytearray(chain_tiff((4, 8), bytes(4000), 20))
    size = len(data)
    for page in range(20):
        place = 8 + page * (2 + 12 * 8 + 4) + 2 + 12 * 7
        struct.pack_into("<HHLL", data, place, 279, 1, size - 8, 8)
    with pytest.raises(ReadError, match="more bytes than it has"):
        list_tiff_pages(io.BytesIO(data), "x", Bounds())


def test_a_chain_that_leads_out_of_the_file_leaves_the_pages_before_it_readable():
    data = bytearray(chain_tiff((4, 8), b"\1\2\3\4", 2, shared=False))
    second = struct.unpack_from("<L", data, 8 + 2 + 12 * 8)[0]
    struct.pack_into("<L", data, second + 2 + 12 * 8, 1 << 30)
    assert read_picture(io.BytesIO(data), frame=1).pages == 3
    pages = read_pages(io.BytesIO(data))
    assert [next(pages).page, next(pages).page] == [0, 1]
    with pytest.raises(ReadError, match="page 3 of 3"):
        next(pages)
