"""Folders of the output tree that become links while it works: nothing leaves the tree."""

import contextlib
import gc
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from command_line import SCRIPT, invoke, save_noisy, succeed
from faulty import QUICK, SOME_FAILED, UNWRITABLE, linux, pictures, state, wait_until

from isingdenoise import batch
from isingdenoise.batch import JOURNAL_NAME, CleanOptions, Journal, denoise_many, plan
from isingdenoise.noise import GaussianNoise
from isingdenoise.pipeline import options as pipeline_options

pytestmark = linux
# the name `clean` of the package is the function
pipeline_clean = sys.modules["isingdenoise.pipeline.clean"]


@pytest.fixture
def tree(tmp_path):
    """Return inputs in a folder and one below it, beside a foreign folder of the same names."""
    for name in ("a.png", "sub/b.png", "sub/c.png"):
        save_noisy(tmp_path / "in" / name, seed=len(name))
    for name in ("b.png", "a.png", JOURNAL_NAME):
        (tmp_path / "foreign").mkdir(exist_ok=True)
        (tmp_path / "foreign" / name).write_bytes(b"precious")
    return tmp_path / "in"


def swap(folder, to):
    """Put a link in the place of a folder."""
    if folder.exists():
        folder.rename(folder.with_name(f"moved {folder.name}"))
    folder.parent.mkdir(exist_ok=True)
    folder.symlink_to(to)


def at(monkeypatch, where, act):
    """Let something happen once, right before a step of the batch."""
    module, name = where
    real = getattr(module, name)

    def step(*args, **options):
        if not done:
            done.append(act())
        return real(*args, **options)

    done = []
    monkeypatch.setattr(module, name, step)
    return done


@pytest.mark.slow
@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("moment", ["planned", "read", "cleaned", "synced"])
def test_a_folder_below_swapped_for_a_link(tree, tmp_path, monkeypatch, moment, resumed, force):
    out, foreign = tmp_path / "out", tmp_path / "foreign"
    if resumed:
        succeed("batch", "-r", tree, out, *QUICK)
        for path in tree.rglob("*.png"):
            save_noisy(path, seed=9)  # all is to be done again
    before = state(foreign)
    where = {
        "planned": (batch, "locked"),
        "read": (pipeline_clean, "read_pages"),
        "cleaned": (pipeline_options, "denoise"),
        "synced": (os, "fsync"),
    }[moment]
    done = at(monkeypatch, where, lambda: swap(out / "sub", foreign))
    ended = invoke("batch", "-r", tree, out, *QUICK, *force, "-j", "1")
    assert done
    assert ended.code == SOME_FAILED
    assert len(ended.stderr.splitlines()) == 2
    assert f"{out / 'sub'}: is a link, which is not followed" in ended.stderr
    assert state(foreign) == before
    assert (out / "a.png").is_file()
    (out / "sub").unlink()
    if (out / "moved sub").exists():
        (out / "moved sub").rename(out / "sub")
    succeed("batch", "-r", tree, out, *QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["planned", "cleaned"])
def test_the_output_folder_itself_swapped_for_a_link(tree, tmp_path, monkeypatch, moment):
    out, foreign = tmp_path / "out", tmp_path / "foreign"
    out.mkdir()
    before = state(foreign)
    where = {"planned": (batch, "locked"), "cleaned": (pipeline_options, "denoise")}[moment]
    at(monkeypatch, where, lambda: swap(out, foreign))
    ended = invoke("batch", "-r", tree, out, *QUICK, "--force", "-j", "1")
    assert ended.code in (SOME_FAILED, UNWRITABLE)
    assert f"{out}: was moved or replaced while it was in use" in ended.stderr
    assert state(foreign) == before


@pytest.mark.slow
@pytest.mark.parametrize("option", ["-o", "--probability", "--report", "--plot"])
def test_a_folder_that_was_named_swapped_for_a_link(tree, tmp_path, monkeypatch, option):
    """Between the check and the work."""
    from isingdenoise_cli.render import text as cli_report

    out, foreign = tmp_path / "out", tmp_path / "foreign"
    out.mkdir()
    (foreign / "r.json").write_bytes(b'{\n  "report": "isingdenoise batch",\n')
    before = state(foreign)
    words = {
        "-o": ["run", tree / "a.png", "-o", out / "a.png"],
        "--probability": ["run", tree / "a.png", "--probability", out / "a.png"],
        "--report": ["batch", tree, tmp_path / "results", "--report", out / "r.json"],
        "--plot": ["compare", tree / "a.png", "--plot", out / "a.png"],
    }[option]
    assert at(monkeypatch, (cli_report, "say_if_cold"), lambda: swap(out, foreign)) == []
    ended = invoke(*words, *QUICK, "--force")
    assert ended.code == UNWRITABLE
    assert "its folder was moved or replaced while the result was made" in ended.stderr
    assert state(foreign) == before
    assert list((tmp_path / "moved out").iterdir()) == []
    assert not (tree / "a.denoised.png").exists()  # together or not at all


