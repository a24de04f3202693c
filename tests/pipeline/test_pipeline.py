"""One pipeline: `run` and `batch` make the same files, records and figures of one input."""

import json
import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from command_line import error_line, invoke, load, save, save_noisy, scene, succeed

from isingdenoise import Gibbs, NoiseSpec, ParameterError, ReadError
from isingdenoise.io import write_pages
from isingdenoise.pipeline import OUTPUTS, CleanOptions, FileJob, Job, Watcher, clean

SETTINGS = ["--noise", "gaussian", "--coupling", "0.5", "--seed", "3"]
TIMES = ("seconds",)


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "in" / "a.png", seed=4)


@pytest.fixture
def pages(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "in").mkdir(exist_ok=True)
    drawn = (scene(24, 30) ^ (rng.random((24, 30)) < 0.1) for _ in range(3))
    write_pages(tmp_path / "in" / "p.tif", drawn)
    return tmp_path / "in" / "p.tif"


def timeless(record):
    return {name: value for name, value in record.items() if name not in TIMES}


@pytest.mark.parametrize("engine", ["mf", "icm", "gibbs"])
def test_run_and_batch_make_the_same_files_and_records(noisy, tmp_path, engine):
    words = [*SETTINGS, "--engine", engine, "--json"]
    sure = engine != "icm"
    one = ["-o", tmp_path / "clean.png", "--change-map", tmp_path / "c.png"]
    one += ["--probability", tmp_path / "p.tif"] * sure
    many = ["--change-map", "png", *["--probability", "tif"] * sure]
    ran = json.loads(succeed("run", noisy, *one, *words).stdout)
    out = tmp_path / "out"
    batched = json.loads(succeed("batch", noisy.parent, out, *many, *words).stdout)
    (row,) = batched["pictures"]
    record = {name: ran[name] for name in row["result"]}
    assert timeless(record) == timeless(row["result"])
    made = {"clean.png": "a.png", "c.png": "a.change_map.png"}
    made |= {"p.tif": "a.probability.tif"} if sure else {}
    for ours, theirs in made.items():
        assert (tmp_path / ours).read_bytes() == (out / theirs).read_bytes(), ours
    assert row["change_map"] == str(out / "a.change_map.png")


def test_of_several_pages_too(pages, tmp_path):
    words = ["--noise", "flip", "--coupling", "0.5", "--json"]
    ran = json.loads(succeed("run", pages, "-o", tmp_path / "clean.tif", *words).stdout)
    batched = json.loads(succeed("batch", pages.parent, tmp_path / "out", *words).stdout)
    (row,) = batched["pictures"]
    assert (tmp_path / "clean.tif").read_bytes() == (tmp_path / "out" / "p.tif").read_bytes()
    for number, (mine, theirs) in enumerate(zip(ran["pages"], row["pages"], strict=True), 1):
        assert timeless(mine) == {"page": number, **timeless(theirs)}


@pytest.mark.parametrize("more", [[], ["--background", "auto"], ["--engine", "gibbs"]])
def test_run_and_batch_ask_for_the_same_memory(noisy, tmp_path, monkeypatch, more):
    monkeypatch.setattr("isingdenoise.io.memory.available_memory", lambda: 1000)
    one = error_line(invoke("run", noisy, "-o", tmp_path / "x.png", *SETTINGS, *more), 3)
    done = invoke("batch", noisy.parent, tmp_path / "out", *SETTINGS, *more)
    assert done.code == 1
    figures = [re.findall(r"about (\S+) GB", text) for text in (one, done.stderr)]
    assert figures[0] == figures[1]
    assert len(figures[0]) == 1


def test_a_folder_takes_masks_and_protected_pixels(noisy, tmp_path):
    known = np.ones((32, 32), bool)
    known[:4] = False
    mask = save(tmp_path / "mask.png", known)
    kept = save(tmp_path / "kept.png", ~known[::-1])
    both = ["--mask", mask, "--protect", kept]
    succeed("run", noisy, "-o", tmp_path / "clean.png", *SETTINGS, *both)
    out = tmp_path / "out"
    succeed("batch", noisy.parent, out, *SETTINGS, *both)
    assert (out / "a.png").read_bytes() == (tmp_path / "clean.png").read_bytes()
    plain = load(succeed("run", noisy, "-o", tmp_path / "plain.png", *SETTINGS) and out / "a.png")
    assert plain[1].shape == (32, 32)
    assert "1 up to date" in succeed("batch", noisy.parent, out, *SETTINGS, *both).stdout
    save(tmp_path / "kept.png", known)  # what it holds has changed
    assert "1 picture cleaned" in succeed("batch", noisy.parent, out, *SETTINGS, *both).stdout


