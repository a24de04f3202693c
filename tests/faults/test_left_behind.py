"""What a killed command leaves is swept by the next one, what a suspended one has is not."""

import os
import signal
import subprocess
import sys
import time

import pytest
from command_line import invoke, save_noisy, succeed
from faulty import QUICK, hidden, linux, stopped
from PIL import Image


def leftover(folder, digit="0"):
    path = folder / f".isingdenoise-{digit * 16}.tmp"
    path.write_bytes(b"half a picture")
    return path


def aged(path, seconds):
    os.utime(path, (time.time() - seconds,) * 2)


@pytest.mark.slow
@pytest.mark.process
@linux
def test_a_suspended_run_keeps_its_file_and_a_killed_one_does_not(tmp_path):
    """Of a run that is stopped while it writes, next to whatever comes meanwhile."""
    page = save_noisy(tmp_path / "in" / "page.png", size=32)
    target = tmp_path / "out" / "page.png"
    target.parent.mkdir()
    code = (
        "import os, signal, sys, time\n"
        "from isingdenoise.io import check_output\n"
        "from isingdenoise.io.atomic import atomic_file\n"
        "with atomic_file(sys.argv[1]) as stream:\n"
        "    stream.write(b'half'); stream.flush(); print('there', flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, target.with_name("late.png")], stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout.readline() == b"there\n"
            process.send_signal(signal.SIGSTOP)
            (alive,) = hidden(target.parent)
            aged(target.parent / alive, 1e6)
            succeed("batch", page.parent, target.parent, *QUICK)
            succeed("run", page, "-o", target.with_name("other.png"), *QUICK)
            assert alive in hidden(target.parent)
        finally:
            process.kill()
    assert alive in hidden(target.parent)
    succeed("run", page, "-o", target.with_name("third.png"), *QUICK)
    assert hidden(target.parent) == [".isingdenoise-journal.jsonl"]


@pytest.mark.process
@pytest.mark.slow
@linux
def test_a_real_run_is_suspended_then_killed(tmp_path):
    """Killed while the second of two pages is cleaned, when its file is there."""
    page = Image.open(save_noisy(tmp_path / "page.png", size=32))
    page.save(tmp_path / "two.tif", save_all=True, append_images=[page.resize((2000, 2000))])
    out = tmp_path / "out"
    out.mkdir()
    slow = ["--engine", "gibbs", "-O", "sweeps=300", "-O", "chains=1", *QUICK]

    def there():
        found = hidden(out)
        time.sleep(0.1 * bool(found))  # made a moment before it is locked
        return found

    with stopped("run", tmp_path / "two.tif", "-o", out / "two.tif", *slow, there=there) as ends:
        (alive,) = hidden(out)
        aged(out / alive, 1e6)
        succeed("run", tmp_path / "page.png", "-o", out / "a.png", *QUICK)
        assert hidden(out) == [alive]
        ends[0].kill()
    assert hidden(out) == [alive]
    succeed("run", tmp_path / "page.png", "-o", out / "b.png", *QUICK)
    assert hidden(out) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["run", "run several", "corrupt", "estimate", "compare", "batch", "report"]
)
def test_every_command_that_writes_sweeps_where_it_writes(tmp_path, command):
    page = save_noisy(tmp_path / "in" / "page.png")
    out, beside = tmp_path / "out", leftover(page.parent, "1")
    out.mkdir()
    leftover(out)
    words = {
        "run": ["run", page, "-o", out / "x.png", *QUICK],
        "run several": ["run", page, save_noisy(page.with_name("b.png")), "-o", out, *QUICK],
        "corrupt": ["corrupt", page, "-o", out / "x.png", "--noise", "flip"],
        "estimate": ["estimate", page, "--plot", out / "x.png", "--noise", "flip"],
        "compare": ["compare", page, "--plot", out / "x.png", *QUICK],
        "batch": ["batch", page.parent, out, *QUICK],
        "report": ["batch", page.parent, tmp_path / "o", "--report", out / "r.csv", *QUICK],
    }[command]
    succeed(*words)
    assert [name for name in hidden(out) if name.endswith(".tmp")] == []
    assert beside.exists()  # nothing is written there


def test_what_is_refused_sweeps_nothing(tmp_path):
    page = save_noisy(tmp_path / "page.png")
    there = leftover(tmp_path)
    (tmp_path / "x.png").write_bytes(b"old")
    assert invoke("run", page, "-o", tmp_path / "x.png", *QUICK).code == 4
    assert there.exists()
