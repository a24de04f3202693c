"""Temporary files of living programs stay, those of dead ones go: a lock tells them apart."""

import errno
import fcntl
import os
import time

import pytest

from isingdenoise.io import sweep, temporaries, write_bytes_atomically
from isingdenoise.io.atomic import atomic_file


def leftover(folder, digit="0"):
    path = folder / f".isingdenoise-{digit * 16}.tmp"
    path.write_bytes(b"half a picture")
    return path


def hidden(folder):
    return sorted(p.name for p in folder.glob(".*"))


def aged(path, seconds):
    os.utime(path, (time.time() - seconds,) * 2)


def test_what_has_a_lock_stays_however_old_it_is(tmp_path):
    dead, path = leftover(tmp_path), tmp_path / "x"
    with atomic_file(path) as stream:
        (alive,) = set(tmp_path.glob(".*")) - {dead}
        aged(alive, 1e6)
        stream.write(b"all of it")
        sweep(tmp_path)
        assert list(tmp_path.glob(".*")) == [alive]
    assert path.read_bytes() == b"all of it"
    assert hidden(tmp_path) == []


def test_it_is_locked_until_it_has_its_name(tmp_path, monkeypatch):
    for step in ("link", "replace", "fsync"):
        real = getattr(os, step)

        def swept_before(*args, real=real, **where):
            sweep(tmp_path)
            return real(*args, **where)

        monkeypatch.setattr(os, step, swept_before)
    for data in (b"first", b"second"):
        write_bytes_atomically(tmp_path / "x", data, overwrite=True)
        assert (tmp_path / "x").read_bytes() == data


@pytest.mark.parametrize("moment", ["open", "flock"])
def test_a_file_that_is_swept_before_it_was_locked_is_made_again(tmp_path, monkeypatch, moment):
    """The sweep meets it between two steps: it has gone, or the sweep holds its lock."""
    real, held = fcntl.flock, []

    def swept(descriptor, how):
        if not held:
            (path,) = tmp_path.glob(".*")
            if moment == "open":
                held.append(None)
                sweep(tmp_path)
                assert not path.exists()
            else:
                held.append(path.open("rb"))
                real(held[0], fcntl.LOCK_EX)
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", swept)
    write_bytes_atomically(tmp_path / "x", b"mine")
    for stream in filter(None, held):
        stream.close()
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_only_names_of_ours_are_swept_and_only_files(tmp_path):
    (tmp_path / "victim").write_bytes(b"precious")
    name = ".isingdenoise-{}.tmp"
    stay = [name.format("0" * 15), name.format("0" * 17), name.format("G" * 16), name.format("")]
    for other in [*stay, "a.tmp", ".isingdenoise-journal.jsonl"]:
        (tmp_path / other).write_bytes(b"")
    (tmp_path / name.format("1" * 16)).symlink_to("victim")
    os.mkfifo(tmp_path / name.format("2" * 16))
    (tmp_path / name.format("3" * 16)).mkdir()
    before = sorted(p.name for p in tmp_path.iterdir())
    leftover(tmp_path)
    sweep(tmp_path, below=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_below_a_folder_only_where_asked_and_through_no_link(tmp_path):
    for name in ("out/a/b", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere")
    foreign, deep, top = (leftover(tmp_path / n) for n in ("elsewhere", "out/a/b", "out"))
    sweep(tmp_path / "out")
    assert (foreign.exists(), deep.exists(), top.exists()) == (True, True, False)
    sweep(tmp_path / "out", below=True)
    assert (foreign.exists(), deep.exists()) == (True, False)
    sweep(tmp_path / "missing", below=True)


def test_a_folder_that_becomes_a_link_while_it_is_swept(tmp_path, monkeypatch):
    for name in ("out/sub", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    foreign, entries = leftover(tmp_path / "elsewhere"), temporaries.Folder.entries

    def then_swapped(folder):
        yield from list(entries(folder))
        if not (tmp_path / "out" / "sub").is_symlink():
            (tmp_path / "out" / "sub").rmdir()
            (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")

    monkeypatch.setattr(temporaries.Folder, "entries", then_swapped)
    sweep(tmp_path / "out", below=True)
    assert (tmp_path / "out" / "sub").is_symlink()
    assert foreign.exists()


@pytest.mark.parametrize("how", ["no module", "no locks here"])
def test_without_locks_a_day_decides(tmp_path, monkeypatch, how):
    young, old, future = (leftover(tmp_path, digit) for digit in "123")
    aged(young, 86400 - 600)
    aged(old, 86400 + 600)
    aged(future, -86400 - 600)

    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    if how == "no module":
        monkeypatch.setattr(temporaries, "fcntl", None)
    else:
        monkeypatch.setattr(fcntl, "flock", refuse)
    sweep(tmp_path)
    assert hidden(tmp_path) == [young.name]
    write_bytes_atomically(tmp_path / "x", b"new")
    write_bytes_atomically(tmp_path / "x", b"newer", overwrite=True)
    assert (tmp_path / "x").read_bytes() == b"newer"
    assert hidden(tmp_path) == [young.name]