def test_a_mask_that_fits_one_picture_fails_the_other_alone(noisy, tmp_path):
    save_noisy(noisy.with_name("b.png"), size=40)
    mask = save(tmp_path / "mask.png", np.ones((32, 32), bool))
    done = invoke("batch", noisy.parent, tmp_path / "out", *SETTINGS, "--mask", mask)
    assert done.code == 1
    assert "b.png" in done.stderr
    assert "has 32 x 32 pixels" in done.stderr
    assert (tmp_path / "out" / "a.png").exists()


def test_a_missing_mask_ends_a_batch_before_any_work(noisy, tmp_path):
    line = error_line(
        invoke("batch", noisy.parent, tmp_path / "out", "--mask", tmp_path / "no.png"), 3
    )
    assert "no.png" in line
    assert not (tmp_path / "out").exists()


def work(job, options):
    """Clean in another process; what goes there and comes back is pickled."""
    found = clean(job, options)
    return [page.record for page in found.pages]


@pytest.mark.slow
def test_what_is_sent_to_a_worker_pickles(noisy, tmp_path):
    options = CleanOptions(
        noise=NoiseSpec("gaussian", sigma=40.0), engine=Gibbs(sweeps=5), coupling=0.5, seed=1
    )
    here, there = (FileJob(noisy, tmp_path / name) for name in ("here.png", "there.png"))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        (record,) = pool.submit(work, there, options).result()
    (mine,) = work(here, options)
    assert timeless(record) == timeless(mine)
    assert (tmp_path / "here.png").read_bytes() == (tmp_path / "there.png").read_bytes()
    copy = pickle.loads(pickle.dumps(options))
    assert copy == options
    assert copy.fingerprint() == options.fingerprint()


def test_options_that_make_no_sense_are_refused_at_once(tmp_path):
    for wrong in (
        {"engine": "magic"},
        {"coupling": "strong"},
        {"noise": "pink"},
        {"max_change": 2},
        {"timeout": 0},
        {"background": "dim"},
        {"background": "auto", "noise": "poisson"},
    ):
        with pytest.raises(ParameterError):
            CleanOptions(**wrong)


def test_a_format_that_cannot_hold_an_output_is_refused_by_its_name(noisy, tmp_path):
    for name, ending in (
        *(("probability", "pbm"), ("change_map", "jpg"), ("animation", "png")),
        ("output", "nonsense"),
    ):
        places = {"target": tmp_path / "x.png"}
        places["target" if name == "output" else name] = tmp_path / f"y.{ending}"
        with pytest.raises(ParameterError) as refused:
            clean(Job(noisy, **places), CleanOptions(coupling=0.5))
        assert refused.value.parameter == name
    assert set(OUTPUTS) == {"output", "probability", "change_map", "animation"}


def test_a_watcher_hears_of_everything_in_order(pages, tmp_path):
    heard = []

    class Ear(Watcher):
        def begin(self, count):
            heard.append(("begin", count))

        def warn(self, page, count, messages):
            heard.append(("warn", page, len(messages)))

        def page(self, page, result):
            heard.append(("page", page.number, result.image.shape))

        def open(self, places):
            heard.append(("open", *places))
            return places

        def settle(self, digests):
            assert not (tmp_path / "x.tif").exists()  # before they take their names
            heard.append(("settle", *digests()))

    found = clean(FileJob(pages, tmp_path / "x.tif"), CleanOptions(coupling=0.5), watcher=Ear())
    assert heard[:4] == [("begin", 3), ("warn", 0, 0), ("page", 0, (24, 30)), ("open", "output")]
    assert [name for name, *_ in heard[4:]] == ["warn", "page", "warn", "page", "settle"]
    assert found.result is None  # several do not fit into memory together
    assert [(page.number, page.count) for page in found.pages] == [(0, 3), (1, 3), (2, 3)]
    assert found.seconds > 0


def test_what_is_told_when_it_fails_is_told_of_its_page(pages, tmp_path, monkeypatch):
    monkeypatch.setattr("isingdenoise.pipeline.options.denoise", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clean(FileJob(pages, tmp_path / "x.tif"), CleanOptions())
    monkeypatch.undo()
    pages.write_bytes(b"no picture")
    with pytest.raises(ReadError, match=r"p\.tif"):
        clean(FileJob(pages, tmp_path / "x.tif"), CleanOptions())
    assert not (tmp_path / "x.tif").exists()
