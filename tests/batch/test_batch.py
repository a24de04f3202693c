"""`isingdenoise.batch`: a plan first, then a lazy stream of outcomes."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from command_line import load, save, save_noisy, scene, snapshot

from isingdenoise import (
    ICM,
    FlipNoise,
    GaussianNoise,
    NoiseSpec,
    OverwriteError,
    ParameterError,
    ReadError,
    WriteError,
    denoise,
    memory_to_denoise,
)
from isingdenoise.batch import PICTURE_EXTENSIONS, CleanOptions, FileJob, denoise_many, plan


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(["b.png", "a.tif", "sub/c.png", "sub/below/d.bmp"]):
        save_noisy(tmp_path / "in" / name, seed=number)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_a_plan_is_in_order_and_does_nothing(folder, out):
    before = snapshot(folder.parent)
    assert list(plan(folder, out)) == [
        FileJob(folder / "a.tif", out / "a.tif"),
        FileJob(folder / "b.png", out / "b.png"),
    ]
    everything = [job.source.name for job in plan(folder, out, recursive=True)]
    assert everything == ["a.tif", "b.png", "c.png", "d.bmp"]
    assert snapshot(folder.parent) == before


def test_a_plan_keeps_the_tree_and_takes_text_for_paths(folder, out):
    jobs = plan(str(folder), str(out), recursive=True)
    assert [job.target for job in jobs] == [
        out / "a.tif",
        out / "b.png",
        out / "sub" / "c.png",
        out / "sub" / "below" / "d.png",
    ]
    jobs = plan(folder, out, recursive=True, extension=".pbm")
    assert [job.target.name for job in jobs] == ["a.pbm", "b.pbm", "c.pbm", "d.pbm"]


def test_a_plan_is_a_sequence(folder, out):
    jobs = plan(folder, out, recursive=True)
    assert (len(jobs), len(jobs[1:3]), len(list(jobs))) == (4, 2, 4)
    assert jobs[1:3][0] == jobs[1] == jobs[-3]
    with pytest.raises(IndexError):
        jobs[4]


def test_a_plan_takes_pictures_by_their_extension_alone(tmp_path, out):
    for extension in PICTURE_EXTENSIONS:
        (tmp_path / f"x{extension[1:]}{extension.upper()}").touch()
    for other in ("x.txt", "x.npy", "png", "x.png~", "x", ".hidden.png"):
        (tmp_path / other).touch()
    jobs = plan(tmp_path, out)
    assert {job.source.suffix.lower() for job in jobs} == PICTURE_EXTENSIONS
    kept = {".tif", ".tiff"}
    assert all(job.target.suffix in kept for job in jobs if job.source.suffix.lower() in kept)
    assert {job.target.suffix for job in jobs} == {".png", *kept}
    assert {".png", ".tif", ".jpg", ".pbm"} <= PICTURE_EXTENSIONS


def test_names_with_several_dots_keep_all_but_the_last(tmp_path, out):
    (tmp_path / "page.1.tif").touch()
    (tmp_path / "page.2.tif").touch()
    assert [job.target.name for job in plan(tmp_path, out)] == ["page.1.tif", "page.2.tif"]


def test_an_existing_target_is_refused_unless_it_may_be_replaced(folder, out):
    out.mkdir()
    (out / "b.png").touch()
    with pytest.raises(OverwriteError) as caught:
        plan(folder, out)
    assert caught.value.path == out / "b.png"
    assert len(plan(folder, out, overwrite=True)) == 2


def test_a_broken_link_in_the_place_of_a_target_counts_as_existing(folder, out):
    out.mkdir()
    (out / "b.png").symlink_to("nowhere")
    with pytest.raises(OverwriteError):
        plan(folder, out)


def test_two_pictures_with_one_target_are_refused_by_both_names(folder, out):
    save_noisy(folder / "sub" / "c.jpg")
    assert len(plan(folder, out)) == 2  # not met without `recursive`
    with pytest.raises(ParameterError, match=r"c\.jpg and .*c\.png would both become"):
        plan(folder, out, recursive=True, overwrite=True)


def test_folders_that_make_no_sense_are_refused(folder, tmp_path):
    for name in (tmp_path / "missing", folder / "b.png"):
        with pytest.raises(ReadError, match=name.name):
            plan(name, tmp_path / "out")
    with pytest.raises(ParameterError, match="input folder itself"):
        plan(folder, folder / ".." / "in")


def test_results_come_one_at_a_time(folder, out):
    jobs = plan(folder, out)
    outcomes = denoise_many(jobs)
    assert iter(outcomes) is outcomes
    assert not out.exists()  # nothing happens before somebody asks
    first = next(outcomes)
    assert [p.name for p in out.iterdir()] == ["a.tif"]
    assert first.job == jobs[0]
    assert [outcome.job for outcome in outcomes] == list(jobs[1:])
    assert list(outcomes) == []


def test_jobs_are_taken_from_a_stream_one_at_a_time(folder, out):
    taken = []

    def stream():
        for job in plan(folder, out):
            taken.append(job.source.name)
            yield job

    outcomes = denoise_many(stream())
    next(outcomes)
    assert taken == ["a.tif"]
    outcomes.close()
    assert [p.name for p in out.iterdir()] == ["a.tif"]


def test_an_outcome_holds_the_result_that_was_written(folder, out):
    engine, noise = ICM(), GaussianNoise(40.0, (64.0, 191.0))
    (outcome,) = denoise_many(
        [FileJob(folder / "b.png", out / "deep" / "down" / "b.png")],
        CleanOptions(noise=noise, engine=engine, coupling=0.5),
    )
    assert outcome.error is None
    assert outcome.warnings == ()
    assert outcome.seconds > 0
    expected = denoise(load(folder / "b.png")[1], noise, engine=engine, coupling=0.5)
    np.testing.assert_array_equal(outcome.result.image, expected.image)
    assert outcome.result.settings["engine"]["name"] == "icm"
    assert outcome.result.settings["coupling"]["horizontal"] == 0.5
    mode, pixels = load(out / "deep" / "down" / "b.png")
    assert mode == "1"
    np.testing.assert_array_equal(pixels, expected.image)


def test_what_is_known_of_the_noise_is_given_and_the_rest_estimated_for_each(folder, out):
    options = CleanOptions(noise=NoiseSpec("gaussian", sigma=30.0))
    outcomes = list(denoise_many(plan(folder, out), options))
    assert [outcome.result.noise.sigma for outcome in outcomes] == [30.0, 30.0]
    assert len({outcome.result.noise.levels for outcome in outcomes}) == 2


def test_the_seed_is_the_same_for_each_picture(tmp_path, out):
    save_noisy(tmp_path / "in" / "a.png")
    save_noisy(tmp_path / "in" / "b.png")
    jobs = plan(tmp_path / "in", out)
    first, second = denoise_many(jobs, CleanOptions(engine="gibbs", coupling=0.1, seed=4))
    np.testing.assert_array_equal(first.result.probability, second.result.probability)
    assert first.result.settings["seed"] == 4


def test_errors_are_outcomes_and_the_rest_goes_on(folder, out):
    (folder / "a.tif").write_text("no picture")
    (folder / "c.png").mkdir()
    jobs = [*plan(folder, out), FileJob(folder / "c.png", out / "c.png")]
    jobs.append(FileJob(folder / "missing.png", out / "m.png"))
    jobs.append(FileJob(folder / "b.png", out / "z.png"))
    outcomes = list(denoise_many(jobs))
    fine, bad = type(None), ReadError
    assert [type(outcome.error) for outcome in outcomes] == [bad, fine, bad, bad, fine]
    for outcome in outcomes:
        assert (outcome.result is None) == (outcome.error is not None)
        if outcome.error:
            assert str(outcome.job.source) in str(outcome.error)
    assert sorted(p.name for p in out.iterdir()) == ["b.png", "z.png"]


def test_a_model_that_does_not_fit_one_picture_is_its_error(folder, out):
    save(folder / "deep.png", np.where(scene(), np.uint16(60000), np.uint16(40000)))
    noise = GaussianNoise(10.0, (64.0, 191.0))
    first, second, deep = denoise_many(plan(folder, out), CleanOptions(noise=noise))
    assert first.error is None
    assert second.error is None
    assert "deep.png" in str(deep.error)
    assert "levels" in str(deep.error)


def test_an_unforeseen_error_of_one_picture_is_its_outcome(folder, out, monkeypatch):
    def broken(*args, **options):
        if next(seen):
            raise ZeroDivisionError("division by zero")
        return denoise(*args, **options)

    seen = iter([True, False])
    monkeypatch.setattr("isingdenoise.pipeline.options.denoise", broken)
    first, second = denoise_many(plan(folder, out))
    assert "a.tif: internal error: ZeroDivisionError: division by zero" in str(first.error)
    assert isinstance(first.error.__cause__, ZeroDivisionError)
    assert second.error is None
    assert [path.name for path in out.iterdir()] == ["b.png"]


def test_a_picture_without_room_is_refused_before_it_is_decoded(folder, out, monkeypatch):
    from isingdenoise.io import memory

    needed = memory_to_denoise(32 * 32)
    monkeypatch.setattr(memory, "available_memory", lambda: needed // 2)
    first, second = denoise_many(plan(folder, out))
    for outcome in (first, second):
        assert isinstance(outcome.error, ReadError)
        assert "GB of memory" in str(outcome.error)
    assert not out.exists()


@pytest.mark.slow
def test_light_is_divided_out_where_asked_for(folder, out):
    (outcome, _) = denoise_many(plan(folder, out), CleanOptions(background="auto"))
    assert outcome.result.settings["background"] == "auto"
    with pytest.raises(ParameterError, match="background"):
        CleanOptions(background="dim")


@pytest.mark.slow
def test_existing_targets_are_outcomes_unless_they_may_be_replaced(folder, out):
    out.mkdir()
    (out / "b.png").write_bytes(b"precious")
    jobs = plan(folder, out, overwrite=True)
    _, second = denoise_many(jobs)
    assert isinstance(second.error, OverwriteError)
    assert second.result is None
    assert (out / "b.png").read_bytes() == b"precious"
    assert all(outcome.error is None for outcome in denoise_many(jobs, overwrite=True))
    assert load(out / "b.png")[0] == "1"


def test_a_target_folder_that_cannot_be_made_is_an_outcome(folder, tmp_path):
    (tmp_path / "file").write_bytes(b"precious")
    (outcome,) = denoise_many([FileJob(folder / "b.png", tmp_path / "file" / "b.png")])
    assert isinstance(outcome.error, WriteError)
    assert str(tmp_path / "file") in str(outcome.error)
    assert (tmp_path / "file").read_bytes() == b"precious"


@pytest.mark.slow
def test_warnings_belong_to_their_picture_and_go_nowhere_else(folder, out):
    save(folder / "aa.png", np.full((8, 8), 90, np.uint8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcomes = list(denoise_many(plan(folder, out)))
    assert [len(outcome.warnings) for outcome in outcomes] == [0, 1, 0]
    assert "all pixels are equal" in outcomes[1].warnings[0]
    assert outcomes[1].error is None


@pytest.mark.parametrize(
    "wrong", [{"engine": "magic"}, {"coupling": "strong"}, {"seed": -1}, {"noise": "pink"}]
)
def test_settings_that_suit_no_picture_are_refused_and_not_blamed_on_the_files(wrong):
    with pytest.raises(ParameterError):
        CleanOptions(**wrong)


def test_the_resolution_of_a_scan_is_kept(folder, out):
    from PIL import Image

    Image.fromarray(load(folder / "b.png")[1]).save(folder / "b.png", dpi=(300, 300))
    options = CleanOptions(noise=FlipNoise(0.1, (64, 191)))
    (outcome,) = denoise_many([FileJob(folder / "b.png", out / "b.png")], options)
    assert outcome.error is None
    with Image.open(out / "b.png") as picture:
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_relative_names_work(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (outcome,) = denoise_many([FileJob(Path("b.png"), Path("new.png"))])
    assert outcome.error is None
    assert (folder / "new.png").exists()
