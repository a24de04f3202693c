"""Names as they occur: with spaces, newlines, bytes that are no text, a dash in front."""

import json
import os
import sys

import pytest
from command_line import invoke, load, save_noisy, scene, succeed
from faulty import COMMANDS, QUICK, SCRIPT, UNREADABLE, launched, linux, refused, state

ODD = {
    "spaces": " two  words .png",
    "newline": "two\nlines.png",
    "tab-and-bell": "tab\tbell\a.png",
    "escape": "red\x1b[31m.png",
    "quotes": "a'b\"c`$(d)\\.png",
    "glob": "*[a]?.png",
    "accents": "café.png",
    "right-to-left": "\u202egnp.png",
    "separator": "line\u2028separator.png",
    "no-text": os.fsdecode(b"caf\xe9\xff.png"),
    "percent": "100%s{0}.png",
    "dots": "..a..b.png",
    "long": "n" * 240 + ".png",
}
ODD = {kind: name for kind, name in ODD.items() if kind != "no-text" or sys.platform == "linux"}


def saved(folder, name):
    return save_noisy(folder / "plain.png").rename(folder / name)


def plain(text):
    """Insist on text that a terminal prints as it is, line for line."""
    assert all(line.isprintable() for line in text.splitlines()), text
    assert "\r" not in text
    return text


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ODD)
def test_odd_names_work(tmp_path, command, kind):
    picture = saved(tmp_path, ODD[kind])
    before = state(tmp_path)
    done = succeed(*COMMANDS[command](picture, tmp_path / f"out {ODD[kind][-90:]}"))
    plain(done.stdout + done.stderr)
    assert before.items() <= state(tmp_path).items()


@pytest.mark.parametrize("kind", ODD)
def test_the_output_beside_an_odd_name(tmp_path, kind):
    if kind == "long":
        pytest.skip("has no room for more letters: another test")
    picture = saved(tmp_path, ODD[kind])
    done = succeed("run", picture, *QUICK, "--json")
    target = picture.with_name(f"{picture.stem}.denoised.png")
    assert os.fsencode(json.loads(done.stdout)["output"]) == os.fsencode(target)
    assert load(target)[1].shape == scene().shape
    assert sorted(tmp_path.iterdir()) == sorted([picture, target])


def test_a_name_without_room_for_the_output(tmp_path):
    picture = saved(tmp_path, "n" * 250 + ".png")
    line = refused(5, tmp_path, "run", picture, *QUICK)
    assert "too long" in line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ODD)
def test_odd_names_of_bad_files_are_printed_on_one_line(tmp_path, command, kind):
    (tmp_path / ODD[kind]).write_bytes(b"no picture")
    out = tmp_path / "out.png"
    line = refused(UNREADABLE, tmp_path, *COMMANDS[command](tmp_path / ODD[kind], out))
    plain(line)


@pytest.mark.slow
def test_odd_names_in_a_batch(tmp_path):
    names = sorted(ODD.values())
    for name in names:
        saved(tmp_path / "in", name)
        (tmp_path / "in" / f"bad-{name}").write_bytes(b"no picture")
    before = state(tmp_path / "in")
    out = tmp_path / "out"
    for told in (f"{_visible(names)} picture", "0 pictures"):
        done = invoke("batch", tmp_path / "in", out, *QUICK)
        assert done.code == 1
        plain(done.stdout + done.stderr)
        assert len(done.stderr.splitlines()) == len(names)
        assert done.stdout.startswith(told)
    assert state(tmp_path / "in") == before
    assert {p.name for p in out.glob("[!.]*")} == {n for n in names if not n.startswith(".")}


def _visible(names):
    return sum(not name.startswith(".") for name in names)


@pytest.mark.slow
@linux
def test_odd_names_in_a_real_process(tmp_path):
    """Bytes in, bytes out, and text on both streams whatever the terminal takes."""
    picture = saved(tmp_path, ODD["no-text"])
    for encoding in ("utf-8", "ascii"):
        env = {**os.environ, "PYTHONIOENCODING": encoding}
        command = [SCRIPT, "run", "--force", *QUICK, picture]
        done = launched(*map(os.fspath, command), env=env)
        assert (done.code, done.stderr) == (0, "")
        plain(done.stdout)
    assert picture.with_name(f"{picture.stem}.denoised.png").exists()


@pytest.mark.parametrize("name", ["-x.png", "--force.png", "--", "-"])
def test_a_leading_dash_after_two_dashes(tmp_path, monkeypatch, name):
    saved(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    written = name if name != "-" else "./-"  # alone it is a stream
    done = succeed("run", "-o", "out.png", *QUICK, "--", written)
    assert done.stderr == ""
    assert load(tmp_path / "out.png")[1].shape == scene().shape
