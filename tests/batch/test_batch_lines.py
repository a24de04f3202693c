"""A journal that somebody edited or damaged: what makes no sense is passed over."""

import json
import os
import subprocess

import pytest
from command_line import invoke, one_line, save_noisy, succeed

from isingdenoise.batch import JOURNAL_NAME, Journal
from isingdenoise.batch.lines import LONGEST, parsed

QUICK = ["--noise", "flip", "--flip-prob", "0.1", "--coupling", "0.4"]


@pytest.fixture
def folder(tmp_path):
    for number in range(3):
        save_noisy(tmp_path / "in" / f"{number}.png", seed=number)
    return tmp_path / "in"


@pytest.fixture
def out(folder, tmp_path):
    succeed("batch", folder, tmp_path / "out", *QUICK)
    return tmp_path / "out"


def records(out):
    return [json.loads(line) for line in (out / JOURNAL_NAME).read_bytes().splitlines()]


def write(out, lines):
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    (out / JOURNAL_NAME).write_text(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input", 3),
        ("input_sha256", 5),
        ("settings", []),
        ("output", None),
        ("output_sha256", ["x"]),
        ("output_sha256", {"a": 1}),
        ("result", "text"),
        ("result", [1]),
        ("error", {"a": 2}),
        *(("changed", value) for value in (float("nan"), float("inf"), "x", [1], {}, True)),
        ("uncertainty", "x"),
        ("seconds", float("nan")),
        ("pixels", "many"),
    ],
)
def test_a_value_of_a_wrong_type_makes_a_line_none_of_ours(folder, out, tmp_path, key, value):
    lines = records(out)
    assert parsed(json.dumps(lines[0]).encode()) is not None
    bad = json.loads(json.dumps(lines[0]))
    (bad if key in bad else bad["result"])[key] = value
    assert parsed(json.dumps(bad).encode()) is None
    write(out, [lines[0], bad, *lines[1:]])  # beside a sound line for the same picture
    for name in ("r.json", "r.csv"):
        done = succeed("batch", folder, out, *QUICK, "--report", tmp_path / name)
        assert "3 up to date" in done.stdout
    write(out, [bad, *lines[1:]])  # alone, it speaks of nothing
    done = invoke("batch", folder, out, *QUICK)
    assert done.code == 4
    assert "is not in the journal" in one_line(done)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        b"[" * 200_000 + b"\n",
        b'{"input": ' + b"9" * 10_000 + b"}\n",
        b'{"input": 1e999}\n',
        b"\xff\xfe\x00\n",
        b"\x00" * (2 * LONGEST + 5) + b"\n",
        b"\x00" * (LONGEST + 5),
    ],
    ids=["deep", "long number", "infinite", "no text", "zeros", "zeros, torn"],
)
def test_damage_is_passed_over_and_what_follows_is_read(folder, out, line):
    whole = (out / JOURNAL_NAME).read_bytes()
    (out / JOURNAL_NAME).write_bytes(whole + line)
    assert "3 up to date" in succeed("batch", folder, out, *QUICK).stdout
    save_noisy(folder / "3.png", seed=3)
    assert "1 picture cleaned" in succeed("batch", folder, out, *QUICK).stdout
    assert "4 up to date" in succeed("batch", folder, out, *QUICK).stdout


@pytest.mark.slow
def test_the_end_of_an_overlong_line_is_no_line(folder, out):
    """What stands after the part that is held may look like a line of its own."""
    first, *rest = (out / JOURNAL_NAME).read_bytes().splitlines(keepends=True)
    forged = json.loads(first)
    forged["output_sha256"] = "0" * 64
    zeros = b" " * LONGEST
    (out / JOURNAL_NAME).write_bytes(
        first + b"".join(rest) + zeros + json.dumps(forged).encode() + b"\n"
    )
    assert "3 up to date" in succeed("batch", folder, out, *QUICK).stdout


@pytest.mark.parametrize("change", ["CRLF", "twice", "other version first"])
def test_what_editors_do_to_a_file_harms_nothing(folder, out, change):
    data = (out / JOURNAL_NAME).read_bytes()
    old = data.replace(b'"version": "', b'"version": "0.0.')
    changed = {
        "CRLF": data.replace(b"\n", b"\r\n"),
        "twice": data + data,
        "other version first": old + data,
    }[change]
    (out / JOURNAL_NAME).write_bytes(changed)
    assert "3 up to date" in succeed("batch", folder, out, *QUICK).stdout


def test_lines_that_repeat_take_no_memory(out):
    journal = Journal(out, {})
    before = {output: dict(makers) for output, makers in journal._makers.items()}
    data = (out / JOURNAL_NAME).read_bytes()
    (out / JOURNAL_NAME).write_bytes(data * 50)
    journal.reload()
    assert journal._makers == before


@pytest.fixture
def deep_place(tmp_path):
    """Return a folder for what `shutil.rmtree` is not deep enough to remove."""
    (tmp_path / "deep").mkdir()
    yield tmp_path / "deep"
    subprocess.run(["rm", "-rf", tmp_path / "deep"], check=True)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="names are not so long there")
def test_a_tree_deeper_than_calls_may_be(deep_place):
    """1,200 folders in each other, and a temporary file of a dead run at the bottom."""
    tmp_path = deep_place
    deep = "/".join("d" * 1200)
    here = tmp_path / "in"
    save_noisy(here / "a.png")
    for _ in range(1200):
        here /= "d"
        here.mkdir()
    save_noisy(tmp_path / "b.png").rename(here / "b.png")
    out = tmp_path / "out"
    assert "2 pictures cleaned" in succeed("batch", tmp_path / "in", out, "-r", *QUICK).stdout
    left = out / deep / ".isingdenoise-0123456789abcdef.tmp"
    left.write_bytes(b"half a picture")
    (out / ".isingdenoise-lock").write_text("process 1 on nowhere\n")
    assert "2 up to date" in succeed("batch", tmp_path / "in", out, "-r", *QUICK).stdout
    assert not left.exists()
    assert (out / deep / "b.png").exists()
