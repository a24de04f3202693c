"""Several pictures at a time: the same bytes in the same order, and an end when told."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import save, save_noisy, scene, snapshot
from PIL import Image

from isingdenoise import ParameterError, ReadError
from isingdenoise.batch import (
    JOURNAL_NAME,
    CleanOptions,
    FileJob,
    Journal,
    Outcome,
    denoise_many,
    plan,
    pool,
    run,
)
from isingdenoise.inference import Gibbs, MeanField
from isingdenoise.io import read_pages, write_pages
from isingdenoise.pipeline import plain

SETTINGS = CleanOptions(seed=0).fingerprint()


@pytest.fixture
def folder(tmp_path):
    for number in range(9):
        save_noisy(tmp_path / "in" / f"{number}.png", seed=number, size=64 + 8 * number)
    (tmp_path / "in" / "4.png").write_text("no picture")
    save(tmp_path / "in" / "flat.png", np.full((8, 8), 200, np.uint8))
    return tmp_path / "in"


def pictures(out):
    return {name: data for name, data in snapshot(out).items() if not name.startswith(".")}


@pytest.mark.slow
@pytest.mark.parametrize("engine", [MeanField(), Gibbs(sweeps=20)])
def test_any_number_of_threads_gives_the_same_bytes_in_the_same_order(folder, tmp_path, engine):
    told = {}
    for threads in (1, 2, 5):
        out = tmp_path / f"out{threads}"
        journal = Journal(out, SETTINGS)
        jobs = plan(folder, out, journal=journal)
        options = CleanOptions(engine=engine, seed=0)
        outcomes = list(denoise_many(jobs, options, journal=journal, threads=threads))
        assert [outcome.job for outcome in outcomes] == list(jobs)
        told[threads] = [
            ([timeless(page) for page in o.pages], str(o.error).partition(": ")[2], o.warnings)
            for o in outcomes
        ]
        whole = Journal(out, SETTINGS)
        assert all(
            outcome.skipped
            for outcome in denoise_many(
                [o.job for o in outcomes if o.error is None], journal=whole, threads=threads
            )
        )
    assert told[1] == told[2] == told[5]
    assert [len(w) for _, _, w in told[2]] == [0] * 9 + [1]
    assert sum(error != "" for _, error, _ in told[2]) == 1
    assert pictures(tmp_path / "out1") == pictures(tmp_path / "out2") == pictures(tmp_path / "out5")
    assert len(pictures(tmp_path / "out1")) == 9


def timeless(record):
    """Return a page's record without what differs from run to run, NaN as None."""
    return plain({**record, "seconds": 0})


def outcome_of(job):
    return Outcome(job, ("done",), None, None, (), 0.0)


def jobs_named(names):
    return [FileJob(Path(name), Path(name)) for name in names]


def run_all(jobs, work, **options):
    defaults = {"threads": 2, "is_large": lambda _: False, "stopped": lambda: False}
    return pool.run_jobs(jobs, work, **{**defaults, **options})


def test_small_jobs_run_side_by_side_and_a_large_one_alone_in_the_calling_thread():
    together = threading.Barrier(2, timeout=60)
    busy, seen = [], {}

    def work(job):
        busy.append(job)
        if job.source.name in "ab":
            together.wait()  # passes only where both are at work
        seen[job.source.name] = (threading.current_thread(), len(busy))
        busy.remove(job)
        return outcome_of(job)

    jobs = jobs_named(["a", "b", "LARGE", "c", "d"])
    outcomes = list(run_all(jobs, work, is_large=lambda job: job.source.name.isupper()))
    assert [outcome.job for outcome in outcomes] == jobs
    assert seen["LARGE"] == (threading.current_thread(), 1)
    assert all(seen[name][0] is not threading.current_thread() for name in "abcd")


def test_what_is_taken_does_not_grow_with_the_folder():
    """The first job holds up the order; the others go on, but not for ever."""
    first, taken = threading.Event(), []

    def stream():
        for job in jobs_named(map(str, range(1000))):
            taken.append(job)
            if len(taken) == 4:
                first.set()
            yield job

    def work(job):
        if job.source.name == "0":
            assert first.wait(60)
            time.sleep(0.2)
        return outcome_of(job)

    outcomes = run_all(stream(), work)
    assert next(outcomes).job.source.name == "0"
    assert len(taken) <= 6
    assert len(list(outcomes)) == 999


def test_when_stopped_what_was_begun_is_told_and_nothing_else_is_begun():
    stop, begun = threading.Event(), []

    def work(job):
        begun.append(job)
        if len(begun) == 3:
            stop.set()
        return outcome_of(job)

    for threads in (1, 2, 8):
        stop.clear()
        begun.clear()
        jobs = jobs_named(map(str, range(100)))
        outcomes = list(run_all(jobs, work, threads=threads, stopped=stop.is_set))
        assert {id(outcome.job) for outcome in outcomes} == {id(job) for job in begun}
        assert 3 <= len(outcomes) < 3 + threads


@pytest.mark.slow
def test_who_stops_asking_waits_for_what_is_at_work_and_leaves_no_thread():
    before, done = threading.active_count(), []

    def work(job):
        time.sleep(0.05)
        done.append(job)
        return outcome_of(job)

    outcomes = run_all(jobs_named(map(str, range(50))), work, threads=3)
    next(outcomes)
    outcomes.close()
    assert threading.active_count() == before
    count = len(done)
    assert count < 12
    time.sleep(0.2)
    assert len(done) == count


