"""Files that are no sound pictures: empty, text, cut off, changed; and sound ones misnamed."""

import io
import json

import numpy as np
import pytest
from command_line import invoke, load, save, save_noisy, scene, succeed
from faulty import COMMANDS, QUICK, SOME_FAILED, UNREADABLE, hidden, pictures, refused, state
from picture_files import encoded, tiff
from PIL import Image

from isingdenoise.io import encode_bilevel, encode_grey

GREY = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 70), dtype=np.uint8))
BITS = np.kron(np.random.default_rng(1).random((12, 14)) < 0.5, np.ones((5, 5), bool))
WHOLE = {
    "png": encoded(GREY, "PNG"),
    "jpg": encoded(GREY, "JPEG"),
    "tif": encoded(GREY, "TIFF"),
    "deflate.tif": encoded(GREY, "TIFF", compression="tiff_adobe_deflate"),
    "strips.tif": tiff(np.asarray(GREY), rowsperstrip=5),
    "fax.tif": encode_bilevel(BITS, "TIFF", compression="group4"),
    "gif": encoded(GREY, "GIF"),
    "bmp": encoded(GREY, "BMP"),
    "pgm": encoded(GREY, "PPM"),
    "pbm": encode_bilevel(BITS, "PBM"),
    "webp": encoded(GREY, "WEBP"),
    "npy": encode_grey(np.asarray(GREY), "NPY"),
}
STORED = encoded(GREY, "PNG", compress_level=0)


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


CUT = {
    f"{part}-of-{name}": data[: max(2, int(len(data) * share))]
    for name, data in WHOLE.items()
    for part, share in (("start", 0.005), ("head", 0.05), ("half", 0.5), ("most", 0.9))
}
BAD = {
    "empty.png": b"",
    "one-byte.png": b"\x89",
    "text.png": b"a page of text, no picture\n" * 9,
    "zeros.png": bytes(5000),
    "changed-pixel.png": flipped(STORED, len(STORED) // 2),
    "changed-checksum.png": flipped(STORED, len(STORED) - 13),
    "changed-header.png": flipped(STORED, 20),
    "no-end-mark.png": STORED[:-5],
    **CUT,
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", BAD)
def test_unsound_files(tmp_path, command, name):
    path = tmp_path / name
    path.write_bytes(BAD[name])
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](path, tmp_path / "out.png"))
    assert line.startswith(f"isingdenoise: {path}: ")
    assert "; " in line  # what is wrong; what to do


@pytest.mark.slow
def test_the_whole_files_are_read(tmp_path):
    """A control: it is the damage that is refused."""
    for name, data in WHOLE.items():
        (tmp_path / name).write_bytes(data)
        succeed("run", tmp_path / name, "-o", tmp_path / f"{name}.out.png", *QUICK)


@pytest.mark.parametrize("option", ["--mask", "--protect", "--clean"])
@pytest.mark.parametrize("name", ["empty.png", "text.png", "half-of-png", "half-of-fax.tif"])
def test_unsound_files_beside_the_picture(tmp_path, option, name):
    noisy, path = save_noisy(tmp_path / "noisy.png"), tmp_path / name
    path.write_bytes(BAD[name])
    command = "compare" if option == "--clean" else "run"
    line = refused(UNREADABLE, tmp_path, command, noisy, option, path)
    assert line.startswith(f"isingdenoise: {path}: ")


@pytest.mark.slow
def test_unsound_files_in_a_batch(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    good = ["a-good.png", "z-good.png"]
    for seed, name in enumerate(good):
        save_noisy(source / name, seed=seed)
    bad = sorted(f"{i:02}-{name}.png" for i, name in enumerate(BAD))
    for name in bad:
        (source / name).write_bytes(BAD[name[3:-4]])
    before = state(source)
    for told in ("2 pictures cleaned", "0 pictures cleaned"):  # and tried again, the same
        done = invoke("batch", source, out, *QUICK)
        assert done.code == SOME_FAILED
        assert done.stdout.startswith(told)
        assert f"{len(bad)} failed" in done.stdout
        lines = done.stderr.splitlines()
        assert [line.split(": ")[1] for line in lines] == [str(source / name) for name in bad]
        assert all("; " in line for line in lines)
        assert sorted(pictures(out)) == good
        assert hidden(out) == [".isingdenoise-journal.jsonl"]
        assert state(source) == before


MISNAMED = [(kind, other) for kind in WHOLE for other in ("png", "tif", "jpg")]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "extension"), MISNAMED)
def test_wrong_extension_valid_content(tmp_path, kind, extension):
    """What a file holds decides: the result is that of the file with its right name."""
    right, wrong = tmp_path / f"right.{kind}", tmp_path / f"wrong.{extension}"
    for path in (right, wrong):
        path.write_bytes(WHOLE[kind])
        succeed("run", path, "-o", path.with_suffix(".out.png"), *QUICK)
    (_, first), (_, second) = (load(path.with_suffix(".out.png")) for path in (right, wrong))
    np.testing.assert_array_equal(first, second)
    assert wrong.read_bytes() == WHOLE[kind]


def test_wrong_extension_valid_content_in_a_batch(tmp_path):
    noisy = scene() ^ (np.random.default_rng(0).random((32, 32)) < 0.05)
    buffer = io.BytesIO()
    Image.fromarray(noisy).save(buffer, "TIFF")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.png").write_bytes(buffer.getvalue())
    save(tmp_path / "in" / "y.png", noisy)
    done = succeed("batch", tmp_path / "in", tmp_path / "out", "--json", *QUICK)
    rows = json.loads(done.stdout)["pictures"]
    assert [row["error"] for row in rows] == [None, None]
    first, second = (load(row["output"])[1] for row in rows)
    np.testing.assert_array_equal(first, second)
