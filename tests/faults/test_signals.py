"""Signals at any moment, two batches in one folder, inputs that change or vanish meanwhile."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from command_line import SCRIPT, error_line, invoke, launch, save_noisy, succeed
from faulty import (
    QUICK,
    SOME_FAILED,
    UNWRITABLE,
    folder_of_pictures,
    hidden,
    linux,
    pictures,
    state,
    stopped,
    wait_until,
)

from isingdenoise.batch import JOURNAL_NAME, LOCK_NAME
from isingdenoise.io import write_pages

COUNT = 10
SLOW = ["--noise", "gaussian", "--coupling", "0.4", "--engine", "gibbs", "-O", "sweeps=400"]
pytestmark = linux


ENDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


def swallowing(number):
    """Return the beginning of a program: `swallow` takes a signal, and loses what it raises."""
    return (
        "import os, signal, sys\n"
        "from isingdenoise_cli import main\n"
        "def swallow():\n"
        "    try:\n"
        f"        os.kill(os.getpid(), {int(number)})\n"
        "    except BaseException:\n"
        "        pass\n"
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return folder_of_pictures(tmp_path_factory.mktemp("pictures"), COUNT)


@pytest.fixture(scope="module")
def expected(source, tmp_path_factory):
    """Return what a batch makes that nothing disturbs."""
    out = tmp_path_factory.mktemp("whole")
    succeed("batch", source, out, *SLOW)
    return pictures(out)


def has(out, count=1):
    return lambda: out.exists() and len(pictures(out)) >= count


def completed(source, out, expected):
    """Insist that the batch goes on to the same bytes, and leaves nothing of its own."""
    done = succeed("batch", source, out, *SLOW, *(["--resume"] if hidden(out) else []))
    assert pictures(out) == expected
    assert hidden(out) == [JOURNAL_NAME]
    for line in (out / JOURNAL_NAME).read_bytes().splitlines():
        json.loads(line)
    return done


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "jobs"),
    [(signal.SIGINT, 130, ["-j", "1"]), (signal.SIGTERM, 143, ["-j", "2"])],
)
def test_a_signal_ends_a_batch_between_pictures(source, expected, tmp_path, number, code, jobs):
    out, before = tmp_path / "out", state(source)
    with stopped("batch", source, out, *SLOW, *jobs, there=has(out)) as ends:
        ends[0].send_signal(number)
    done = ends[0]
    there = pictures(out)
    assert done.code == code
    assert 0 < len(there) < COUNT
    assert there.items() <= expected.items()
    assert hidden(out) == [JOURNAL_NAME]
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"isingdenoise: interrupted, {COUNT - len(there)} picture")
    assert "Traceback" not in done.stderr
    assert state(source) == before
    assert f"{len(there)} up to date" in completed(source, out, expected).stdout


@pytest.mark.process
@pytest.mark.slow
def test_a_signal_before_the_first_picture(source, expected, tmp_path):
    """While it starts: nothing is written, or what is written is whole."""
    for delay in (0.05, 0.4):
        out = tmp_path / f"{delay}"
        process = subprocess.Popen(
            [SCRIPT, "batch", source, out, *SLOW],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(delay)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode in (143, -signal.SIGTERM)  # Python itself is not up yet
        if out.exists():
            assert pictures(out).items() <= expected.items()
            assert set(hidden(out)) <= {JOURNAL_NAME, LOCK_NAME}


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["run", "estimate", "compare"])
def test_a_signal_that_an_import_swallows_is_obeyed_before_the_work(
    source, tmp_path, command, number
):
    """Libraries catch whatever is raised while they look for others."""
    code = (
        "from isingdenoise_cli.render import text\n"
        f"{swallowing(number)}"
        "text.say_if_cold = swallow\n"
        "main.cli(sys.argv[1:], prog_name='isingdenoise')\n"
    )
    picture = tmp_path / "a.png"
    picture.write_bytes(next(source.iterdir()).read_bytes())
    done = launch(command, picture, program=(sys.executable, "-c", code))
    assert (done.code, done.stdout) == (128 + number, "")
    assert done.stderr == f"isingdenoise: {ENDS[number]}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_swallowed_within_a_page_is_obeyed_after_it(tmp_path, number):
    """What frees an object swallows whatever is raised meanwhile."""
    write_pages(tmp_path / "x.tif", [np.eye(16, dtype=bool)] * 3)
    code = (
        "from isingdenoise.pipeline import options\n"
        "solve, seen = options.denoise, []\n"
        f"{swallowing(number)}"
        "def watched(*args, **more):\n"
        "    seen.append(swallow())\n"
        "    assert len(seen) == 1\n"
        "    return solve(*args, **more)\n"
        "options.denoise = watched\n"
        "main.cli(sys.argv[1:], prog_name='isingdenoise')\n"
    )
    done = launch("run", tmp_path / "x.tif", *QUICK, program=(sys.executable, "-c", code))
    assert (done.code, done.stdout) == (128 + number, "")
    assert done.stderr == f"isingdenoise: {ENDS[number]}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tif"]


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_sigkill_at_any_moment_leaves_whole_files(source, expected, tmp_path, seed):
    """Killed again and again, at moments that differ; then completed to the same bytes."""
    out, rng = tmp_path / "out", random.Random(seed)
    jobs = ["-j", str(1 + seed % 2)]
    for wanted in (1, 4):
        process = subprocess.Popen(
            [SCRIPT, "batch", source, out, *SLOW, *jobs],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda p=process, n=wanted: p.poll() is not None or has(out, n)())
        time.sleep(rng.random() * 0.02)
        process.kill()
        process.wait()
        assert pictures(out).items() <= expected.items()
    assert len(pictures(out)) < COUNT
    (out / ".isingdenoise-0123456789abcdef.tmp").write_bytes(b"half a picture")
    completed(source, out, expected)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_a_run_with_whole_files_or_none(tmp_path, number):
    noisy = save_noisy(tmp_path / "noisy.png", size=256)
    target, probability = tmp_path / "out.png", tmp_path / "p.tif"
    target.write_bytes(b"an older result")
    endless = ["--engine", "gibbs", "-O", "sweeps=100000000"]
    process = subprocess.Popen(
        [SCRIPT, "run", noisy, "-o", target, "--probability", probability, "--force", *endless],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(1)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    codes = {signal.SIGINT: [130], signal.SIGTERM: [143, -15], signal.SIGKILL: [-9]}
    assert process.returncode in codes[number]
    assert stdout == ""
    assert "Traceback" not in stderr
    assert len(stderr.splitlines()) <= 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["noisy.png", "out.png"]
    assert target.read_bytes() == b"an older result"


# ----------------------------------------------------------------------- two batches at once


@pytest.mark.process
@pytest.mark.slow
def test_the_second_of_two_batches_names_the_first(source, expected, tmp_path):
    out = tmp_path / "out"
    with stopped("batch", source, out, *SLOW, there=has(out)) as ends:
        before = state(out)
        line = error_line(invoke("batch", source, out, *SLOW), UNWRITABLE)
        assert f"process {ends[0].pid} on " in line
        assert state(out) == before
    assert ends[0].code == 0
    assert pictures(out) == expected


@pytest.mark.process
@pytest.mark.slow
def test_many_batches_at_once_do_each_picture_once(source, expected, tmp_path):
    out = tmp_path / "out"
    started = [
        subprocess.Popen(
            [SCRIPT, "batch", source, out, *SLOW],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    ends = [(process.communicate(timeout=120), process.returncode) for process in started]
    codes = sorted(code for _, code in ends)
    assert codes[0] == 0
    assert set(codes) <= {0, UNWRITABLE}
    for (_, stderr), code in ends:
        assert ("is in use by another batch" in stderr) == (code == UNWRITABLE), stderr
    assert pictures(out) == expected
    lines = (out / JOURNAL_NAME).read_bytes().splitlines()
    assert len(lines) == COUNT  # nothing was done twice
    assert hidden(out) == [JOURNAL_NAME]


@pytest.mark.process
@pytest.mark.slow
def test_a_stale_lock_is_taken_over(source, expected, tmp_path):
    out = tmp_path / "out"
    with stopped("batch", source, out, *SLOW, there=has(out)) as ends:
        ends[0].kill()
    assert ends[0].code == -signal.SIGKILL
    assert LOCK_NAME in hidden(out)
    completed(source, out, expected)


# ------------------------------------------------------------- inputs that change or vanish


@pytest.fixture
def own(tmp_path):
    return folder_of_pictures(tmp_path / "in", COUNT)


CHANGES = {
    "vanishes": lambda path: path.unlink(),
    "is cut off": lambda path: os.truncate(path, 200),
    "is emptied": lambda path: path.write_bytes(b""),
    "becomes a folder": lambda path: (path.unlink(), path.mkdir()),
    "becomes a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "becomes a dangling link": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.mark.process
@pytest.mark.slow
def test_inputs_that_change_meanwhile_are_named(own, expected, tmp_path):
    """Each in its own way, while the first are in hand; the others are done."""
    out = tmp_path / "out"
    changed = [own / f"{COUNT - 1 - n:02}.png" for n in range(len(CHANGES))]
    with stopped("batch", own, out, *SLOW, there=has(out)) as ends:
        assert not {path.name for path in changed} & pictures(out).keys()
        for path, change in zip(changed, CHANGES.values(), strict=True):
            change(path)
    done = ends[0]
    assert done.code == SOME_FAILED
    lines = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == sorted(map(str, changed))
    assert f"{COUNT - len(changed)} pictures cleaned" in done.stdout
    names = {path.name for path in changed}
    assert pictures(out) == {k: v for k, v in expected.items() if k not in names}
    assert hidden(out) == [JOURNAL_NAME]


@pytest.mark.process
@pytest.mark.slow
def test_an_input_folder_that_vanishes_meanwhile(own, expected, tmp_path):
    out = tmp_path / "out"
    with stopped("batch", own, out, *SLOW, there=has(out)) as ends:
        done = len(pictures(out))
        own.rename(tmp_path / "moved")
    assert ends[0].code == SOME_FAILED
    assert "Traceback" not in ends[0].stderr
    assert len(ends[0].stderr.splitlines()) >= COUNT - done - 2  # some were in hand
    assert pictures(out).items() <= expected.items()
    (tmp_path / "moved").rename(own)
    completed(own, out, expected)


@pytest.mark.process
@pytest.mark.slow
def test_an_output_folder_that_vanishes_meanwhile(own, expected, tmp_path):
    """Named for each picture that has no place to go; nothing hangs."""
    out = tmp_path / "out"
    with stopped("batch", own, out, *QUICK, there=has(out)) as ends:
        out.rename(tmp_path / "moved")
        out.write_bytes(b"a file has its name")
    assert ends[0].code in (SOME_FAILED, UNWRITABLE)
    assert "Traceback" not in ends[0].stderr
    assert "internal error" not in ends[0].stderr
    assert str(out) in ends[0].stderr
    assert out.read_bytes() == b"a file has its name"
