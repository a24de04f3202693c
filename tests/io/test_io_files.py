"""Files appear whole or not at all, and nothing is replaced that should stay."""

import os
import resource
import stat

import numpy as np
import pytest

from isingdenoise.errors import OverwriteError, ParameterError, WriteError
from isingdenoise.io import (
    check_output,
    read_picture,
    write_bilevel,
    write_bytes_atomically,
    write_grey,
)
from isingdenoise.io.atomic import atomic_file
from isingdenoise.io.temporaries import TEMPORARY_PREFIX

BITS = np.random.default_rng(3).random((19, 13)) < 0.3
RAMP = np.linspace(0, 1, 77, dtype=np.float32).reshape(7, 11)


def names_in(folder):
    return sorted(os.fsencode(path.name) for path in folder.iterdir())


def only(folder, *names):
    return names_in(folder) == sorted(map(os.fsencode, names))


def test_new_file_obeys_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write_bytes_atomically(tmp_path / "x", b"new")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640
    assert (tmp_path / "x").read_bytes() == b"new"
    assert only(tmp_path, "x")


def test_existing_file_stays_unless_asked(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    with pytest.raises(OverwriteError, match=r"x\.png: exists; allow it to be overwritten"):
        write_bilevel(path, BITS)
    assert path.read_bytes() == b"old"
    write_bilevel(path, BITS, overwrite=True)
    np.testing.assert_array_equal(read_picture(path).pixels, BITS)
    write_grey(path, RAMP, overwrite=True)
    assert read_picture(path).pixels.dtype == np.uint16
    assert only(tmp_path, "x.png")


@pytest.mark.parametrize(
    ("mode", "kept"), [(0o600, 0o600), (0o664, 0o664), (0o200, 0o200), (0o4755, 0o755)]
)
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path, mode, kept):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(mode)
    old = os.umask(0o027)
    try:
        write_bytes_atomically(path, b"new", overwrite=True)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == kept


