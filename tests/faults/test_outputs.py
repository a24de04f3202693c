"""Outputs that cannot be written, and those that would do harm."""

import os
import shlex
import sys
from dataclasses import replace

import numpy as np
import pytest
from command_line import SCRIPT, error_line, invoke, one_line, save, save_noisy, succeed
from faulty import (
    EXISTS,
    QUICK,
    SOME_FAILED,
    UNWRITABLE,
    USAGE,
    as_somebody,
    files_end_at,
    hidden,
    launched,
    linux,
    pictures,
    refused,
    state,
)

FLIP = ["--noise", "flip"]


def noisy_in(folder):
    """Return a picture whose results take some thousand bytes in any format."""
    pixels = np.random.default_rng(0).random((128, 128)) < 0.5
    return save(folder / "in" / "noisy.png", pixels)


#: Every option that names a file to write: (picture, target) -> arguments.
WRITERS = {
    "run -o .png": lambda x, y: ["run", x, "-o", y("png"), *QUICK],
    "run -o .tif": lambda x, y: ["run", x, "-o", y("tif"), *QUICK],
    "run -o .pbm": lambda x, y: ["run", x, "-o", y("pbm"), *QUICK],
    "run --probability": lambda x, y: ["run", x, "--probability", y("tif"), *QUICK],
    "run --change-map": lambda x, y: ["run", x, "--change-map", y("png"), *QUICK],
    "estimate --plot": lambda x, y: ["estimate", x, "--plot", y("png"), *FLIP],
    "compare --plot": lambda x, y: ["compare", x, "--plot", y("png"), *QUICK],
    "corrupt -o": lambda x, y: ["corrupt", x, "-o", y("png"), *FLIP],
    "batch": lambda x, y: ["batch", x.parent, y("png").parent, *QUICK],
    "batch --report": lambda x, y: [
        *("batch", x.parent, x.parent.with_name("results"), "--report", y("json"), *QUICK)
    ],
}
ONE = {name: make for name, make in WRITERS.items() if not name.startswith("batch")}


def into(folder, name="out"):
    return lambda extension: folder / f"{name}.{extension}"


@pytest.mark.parametrize("writer", [n for n in WRITERS if n != "batch" and " -o" not in n])
def test_a_missing_folder(tmp_path, writer):
    noisy = noisy_in(tmp_path)
    arguments = WRITERS[writer](noisy, into(tmp_path / "missing"))
    line = refused(UNWRITABLE, tmp_path, *arguments)
    assert str(tmp_path / "missing") in line


@pytest.mark.slow
@pytest.mark.parametrize("writer", [name for name in WRITERS if " -o" in name])
def test_a_missing_folder_of_the_output_is_made(tmp_path, writer):
    noisy = noisy_in(tmp_path)
    arguments = WRITERS[writer](noisy, into(tmp_path / "new" / "and" / "newer"))
    succeed(*arguments)
    assert len(list((tmp_path / "new" / "and" / "newer").iterdir())) == 1


@pytest.mark.slow
def test_a_missing_folder_of_a_batch_is_made(tmp_path):
    noisy = noisy_in(tmp_path)
    succeed("batch", noisy.parent, tmp_path / "new" / "and" / "newer", *QUICK)
    assert list(pictures(tmp_path / "new" / "and" / "newer")) == ["noisy.png"]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_in_the_place_of_the_folder(tmp_path, writer):
    noisy = noisy_in(tmp_path)
    (tmp_path / "file").write_bytes(b"precious")
    line = refused(UNWRITABLE, tmp_path, *WRITERS[writer](noisy, into(tmp_path / "file")))
    assert str(tmp_path / "file") in line


@pytest.mark.slow
@linux
@pytest.mark.parametrize("writer", ["run -o .png", "run --probability", "batch", "batch --report"])
def test_a_read_only_folder(tmp_path, writer):
    """Before any work, in a batch too, where the folder is there."""
    noisy = noisy_in(tmp_path)
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    line = refused(UNWRITABLE, tmp_path, *WRITERS[writer](noisy, into(folder)), run=as_somebody)
    assert str(folder) in line


@pytest.mark.slow
@linux
@pytest.mark.parametrize("inside", ["in", "elsewhere"])
def test_a_read_only_input_folder(tmp_path, inside):
    """The output beside the input cannot be written; elsewhere it can."""
    noisy = noisy_in(tmp_path)
    noisy.parent.chmod(0o555)
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / inside / "out.png"
    if inside == "in":
        refused(UNWRITABLE, tmp_path, "run", noisy, *QUICK, run=as_somebody)
    else:
        assert as_somebody("run", noisy, "-o", target, *QUICK).code == 0
    noisy.parent.chmod(0o755)


