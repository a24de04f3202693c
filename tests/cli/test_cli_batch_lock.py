"""Batches that meet, and batches that are stopped."""

import os
import signal
import socket
import subprocess
import time

import pytest
from command_line import SCRIPT, error_line, invoke, save_noisy, snapshot, succeed

from isingdenoise import WriteError
from isingdenoise.batch import LOCK_NAME, locked
from isingdenoise.io.atomic import atomic_file

COUNT = 12


@pytest.fixture
def folder(tmp_path):
    for number in range(COUNT):
        save_noisy(tmp_path / "in" / f"{number:02}.png", seed=number, size=128)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def pictures(out):
    return {name: data for name, data in snapshot(out).items() if not name.startswith(".")}


def started(folder, out, *options):
    """Start a batch; return it once it has its first picture."""
    process = subprocess.Popen(
        [SCRIPT, "batch", folder, out, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if out.exists() and pictures(out):
            break
        time.sleep(0.001)
    return process


@pytest.mark.slow
def test_the_second_batch_names_the_owner_of_the_lock(folder, out):
    process = started(folder, out)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        line = error_line(invoke("batch", folder, out), 5)
    finally:
        os.kill(process.pid, signal.SIGCONT)
        process.communicate()
    assert process.returncode == 0
    assert f"process {process.pid} on {socket.gethostname()}" in line
    assert len(pictures(out)) == COUNT
    assert not (out / LOCK_NAME).exists()
    succeed("batch", folder, out)


@pytest.mark.slow
def test_the_lock_of_a_dead_batch_is_taken_over_and_its_files_are_swept(folder, out):
    process = started(folder, out)
    process.kill()
    process.communicate()
    assert (out / LOCK_NAME).read_text().startswith(f"process {process.pid} on ")
    (out / "sub").mkdir()
    for place in (out, out / "sub"):
        (place / ".isingdenoise-0123456789abcdef.tmp").write_bytes(b"half a picture")
    (out / ".isingdenoise-notes.tmp").write_bytes(b"of somebody else")
    succeed("batch", folder, out)
    assert sorted(p.name for p in out.rglob(".*")) == [
        ".isingdenoise-journal.jsonl",
        ".isingdenoise-notes.tmp",
    ]
    assert len([name for name in pictures(out) if name.endswith(".png")]) == COUNT


def test_a_temporary_file_of_a_living_program_stays(tmp_path):
    (tmp_path / "sub").mkdir()
    dead = tmp_path / ".isingdenoise-0123456789abcdef.tmp"
    dead.write_bytes(b"")
    with atomic_file(tmp_path / "sub" / "x") as stream:
        stream.write(b"all of it")
        (alive,) = (tmp_path / "sub").iterdir()
        os.utime(alive, (time.time() - 3600,) * 2)
        with locked(tmp_path):
            assert alive.exists()
            assert not dead.exists()
    assert (tmp_path / "sub" / "x").read_bytes() == b"all of it"


def test_the_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path), pytest.raises(WriteError, match=f"process {os.getpid()}"):
        locked(tmp_path).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_something_else_in_the_place_of_the_lock_is_refused(tmp_path):
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / LOCK_NAME).symlink_to(tmp_path / "victim")
    with pytest.raises(WriteError, match="lock"):
        locked(tmp_path).__enter__()
    assert (tmp_path / "victim").read_bytes() == b"precious"
    (tmp_path / LOCK_NAME).unlink()
    os.mkfifo(tmp_path / LOCK_NAME)
    with pytest.raises(WriteError, match="lock"):
        locked(tmp_path).__enter__()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_stopped_batch_tells_what_is_left_and_goes_on(folder, out, tmp_path, number, code):
    succeed("batch", folder, tmp_path / "whole")
    process = started(folder, out)
    process.send_signal(number)
    stdout, stderr = process.communicate()
    there = pictures(out)
    left = COUNT - len(there)
    assert process.returncode == code
    assert 0 < left < COUNT
    assert f"{len(there)} picture" in stdout
    assert stderr.splitlines()[-1].startswith(f"isingdenoise: interrupted, {left} picture")
    assert sorted(p.name for p in out.iterdir() if p.name.startswith(".")) == [
        ".isingdenoise-journal.jsonl"
    ]
    assert f"{len(there)} up to date" in succeed("batch", folder, out).stdout
    assert pictures(out) == pictures(tmp_path / "whole")
