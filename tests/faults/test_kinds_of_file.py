"""What has a picture's name and is none: missing, unreadable, folder, pipe, socket, device."""

import os
import socket
import stat

import pytest
from command_line import error_line, invoke, save_noisy
from faulty import (
    COMMANDS,
    QUICK,
    SOME_FAILED,
    UNREADABLE,
    as_somebody,
    in_time,
    linux,
    pictures,
    refused,
    state,
)


def folder(path):
    path.mkdir()


def socket_at(path):
    here = os.open(".", os.O_RDONLY)  # such names have to be short
    try:
        os.chdir(path.parent)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.fchdir(here)
        os.close(here)


def device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # zeros without end
    except OSError as error:
        pytest.skip(f"no device can be made ({error.strerror})")


KINDS = {
    "a folder": folder,
    "a pipe": os.mkfifo,
    "a socket": socket_at,
    "a device": device,
    "No such file": lambda path: None,
    "No such file or directory": lambda path: path.symlink_to(path.parent / "nowhere"),
    "Too many levels": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", KINDS)
def test_odd_kinds_are_named_and_never_hang(tmp_path, command, kind):
    path = tmp_path / "x.png"
    KINDS[kind](path)
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](path, tmp_path / "out.png"))
    assert f"{path}: " in line
    assert kind in line


@pytest.mark.parametrize("option", ["--mask", "--protect", "--clean"])
@pytest.mark.parametrize("kind", KINDS)
def test_odd_kinds_beside_the_picture(tmp_path, option, kind):
    noisy, path = save_noisy(tmp_path / "noisy.png"), tmp_path / "x.png"
    KINDS[kind](path)
    command = "compare" if option == "--clean" else "run"
    line = refused(UNREADABLE, tmp_path, command, noisy, option, path)
    assert f"{path}: " in line
    assert kind in line


def test_a_link_to_an_odd_kind(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "x.png").symlink_to("pipe")
    assert "a pipe" in refused(UNREADABLE, tmp_path, "run", tmp_path / "x.png")


@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a device"])
def test_odd_kinds_in_a_batch(tmp_path, kind):
    source, out = tmp_path / "in", tmp_path / "out"
    for seed, name in enumerate(("a.png", "z.png")):
        save_noisy(source / name, seed=seed)
    KINDS[kind](source / "x.png")
    before = state(source)
    for recursive in ([], ["-r"]):
        with in_time():
            done = invoke("batch", source, out, *recursive, *QUICK)
        assert done.code == SOME_FAILED
        assert len(done.stderr.splitlines()) == 1
        assert str(source / "x.png") in done.stderr
    assert sorted(pictures(out)) == ["a.png", "z.png"]
    assert state(source) == before


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "a folder"])
def test_odd_kinds_in_the_place_of_the_input_folder(tmp_path, kind):
    KINDS[kind](tmp_path / "in")
    line = refused(UNREADABLE, tmp_path, "batch", tmp_path / "in", tmp_path / "out")
    assert str(tmp_path / "in") in line


@pytest.mark.slow
@linux
@pytest.mark.parametrize("command", COMMANDS)
def test_an_unreadable_file(tmp_path, command):
    path = save_noisy(tmp_path / "secret.png")
    path.chmod(0)
    arguments = COMMANDS[command](path, tmp_path / "out.png")
    line = error_line(as_somebody(*arguments), UNREADABLE)
    assert f"{path}: cannot be read (Permission denied)" in line
    assert [p.name for p in tmp_path.iterdir()] == ["secret.png"]


@pytest.mark.slow
@linux
def test_an_unreadable_file_in_a_batch(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    save_noisy(source / "a.png")
    save_noisy(source / "secret.png").chmod(0)
    done = as_somebody("batch", source, out, *QUICK)
    assert done.code == SOME_FAILED
    assert len(done.stderr.splitlines()) == 1
    assert f"{source / 'secret.png'}: cannot be read (Permission denied)" in done.stderr
    assert list(pictures(out)) == ["a.png"]


@pytest.mark.slow
@linux
@pytest.mark.parametrize("inner", [False, True])
def test_an_unreadable_folder(tmp_path, inner):
    source = tmp_path / "in"
    save_noisy(source / "a.png")
    locked = source / "sub" if inner else source
    save_noisy(locked / "b.png")
    locked.chmod(0)
    try:
        line = error_line(as_somebody("batch", "-r", source, tmp_path / "out"), UNREADABLE)
    finally:
        locked.chmod(0o755)
    assert str(locked) in line
    assert not (tmp_path / "out").exists()
