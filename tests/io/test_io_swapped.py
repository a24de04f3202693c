"""What is replaced is what was checked, and steps come in the order that a crash asks for."""

import os
import resource
import shutil
import stat
import sys
from pathlib import Path

import pytest

from isingdenoise.errors import OverwriteError, WriteError
from isingdenoise.io import check_output, write_bytes_atomically
from isingdenoise.io.atomic import atomic_file, atomic_files
from isingdenoise.io.folders import Folder
from isingdenoise.io.temporaries import TEMPORARY_PREFIX

pytestmark = pytest.mark.skipif(os.name == "nt", reason="folders are not opened there")


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


@pytest.fixture
def two(tmp_path):
    """Return a folder to write to, and one that must stay as it is, both with a file x."""
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_bytes(name.encode())
    return tmp_path / "here", tmp_path / "elsewhere"


def swap(here, elsewhere):
    here.rename(here.with_name("moved"))
    here.symlink_to(elsewhere)


@pytest.mark.parametrize("name", ["x", "new"])
@pytest.mark.parametrize("moment", ["after the check", "while it is written", "before its name"])
def test_a_folder_that_is_swapped_for_a_link(two, monkeypatch, name, moment):
    here, elsewhere = two
    checked = check_output(here / name, overwrite=True)
    sync = os.fsync

    def swapped_first(descriptor):
        if not here.is_symlink():
            swap(here, elsewhere)
        sync(descriptor)

    if moment == "after the check":
        swap(here, elsewhere)
    elif moment == "before its name":
        monkeypatch.setattr(os, "fsync", swapped_first)
    with (
        pytest.raises(WriteError, match=rf"here/{name}: its folder was moved or replaced while"),
        atomic_file(checked, overwrite=True) as stream,
    ):
        stream.write(b"mine")
        if moment == "while it is written":
            swap(here, elsewhere)
    assert content(elsewhere) == {"x": b"elsewhere"}
    assert content(here.with_name("moved")) == {"x": b"here"}


def test_links_that_the_user_names_are_followed(two):
    here, elsewhere = two
    swap(here, elsewhere)
    write_bytes_atomically(check_output(here / "new"), b"mine")
    assert content(elsewhere) == {"x": b"elsewhere", "new": b"mine"}


def other_file(path):
    path.unlink()
    path.write_bytes(b"theirs")


def longer(path):
    path.write_bytes(b"theirs, and longer")


def later(path):
    path.write_bytes(b"HERE")
    os.utime(path, ns=(1, 1))


def same_size_and_time(path):
    status = path.stat()
    path.rename(path.with_name("kept"))
    path.write_bytes(b"HERE")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def longer_at_the_same_time(path):
    status = path.stat()
    path.write_bytes(b"theirs, and longer")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "change", [other_file, longer, later, same_size_and_time, longer_at_the_same_time]
)
@pytest.mark.parametrize("moment", ["after the check", "while it is written", "between two names"])
def test_a_file_that_changes_after_it_was_checked_stays(two, monkeypatch, change, moment):
    path = two[0] / "x"
    checked, replace = check_output(path, overwrite=True), os.replace
    first = check_output(two[0] / "a", overwrite=True)
    if moment == "after the check":
        change(path)

    def then_changed(*args, **where):
        monkeypatch.undo()
        replace(*args, **where)
        change(path)

    if moment == "between two names":  # those of files that appear together
        (two[0] / "a").write_bytes(b"old")
        first = check_output(two[0] / "a", overwrite=True)
        monkeypatch.setattr(os, "replace", then_changed)
    with (
        pytest.raises(WriteError, match="x: changed while the result was made"),
        atomic_files([first, checked], overwrite=True) as (beside, stream),
    ):
        beside.write(b"mine")
        stream.write(b"mine")
        if moment == "while it is written":
            change(path)
    assert path.read_bytes() != b"mine"
    assert not [name for name in content(two[0]) if name.startswith(TEMPORARY_PREFIX)]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_where_none_was_stays_though_it_is_forced(two, monkeypatch, links):
    """Also in the last moment: a new name is never taken from somebody."""
    path, link = two[0] / "new", os.link

    def late(*args, **where):
        path.write_bytes(b"theirs")
        if not links:
            raise OSError(95, "Operation not supported")
        link(*args, **where)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(WriteError, match="new: changed while"):
        write_bytes_atomically(path, b"mine", overwrite=True)
    assert path.read_bytes() == b"theirs"


def test_the_steps_come_in_order(two, monkeypatch):
    """The content is on the disk before the name, the name before all is said to be done."""
    steps = []

    def noted(name):
        real = getattr(os, name)

        def step(*args, **options):
            kind = ""
            if name == "fsync":
                kind = " folder" if stat.S_ISDIR(os.fstat(args[0]).st_mode) else " file"
                size = os.fstat(args[0]).st_size
                assert kind == " folder" or size == 4  # nothing waits in a buffer
            steps.append(name + kind)
            return real(*args, **options)

        monkeypatch.setattr(os, name, step)

    for name in ("fsync", "replace", "link"):
        noted(name)
    with atomic_files([two[0] / "x", two[0] / "new"], overwrite=True) as streams:
        for stream in streams:
            stream.write(b"mine")
    assert steps == ["fsync file"] * 2 + ["replace", "fsync folder", "link", "fsync folder"]


