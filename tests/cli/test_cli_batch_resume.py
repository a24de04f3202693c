"""`isingdenoise batch` once more on the same folders: nothing twice, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from command_line import SCRIPT, error_line, invoke, launch, save_noisy, snapshot, succeed

from isingdenoise import batch
from isingdenoise.batch import JOURNAL_NAME


@pytest.fixture
def folder(tmp_path):
    for number in range(4):
        save_noisy(tmp_path / "in" / f"{number}.png", seed=number, size=96)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def pictures(out):
    return {name: data for name, data in snapshot(out).items() if not name.startswith(".")}


@pytest.mark.slow
def test_a_second_run_skips_what_is_up_to_date(folder, out):
    succeed("batch", folder, out)
    before = snapshot(out)
    done = succeed("batch", folder, out)
    assert done.stdout == f"0 pictures cleaned into {out}, 4 up to date\n"
    assert snapshot(out) == before
    save_noisy(folder / "1.png", seed=9, size=96)
    done = succeed("batch", folder, out, "--json")
    rows = json.loads(done.stdout)
    assert [row["skipped"] for row in rows["pictures"]] == [True, False, True, True]
    assert (rows["failed"], rows["skipped"]) == (0, 3)
    assert all(0 < row["figures"]["changed"] < 1 for row in rows["pictures"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        ["--coupling", "0.4"],
        ["--noise", "gaussian"],
        ["--noise", "gaussian", "--sigma", "45"],
        ["--background", "auto"],
        ["-O", "tol=0.01"],
        ["--engine", "icm"],
        ["--seed", "3"],
        ["--max-change", "90%"],
    ],
)
def test_other_settings_do_all_again(folder, out, changed):
    for name in ("1.png", "2.png", "3.png"):
        (folder / name).unlink()
    succeed("batch", folder, out)
    assert "1 picture cleaned" in succeed("batch", folder, out, *changed).stdout
    assert "1 up to date" in succeed("batch", folder, out, *changed).stdout


@pytest.mark.slow
def test_a_file_of_somebody_else_is_refused_before_any_work(folder, out):
    succeed("batch", folder, out)
    save_noisy(folder / "4.png")
    save_noisy(folder / "0.png", seed=7)
    (out / "4.png").write_bytes(b"precious")
    before = snapshot(out)
    assert str(out / "4.png") in error_line(invoke("batch", folder, out), 4)
    assert snapshot(out) == before


@pytest.mark.slow
def test_resume_insists_on_a_journal(folder, out):
    line = error_line(invoke("batch", folder, out, "--resume"), 2)
    assert "--resume" in line
    assert str(out) in line
    assert not out.exists()
    succeed("batch", folder, out)
    assert "4 up to date" in succeed("batch", folder, out, "--resume").stdout


@pytest.mark.slow
def test_force_does_everything_once_more(folder, out):
    succeed("batch", folder, out)
    before = pictures(out)
    (out / "2.png").write_bytes(b"touched by hand")
    assert "was changed" in error_line(invoke("batch", folder, out), 4)
    assert "4 pictures cleaned" in succeed("batch", folder, out, "--force").stdout
    assert pictures(out) == before
    assert "4 up to date" in succeed("batch", folder, out).stdout


@pytest.mark.process
@pytest.mark.slow
def test_killed_at_any_moment_it_is_completed_to_the_same_bytes(folder, out, tmp_path):
    succeed("batch", folder, tmp_path / "whole")
    expected = pictures(tmp_path / "whole")
    for wanted in (1, 2, 3):  # killed when so many pictures are there
        process = subprocess.Popen(
            [SCRIPT, "batch", folder, out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if out.exists() and sum(p.name[0] != "." for p in out.iterdir()) >= wanted:
                break  # only names: what is being written may be gone when it is read
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        there = pictures(out)
        assert there
        assert there.items() <= expected.items()  # whole files, and none but ours
    succeed("batch", folder, out)
    assert pictures(out) == expected
    whole = (out / JOURNAL_NAME).read_bytes()
    assert all(json.loads(line) for line in whole.splitlines())


@pytest.mark.process
@pytest.mark.slow
def test_a_journal_that_cannot_grow_keeps_whole_lines_and_no_unknown_picture(folder, out):
    """A limit on the size of files stands for a full disk; without it the batch goes on."""
    code = (
        "import resource, sys\n"
        "from isingdenoise_cli.main import cli\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))\n"
        "cli(sys.argv[1:], prog_name='isingdenoise')\n"
    )
    done = launch("batch", folder, out, program=(sys.executable, "-c", code))
    assert done.code == 1
    assert all(JOURNAL_NAME in line for line in done.stderr.splitlines())
    lines = (out / JOURNAL_NAME).read_bytes().splitlines(keepends=True)
    assert all(line.endswith(b"\n") for line in lines)
    assert {json.loads(line)["output"] for line in lines} == set(pictures(out))
    assert 0 < len(lines) < 4
    assert f"{len(lines)} up to date" in succeed("batch", folder, out).stdout
    assert len(pictures(out)) == 4


@pytest.mark.slow
def test_an_input_that_vanishes_is_named_and_its_result_stays(folder, out, monkeypatch):
    succeed("batch", folder, out)
    before = pictures(out)
    planned = batch.plan

    def then_gone(*args, **options):
        jobs = planned(*args, **options)
        (folder / "2.png").unlink()
        return jobs

    monkeypatch.setattr(batch, "plan", then_gone)
    done = invoke("batch", folder, out)
    assert done.code == 1
    assert done.stdout == f"0 pictures cleaned into {out}, 3 up to date, 1 failed\n"
    assert str(folder / "2.png") in done.stderr
    assert pictures(out) == before