@pytest.mark.slow
@linux
@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("writer", ONE)
def test_a_limit_on_the_size_of_files(tmp_path, writer, older):
    """What a full disk does: an older output stays whole, no temporary file stays."""
    noisy = noisy_in(tmp_path)
    (tmp_path / "out").mkdir()
    before = state(tmp_path)
    options = ["--force"] if older else []
    if older:
        for extension in ("png", "tif", "pbm"):
            into(tmp_path / "out")(extension).write_bytes(b"an older result")
        before = state(tmp_path)
    with files_end_at(60):
        done = invoke(*WRITERS[writer](noisy, into(tmp_path / "out")), *options)
    line = error_line(unwarned(done), UNWRITABLE)
    assert str(tmp_path / "out" / "out.") in line
    assert "File too large" in line
    assert state(tmp_path) == before


@pytest.mark.slow
@linux
def test_a_limit_on_the_size_of_files_in_a_batch(tmp_path):
    """The journal is short of room first; and it goes on from there."""
    source, out = tmp_path / "in", tmp_path / "out"
    for number in range(4):
        save_noisy(source / f"{number}.png", seed=number)
    with files_end_at(2500):
        done = invoke("batch", source, out, *QUICK)
    assert done.code in (SOME_FAILED, UNWRITABLE)
    assert "Traceback" not in done.stderr
    assert len(pictures(out)) < 4
    assert hidden(out) in ([], [".isingdenoise-journal.jsonl"])
    succeed("batch", source, out, *QUICK)
    succeed("batch", source, tmp_path / "whole", *QUICK)
    assert pictures(out) == pictures(tmp_path / "whole")


FULL = """
mount -t tmpfs -o size={size} none {disk} || exit 99
printf 'an older result' > {disk}/out.tif; cp {disk}/out.tif {disk}/out.png
{command}; code=$?
ls -A {disk} >&2
test "$(cat {disk}/out.tif)" = 'an older result' || exit 98
test "$(cat {disk}/out.png)" = 'an older result' || exit 98
exit $code
"""


def unwarned(done):
    """Return how a command ended without what it warns of: coins are no picture."""
    lines = done.stderr.splitlines(keepends=True)
    return replace(done, stderr="".join(line for line in lines if ": warning: " not in line))


def on_a_small_disk(folder, size, *arguments):
    """Run the command with a file system of that size at `folder`; return how it ended."""
    command = " ".join(shlex.quote(str(word)) for word in (SCRIPT, *arguments))
    script = FULL.format(size=size, disk=shlex.quote(str(folder)), command=command)
    done = launched("unshare", "-rm", "sh", "-c", script)
    if done.code == 99 or "unshare" in done.stderr:
        pytest.skip("no file system can be mounted here")
    return done


@pytest.mark.slow
@linux
@pytest.mark.parametrize("writer", ["run -o .tif", "run --probability", "corrupt -o"])
def test_a_full_disk(tmp_path, writer):
    noisy = save_noisy(tmp_path / "in" / "noisy.png", size=512)
    disk = tmp_path / "disk"
    disk.mkdir()
    arguments = WRITERS[writer](noisy, into(disk))
    noise_stays = ["--coupling", "0.001"] if writer.startswith("run") else []  # and packs badly
    done = on_a_small_disk(disk, "12k", *arguments, *noise_stays, "--force")
    line, *names = done.stderr.splitlines()
    assert (done.code, done.stdout) == (UNWRITABLE, ""), done
    assert line.startswith(f"isingdenoise: {disk}/out.")
    assert "No space left" in line
    assert names == ["out.png", "out.tif"]  # nothing temporary


@pytest.mark.slow
@linux
def test_a_full_disk_in_a_batch(tmp_path):
    """What is there is whole, and known to the journal."""
    for number in range(6):
        bits = np.random.default_rng(number).random((200, 200)) < 0.5
        save(tmp_path / "in" / f"{number}.png", bits)
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["--noise", "flip", "--coupling", "0.001", "--flip-prob", "0.1"]
    done = on_a_small_disk(disk, "28k", "batch", tmp_path / "in", disk, *options)
    assert done.code in (SOME_FAILED, UNWRITABLE), done
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr or "no space" in done.stderr
    names = [line for line in done.stderr.splitlines() if not line.startswith("isingdenoise:")]
    assert ".isingdenoise-journal.jsonl" in names
    assert not [name for name in names if name.endswith(".tmp")]


@pytest.mark.slow
@linux
@pytest.mark.parametrize("arguments", [["noises"], ["engines", "--json"], ["run", "{}", *QUICK]])
def test_a_full_stdout(tmp_path, arguments):
    noisy = noisy_in(tmp_path)
    words = " ".join(shlex.quote(word.format(noisy)) for word in arguments)
    done = launched("sh", "-c", f"{shlex.quote(str(SCRIPT))} {words} > /dev/full")
    assert done.code == UNWRITABLE
    assert "No space left" in one_line(unwarned(done))