def test_a_temporary_file_is_nobody_else_s(two, monkeypatch):
    """A name that is taken, and be it by a link, is an error and not written to."""
    here, elsewhere = two
    monkeypatch.setattr("secrets.token_hex", lambda _: "0" * 16)
    planted = here / f"{TEMPORARY_PREFIX}{'0' * 16}.tmp"
    for plant in (
        lambda: planted.write_bytes(b"theirs"),
        lambda: planted.symlink_to(elsewhere / "x"),
        lambda: planted.symlink_to(elsewhere / "new"),
    ):
        plant()
        with pytest.raises(WriteError, match="File exists"):
            write_bytes_atomically(here / "new", b"mine")
        assert content(elsewhere) == {"x": b"elsewhere"}
        planted.unlink(missing_ok=True)


def test_files_that_appear_together_go_together(two, monkeypatch):
    """Unless somebody else has taken the name by then."""
    here, link = two[0], os.link

    for taken in (False, True):

        def second_fails(source, target, taken=taken, **where):
            if target == "second":
                if taken:
                    (here / "first").unlink()
                    (here / "first").write_bytes(b"theirs")
                (here / "second").write_bytes(b"theirs")
            link(source, target, **where)

        monkeypatch.setattr(os, "link", second_fails)
        with (
            pytest.raises(OverwriteError, match="second: exists"),
            atomic_files([here / "first", here / "second"]),
        ):
            pass
        there = {"x": b"here", "second": b"theirs"} | ({"first": b"theirs"} if taken else {})
        assert content(here) == there
        (here / "second").unlink()


def test_what_was_replaced_is_not_withdrawn(two, monkeypatch):
    here = two[0]

    def fail(*args, **where):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", fail)
    with (
        pytest.raises(KeyboardInterrupt),
        atomic_files([here / "x", here / "new"], overwrite=True) as streams,
    ):
        streams[0].write(b"mine")
    assert content(here) == {"x": b"mine"}


# ------------------------------------------------------------------------- folders


def test_no_step_below_a_folder_goes_through_a_link(two):
    here, elsewhere = two
    (here / "sub").symlink_to(elsewhere)
    (here / "nowhere").symlink_to(elsewhere / "new")
    with Folder.opened(str(here)) as folder:
        for parts in (["sub"], ["sub", "deeper"], ["nowhere"]):
            with pytest.raises(WriteError, match=rf"here/{parts[0]}: is a link, which is not"):
                folder.below(parts, make=True)
        with pytest.raises(WriteError, match="here/x: is not a folder"):
            folder.below(["x", "y"], make=True)
        with pytest.raises(FileNotFoundError):
            folder.below(["made", "too"])
        with folder.below(["made", "too"], make=True) as made:
            assert made.is_there()
            (here / "made").rename(here / "moved")
            assert not made.is_there()
            (here / "made" / "too").mkdir(parents=True)
            assert not made.is_there()
        with folder.below(["made", "too"]) as made:
            assert made.is_there()
            here.rename(here.with_name("gone"))
            assert not made.is_there()
            shutil.copytree(here.with_name("gone"), here, symlinks=True)
            assert not made.is_there()
    assert content(elsewhere) == {"x": b"elsewhere"}
    assert sorted(p.name for p in elsewhere.iterdir()) == ["x"]


def test_a_link_in_a_folder_is_not_opened(two):
    here, elsewhere = two
    (here / "link").symlink_to(elsewhere / "x")
    with Folder.opened(str(here)) as folder:
        for flags in (os.O_RDONLY, os.O_WRONLY | os.O_CREAT):
            with pytest.raises(OSError, match="Too many levels"):
                folder.open("link", flags)


def test_without_descriptors_names_stand_in(two, monkeypatch):
    """As where the system cannot work relative to a folder."""
    here, elsewhere = two
    monkeypatch.setattr("isingdenoise.io.folders._HAS_DESCRIPTORS", False)
    monkeypatch.setattr("isingdenoise.io.temporaries.fcntl", None)
    write_bytes_atomically(check_output(here / "new"), b"mine")
    write_bytes_atomically(check_output(here / "x", overwrite=True), b"mine", overwrite=True)
    assert content(here) == {"x": b"mine", "new": b"mine"}
    (here / "sub").symlink_to(elsewhere)
    folder = Folder.opened(str(here))
    with pytest.raises(WriteError, match="is a link"):
        folder.below(["sub"])
    with folder.below(["a", "b"], make=True) as made:
        assert made.is_there()
    with pytest.raises(WriteError, match="Not a directory"):
        write_bytes_atomically(here / "x" / "y", b"mine")
    checked = check_output(here / "other")
    swap(here, elsewhere)
    with pytest.raises(WriteError, match="its folder was moved or replaced"):
        write_bytes_atomically(checked, b"mine")
    assert content(elsewhere) == {"x": b"elsewhere"}


def descriptors():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts what Linux shows")
def test_no_descriptor_stays_open(two):
    here, elsewhere = two
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = descriptors()
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(before) + 8, hard))
    try:
        for number in range(300):
            write_bytes_atomically(check_output(here / f"{number}"), b"mine")
            with pytest.raises(OverwriteError):
                write_bytes_atomically(here / f"{number}", b"mine")
            with pytest.raises(WriteError):
                check_output(here / "missing" / "x")
        (here / "sub").symlink_to(elsewhere)
        with Folder.opened(str(here)) as folder:
            for _ in range(50):
                folder.below(["a", "b", "c"], make=True)
                folder.below([])
                with pytest.raises(WriteError):
                    folder.below(["sub"])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert descriptors() == before