def test_what_is_being_written_is_no_more_open_than_what_it_replaces(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with atomic_file(path, overwrite=True) as stream:
        assert stat.S_IMODE(os.fstat(stream.fileno()).st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize(
    ("refused", "owner", "mode"),
    [
        (lambda _: False, (12345, 23456), 0o664),
        (lambda to: to[0] != -1, (0, 23456), 0o644),  # not ours, but we are in its group
        (lambda _: True, (0, 0), 0o644),
    ],
)
def test_foreign_files_stay_foreign_or_get_no_more_permissions(
    tmp_path, monkeypatch, refused, owner, mode
):
    path, change = tmp_path / "x", os.fchown

    def fchown(descriptor, *to):
        if refused(to):
            raise PermissionError(1, "Operation not permitted")
        change(descriptor, *to)

    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    path.chmod(0o664)
    monkeypatch.setattr(os, "fchown", fchown)
    old = os.umask(0o022)
    try:
        write_bytes_atomically(path, b"new", overwrite=True)
    finally:
        os.umask(old)
    status = path.stat()
    assert ((status.st_uid, status.st_gid), stat.S_IMODE(status.st_mode)) == (owner, mode)


def test_a_file_that_nobody_may_write_is_never_replaced(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    path.chmod(0o444)
    for act in (
        lambda: check_output(path, overwrite=True),
        lambda: write_bytes_atomically(path, b"new", overwrite=True),
    ):
        with pytest.raises(WriteError, match=r"x\.png: is write-protected") as error:
            act()
        assert error.value.exit_code == 5
    with pytest.raises(OverwriteError):
        check_output(path)
    assert path.read_bytes() == b"old"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert only(tmp_path, "x.png")


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_stays(tmp_path, monkeypatch, links):
    path, link, sync = tmp_path / "x", os.link, os.fsync

    def late(descriptor):
        path.write_bytes(b"theirs")
        sync(descriptor)

    def no_link(*args, **options):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", link if links else no_link)
    monkeypatch.setattr(os, "fsync", late)
    with pytest.raises(OverwriteError):
        write_bytes_atomically(path, b"mine")
    assert path.read_bytes() == b"theirs"
    assert only(tmp_path, "x")


def test_without_hard_links(tmp_path, monkeypatch):
    def no_link(*args, **options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    write_bytes_atomically(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert only(tmp_path, "x")


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("check", [True, False])
def test_odd_targets_are_never_replaced(tmp_path, overwrite, check):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = names_in(tmp_path)
    for name, word in {
        "link": "a symbolic link",
        "dangling": "a symbolic link",
        "folder": "a folder",
        "pipe": "a pipe",
        "folder/": "no file name",
        "real/x": "Not a directory",
        "absent/x": "No such file or directory",
        "/dev/null": "a device",
        "": "no file name",
        "nul\0": "null",
        "n" * 300: "too long",
    }.items():
        target = os.path.join(tmp_path, name) if name else ""  # noqa: PTH118
        with pytest.raises(WriteError, match=word) as caught:
            if check:
                check_output(target, overwrite=overwrite)
            else:
                write_bytes_atomically(target, b"new", overwrite=overwrite)
        assert not isinstance(caught.value, OverwriteError)
    assert names_in(tmp_path) == before
    assert (tmp_path / "real").read_bytes() == b"old"


def test_a_file_size_limit_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(WriteError, match="File too large"):
            write_bytes_atomically(path, bytes(100_000), overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert only(tmp_path, "x")


@pytest.mark.parametrize("step", ["fsync", "replace", "link"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_nothing_is_left_behind(tmp_path, monkeypatch, step, error):
    def fail(*args, **options):
        assert names_in(tmp_path)[0].startswith(os.fsencode(TEMPORARY_PREFIX))
        raise error

    if step == "replace":  # what was not there is not replaced
        (tmp_path / "x").write_bytes(b"old")
    monkeypatch.setattr(os, step, fail)
    if step == "link":  # where it fails, renaming is tried
        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else WriteError):
        write_bytes_atomically(tmp_path / "x", b"new", overwrite=True)
    if step == "replace":
        assert (tmp_path / "x").read_bytes() == b"old"
        (tmp_path / "x").unlink()
    assert only(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(tmp_path):
    tmp_path.chmod(0o555)
    for call in (check_output, lambda path: write_bytes_atomically(path, b"")):
        with pytest.raises(WriteError, match=r"read-only|Permission denied"):
            call(tmp_path / "x")
    tmp_path.chmod(0o755)


def test_a_read_only_folder_is_found_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(WriteError, match="read-only"):
        check_output(tmp_path / "x")


def test_names_need_not_be_utf8(tmp_path):
    name = b"caf\xe9 \n-x.png"
    raw = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118
    write_bilevel(raw, BITS)
    np.testing.assert_array_equal(read_picture(raw).pixels, BITS)
    with pytest.raises(OverwriteError) as caught:
        write_bilevel(os.fsdecode(raw), BITS)
    assert str(caught.value).isprintable()
    assert only(tmp_path, name)


def test_relative_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_output("x.pbm", ["y.pbm"])
    write_bilevel("x.pbm", BITS)
    assert only(tmp_path, "x.pbm")


# -------------------------------------------------------------------- check_output


@pytest.mark.parametrize("overwrite", [True, False])
def test_an_input_is_never_the_output(tmp_path, overwrite):
    (tmp_path / "in").write_bytes(b"old")
    (tmp_path / "link").symlink_to("in")
    os.link(tmp_path / "in", tmp_path / "twin")
    (tmp_path / "folder").symlink_to(tmp_path)
    (tmp_path / "ahead").symlink_to("later")
    for name in ("in", "link", "twin", "folder/in", "./in", "ahead"):
        with pytest.raises(ParameterError, match="is the input itself"):
            check_output(
                tmp_path / name,
                [tmp_path / "other", tmp_path / "in", tmp_path / "later"],
                overwrite=overwrite,
            )


def test_check_output_of_a_free_and_a_taken_name(tmp_path):
    (tmp_path / "taken").write_bytes(b"old")
    check_output(tmp_path / "free", [tmp_path / "taken"])
    check_output(tmp_path / "taken", [tmp_path / "free"], overwrite=True)
    with pytest.raises(OverwriteError, match="overwritten"):
        check_output(tmp_path / "taken", [tmp_path / "free"])
    assert only(tmp_path, "taken")