# -------------------------------------------------------------- outputs that would do harm


def hard(link, target):
    os.link(target, link)


@pytest.mark.parametrize("writer", ["run -o .png", "run --change-map", "corrupt -o"])
@pytest.mark.parametrize("how", ["same", "dotted", "link", "hard link", "linked folder"])
def test_the_input_as_output(tmp_path, writer, how):
    noisy = noisy_in(tmp_path)
    target = {
        "same": noisy,
        "dotted": noisy.parent / ".." / "in" / "noisy.png",
        "link": tmp_path / "link.png",
        "hard link": tmp_path / "hard.png",
        "linked folder": tmp_path / "folder" / "noisy.png",
    }[how]
    (tmp_path / "link.png").symlink_to(noisy)
    hard(tmp_path / "hard.png", noisy)
    (tmp_path / "folder").symlink_to(noisy.parent)
    for force in ([], ["--force"]):
        line = refused(USAGE, tmp_path, *WRITERS[writer](noisy, lambda _: target), *force)
        assert str(target) in line
        assert "input" in line


@pytest.mark.parametrize("how", ["same", "dotted", "link"])
def test_the_input_folder_as_output(tmp_path, how):
    noisy = noisy_in(tmp_path)
    (tmp_path / "link").symlink_to(noisy.parent)
    target = {"same": noisy.parent, "dotted": noisy.parent / ".." / "in", "link": tmp_path / "link"}
    for more in ([], ["--force"], ["-r"], ["--dry-run"]):
        line = refused(USAGE, tmp_path, "batch", noisy.parent, target[how], *more)
        assert str(target[how]) in line


ODD = {
    "a folder": lambda path: path.mkdir(),
    "a symbolic link": lambda path: path.symlink_to(path.with_name("victim")),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("writer", ONE)
@pytest.mark.parametrize("kind", ODD)
def test_odd_kinds_of_file_are_never_replaced(tmp_path, writer, kind):
    noisy = noisy_in(tmp_path)
    (tmp_path / "victim").write_bytes(b"precious")
    for extension in ("png", "tif", "pbm"):
        ODD[kind](tmp_path / f"out.{extension}")
    for force in ([], ["--force"]):
        line = refused(UNWRITABLE, tmp_path, *WRITERS[writer](noisy, into(tmp_path)), *force)
        assert kind in line


@pytest.mark.parametrize("writer", WRITERS)
def test_an_existing_file_stays(tmp_path, writer):
    noisy = noisy_in(tmp_path)
    (tmp_path / "out").mkdir()
    for name in ("noisy.png", "out.png", "out.tif", "out.pbm", "out.json"):
        (tmp_path / "out" / name).write_bytes(b"precious")
    line = refused(EXISTS, tmp_path, *WRITERS[writer](noisy, into(tmp_path / "out")))
    assert "--force" in line


@pytest.mark.parametrize("writer", [name for name in WRITERS if name != "batch"])
def test_a_write_protected_file_stays_though_it_is_forced(tmp_path, writer):
    noisy = noisy_in(tmp_path)
    (tmp_path / "out").mkdir()
    for name in ("out.png", "out.tif", "out.pbm", "out.json"):
        path = tmp_path / "out" / name
        path.write_bytes(b"precious")
        path.chmod(0o444)
    arguments = WRITERS[writer](noisy, into(tmp_path / "out"))
    assert "write-protected" in refused(UNWRITABLE, tmp_path, *arguments, "--force")


def test_a_write_protected_file_stays_in_a_batch_too(tmp_path):
    noisy = noisy_in(tmp_path)
    save(noisy.with_name("other.png"), np.zeros((8, 8), np.bool_))
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "noisy.png"
    path.write_bytes(b"precious")
    path.chmod(0o444)
    done = invoke("batch", noisy.parent, path.parent, "--force", *QUICK)
    assert done.code == SOME_FAILED
    assert "noisy.png: is write-protected" in done.stderr
    assert "earlier run" not in done.stderr  # it is somebody else's
    assert path.read_bytes() == b"precious"
    assert path.with_name("other.png").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="a device to write to")
def test_a_device_as_output(tmp_path):
    noisy = noisy_in(tmp_path)
    link = tmp_path / "null.png"
    link.symlink_to("/dev/null")
    for force in ([], ["--force"]):
        refused(UNWRITABLE, tmp_path, "run", noisy, "-o", link, *force)
    assert not os.path.isfile("/dev/null")  # noqa: PTH113 - as the system has it