@pytest.mark.slow
def test_a_result_that_somebody_edits_meanwhile_stays(tree, tmp_path, monkeypatch):
    """Though the journal knows what it was before."""
    out = tmp_path / "out"
    succeed("batch", tree, out, *QUICK)
    save_noisy(tree / "a.png", seed=9)
    at(
        monkeypatch,
        (pipeline_options, "denoise"),
        lambda: (out / "a.png").write_bytes(b"edited"),
    )
    ended = invoke("batch", tree, out, *QUICK)
    assert ended.code == SOME_FAILED
    assert f"{out / 'a.png'}: changed while the result was made" in ended.stderr
    assert (out / "a.png").read_bytes() == b"edited"


def descriptors():
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


@pytest.mark.process
@pytest.mark.slow
def test_a_folder_swapped_again_and_again(tmp_path):
    """As fast as a thread can, while a real batch works: the foreign folder stays as it is."""
    source, out, foreign = tmp_path / "in", tmp_path / "out", tmp_path / "foreign"
    page = save_noisy(source / "sub" / "000.png", size=16)
    for number in range(1, 60):
        shutil.copy(page, page.with_name(f"{number:03}.png"))
    (out / "sub").mkdir(parents=True)
    foreign.mkdir()
    for number in range(0, 60, 10):
        (foreign / f"{number:03}.png").write_bytes(b"precious")
    before, over, swaps = state(foreign), threading.Event(), []

    def swapping():
        while not over.is_set():
            (out / "sub").rename(tmp_path / "kept")
            (out / "sub").symlink_to(foreign)
            swaps.append(None)
            time.sleep(0.0003)
            (out / "sub").unlink()
            with contextlib.suppress(OSError):  # the batch has just made one for itself
                (tmp_path / "kept").rename(out / "sub")
            if (tmp_path / "kept").exists():
                (tmp_path / "kept").rename(tmp_path / f"kept {len(swaps)}")
            time.sleep(0.0003)

    command = [SCRIPT, "batch", "-r", source, out, *QUICK, "--noise", "gaussian"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: process.poll() is not None or (out / JOURNAL_NAME).exists())
        thread = threading.Thread(target=swapping)
        thread.start()
        _, stderr = process.communicate(timeout=120)
        over.set()
        thread.join()
    assert len(swaps) > 5
    assert process.returncode in (0, SOME_FAILED, UNWRITABLE), stderr
    assert b"Traceback" not in stderr
    assert b"internal error" not in stderr
    assert state(foreign) == before
    assert not list(out.rglob(".isingdenoise-*.tmp"))
    succeed("batch", "-r", source, out, *QUICK, "--noise", "gaussian")
    assert len(pictures(out / "sub")) == 60


@pytest.mark.slow
def test_a_batch_of_many_pictures_keeps_no_descriptor(tmp_path):
    """With room for few: folders are closed with their pictures, also of those that fail."""
    source, out = tmp_path / "in", tmp_path / "out"
    page = save_noisy(source / "sub" / "deeper" / "000.png", size=8)
    for number in range(1, 40):
        shutil.copy(page, page.with_name(f"{number:03}.png"))
    page.with_name("bad.png").write_bytes(b"no picture")
    noise = GaussianNoise(sigma=0.6, levels=(64.0, 191.0))
    gc.collect()
    before = descriptors()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(before) + 20, hard))
    try:
        journal = Journal(out, {})
        for again in (False, True):
            jobs = plan(source, out, recursive=True, journal=journal, overwrite=again)
            options = CleanOptions(noise=noise, coupling=0.4)
            done = denoise_many(jobs, options, journal=journal, overwrite=again, threads=2)
            errors = [str(outcome.error) for outcome in done if outcome.error is not None]
            assert len(errors) == 1, errors
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    del journal, done, jobs
    gc.collect()
    assert descriptors() == before