def test_large_is_measured_by_the_header_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "LARGE", 10_000)
    save_noisy(tmp_path / "large.png", size=100)
    save_noisy(tmp_path / "small.png", size=99)
    (tmp_path / "bad.png").write_text("no picture")
    names = ("large.png", "small.png", "bad.png", "missing.png")
    large = [run.is_large(FileJob(tmp_path / name, tmp_path / "x.png")) for name in names]
    assert large == [True, False, False, False]


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2"])
def test_a_wrong_number_of_threads_is_refused_at_once(threads):
    with pytest.raises(ParameterError, match="threads"):
        denoise_many([], threads=threads)


def fax(path, sizes=((40, 32), (48, 64), (24, 24))):
    """Write a TIFF of flipped scenes, Group 4, of several sizes."""
    rng = np.random.default_rng(3)
    pages = [scene(*size) ^ (rng.random(size) < 0.08) for size in sizes]
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = (Image.fromarray(page) for page in pages)
    first.save(path, save_all=True, append_images=rest, compression="group4", dpi=(204, 196))
    return pages


@pytest.mark.slow
def test_every_page_of_a_tiff_is_cleaned_by_itself(tmp_path):
    sizes = ((40, 32), (48, 64), (24, 24))
    fax(tmp_path / "in" / "fax.tif", sizes)
    options = CleanOptions(seed=0)
    (outcome,) = denoise_many(plan(tmp_path / "in", tmp_path / "out"), options)
    assert (len(outcome.pages), outcome.result) == (3, None)
    made = list(read_pages(tmp_path / "out" / "fax.tif"))
    assert [page.pixels.shape for page in made] == list(sizes)
    assert {page.compression for page in made} == {"group4"}
    assert {page.dpi for page in made} == {(204, 196)}
    for page, source in zip(made, read_pages(tmp_path / "in" / "fax.tif"), strict=True):
        write_pages(tmp_path / "one.tif", [replace(source, pages=1)], overwrite=True)
        job = FileJob(tmp_path / "one.tif", tmp_path / "clean.tif")
        (alone,) = denoise_many([job], options, overwrite=True)
        np.testing.assert_array_equal(page.pixels, alone.result.image)
        assert timeless(outcome.pages[page.page]) == timeless(alone.pages[0])


def test_figures_of_several_pages_are_sums_and_means_by_pixels(tmp_path):
    fax(tmp_path / "in" / "fax.tif")
    journal = Journal(tmp_path / "out", SETTINGS)
    (outcome,) = denoise_many(plan(tmp_path / "in", tmp_path / "out"), journal=journal)
    whole = outcome.entry.result
    assert whole["pages"] == 3
    for name in ("changed_to_white", "changed_to_black"):
        assert whole[name] == sum(page[name] for page in outcome.pages)
    assert whole["pixels"] == sum(page["width"] * page["height"] for page in outcome.pages)
    changed = whole["changed_to_white"] + whole["changed_to_black"]
    assert whole["changed"] == pytest.approx(changed / whole["pixels"], rel=1e-12)
    assert [noise["probability"] for noise in whole["noise"]] == [
        page["noise"]["probability"] for page in outcome.pages
    ]
    assert (tmp_path / "out" / JOURNAL_NAME).read_bytes().count(b"\n") == 1


def test_pages_that_the_format_cannot_hold_are_refused_and_one_can_be_chosen(tmp_path):
    pages = fax(tmp_path / "in" / "fax.tif")
    jobs = plan(tmp_path / "in", tmp_path / "out", extension=".png")
    (outcome,) = denoise_many(jobs)
    assert isinstance(outcome.error, ReadError)
    assert "PNG holds one page, and the picture has 3" in str(outcome.error)
    assert not (tmp_path / "out").exists()
    (outcome,) = denoise_many(jobs, CleanOptions(frame=2))
    assert outcome.result.image.shape == pages[2].shape
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["fax.png"]


def test_one_bad_page_leaves_no_file(tmp_path):
    source = tmp_path / "in" / "fax.tif"
    fax(source)
    source.write_bytes(source.read_bytes()[:-200])
    (outcome,) = denoise_many(plan(tmp_path / "in", tmp_path / "out"))
    assert isinstance(outcome.error, ReadError)
    assert outcome.pages == ()
    made = {"in": None, "in/fax.tif": source.read_bytes(), "out": None}
    assert pictures(tmp_path) == made


def test_a_job_that_the_pool_refuses_and_keeps_is_done_once_and_told(monkeypatch):
    """A full system: the pool has taken the job when it cannot start another thread."""
    submit, begun = pool.ThreadPoolExecutor.submit, []

    def refuse(self, work, *rest):
        submit(self, work, *rest)
        raise RuntimeError("can't start new thread")

    def work(job):
        begun.append(job)
        time.sleep(0.01)
        return outcome_of(job)

    monkeypatch.setattr(pool.ThreadPoolExecutor, "submit", refuse)
    jobs = jobs_named(map(str, range(20)))
    assert [outcome.job for outcome in run_all(jobs, work)] == jobs
    assert len(begun) == 20
