"""`isingdenoise estimate`: what `run` would use, and how it was found."""

import json

import numpy as np
import pytest
from command_line import (
    error_line,
    invoke,
    launch,
    load,
    save,
    save_lit,
    save_noisy,
    scene,
    snapshot,
    succeed,
)

import isingdenoise
from isingdenoise import NOISE_MODELS, GaussianNoise, estimate

RECORD_KEYS = list(estimate(scene(), "flip").record())


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


def estimated(*args):
    return json.loads(succeed("estimate", *args, "--json").stdout)


def plain(record):
    """Return a record without what differs from run to run, as JSON has it."""
    return json.loads(json.dumps({k: v for k, v in record.items() if k != "seconds"}))


@pytest.mark.process
@pytest.mark.slow
def test_the_installed_command_prints_the_estimates_and_writes_nothing(noisy):
    before = snapshot(noisy.parent)
    done = launch("estimate", noisy)
    assert (done.code, done.stderr) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert list(lines) == ["noise", "fit", "coupling", "calibration", "score", "tried"]
    found = estimate(load(noisy)[1])
    assert lines["noise"].startswith("gaussian, sigma ")
    assert lines["noise"].endswith(" (chosen by auto)")
    assert lines["coupling"] == str(found.coupling)
    assert lines["score"].startswith(f"{found.score:.5g} nats ")
    assert lines["tried"].startswith(f"{len(dict(found.curve))} couplings in ")
    assert snapshot(noisy.parent) == before


def test_json_is_the_library_s_record(noisy):
    record = estimated(noisy)
    found = estimate(load(noisy)[1])
    first = ["input", "version", "noise"]
    assert list(record) == [*first, *RECORD_KEYS, "mask", "plot", "background", "background_range"]
    assert (record["input"], record["version"]) == (str(noisy), isingdenoise.__version__)
    assert record["noise"]["sigma"] == found.noise.sigma
    assert plain(found.record()).items() <= record.items()
    assert record["mask"] is record["plot"] is None
    assert record["background"] == "detect"


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["auto", *NOISE_MODELS])
def test_run_compare_and_batch_use_what_estimate_tells(tmp_path, noise):
    """With every noise model; one picture is enough for what they share."""
    clean = save(tmp_path / "clean.png", scene(40, 40))
    kind = "gaussian" if noise == "auto" else noise
    picture = tmp_path / "in" / "noisy.tif"
    picture.parent.mkdir()
    succeed("corrupt", clean, "-o", tmp_path / "noisy.png", "--noise", kind)
    (tmp_path / "noisy.png").rename(picture)  # read by content
    told = estimated(picture, "--noise", noise)
    target = ["-o", tmp_path / "cleaned.png"]
    ran = json.loads(succeed("run", picture, *target, "--noise", noise, "--json").stdout)
    compared = json.loads(
        succeed("compare", picture, "--noise", noise, "--engines", "mf", "--json").stdout
    )
    batch = succeed("batch", picture.parent, tmp_path / "out", "--noise", noise, "--json")
    others = [ran, compared, json.loads(batch.stdout)["pictures"][0]["result"]]
    for other in others:
        assert other["noise"] == told["noise"]
        assert other["coupling"] == {**told["coupling"], "source": "estimated"}
        assert other["calibration"] == told["calibration"]
    assert told["noise"]["chosen"] == (noise == "auto")


def test_a_named_model_with_given_parameters(noisy):
    given = ["--noise", "gaussian", "--sigma", "35", "--levels", "60,200"]
    record = estimated(noisy, *given)
    found = estimate(load(noisy)[1], GaussianNoise(35, (60, 200)))
    assert plain(found.record()).items() <= record.items()
    assert record["noise"]["chosen"] is False
    assert "auto" not in succeed("estimate", noisy, *given).stdout


def test_unknown_pixels_are_left_out(noisy, tmp_path):
    known = np.ones((32, 32), bool)
    known[:, :9] = False
    mask = save(tmp_path / "mask.png", known)
    x = load(noisy)[1]
    damaged = save(tmp_path / "damaged.png", np.where(known, x, np.uint8(255)))
    record = estimated(damaged, "--mask", mask)
    assert plain(estimate(x, mask=known).record()).items() <= record.items()
    assert record["mask"] == str(mask)


@pytest.mark.slow
def test_the_light_is_divided_out_first(tmp_path):
    picture = save_lit(tmp_path / "lit.png")
    x = load(picture)[1]
    light = isingdenoise.estimate_background(x)
    record = estimated(picture, "--background", "auto")
    assert plain(estimate(np.float32(x / light)).record()).items() <= record.items()
    assert record["background_range"] == [light.min(), light.max()]
    text = succeed("estimate", picture, "--background", "auto").stdout
    assert f"\nlight        {light.min():.3g} to {light.max():.3g} times its median" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "start"), [("c.png", b"\x89PNG"), ("c.pdf", b"%PDF"), ("c.SVG", b"<?xml")]
)
def test_the_curve_is_drawn_in_the_format_of_its_name(noisy, tmp_path, name, start):
    record = estimated(noisy, "--plot", tmp_path / name)
    assert record["plot"] == str(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert data.startswith(start)
    if name.endswith("SVG"):
        assert b"<!-- in use: " in data


@pytest.mark.slow
def test_an_existing_figure_stays_unless_forced(noisy, tmp_path):
    figure = tmp_path / "c.png"
    figure.write_bytes(b"precious")
    assert "c.png" in error_line(invoke("estimate", noisy, "--plot", figure), 4)
    assert figure.read_bytes() == b"precious"
    succeed("estimate", noisy, "--plot", figure, "--force")
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["c.doc", "c", "c.tif", "noisy.png", "mask.png", "missing/c.png"])
def test_what_is_wrong_with_the_figure_is_said_before_any_work(noisy, tmp_path, name, monkeypatch):
    def too_late(*args, **options):
        raise AssertionError("worked before it looked")

    monkeypatch.setattr("isingdenoise.io.read_picture", too_late)
    mask = save(tmp_path / "mask.png", np.ones((32, 32), bool))
    before = snapshot(tmp_path)
    options = ["--mask", mask, "--plot", tmp_path / name, "--force"]
    line = error_line(invoke("estimate", noisy, *options), 5 if "/" in name else 2)
    assert "--plot" in line or name in line
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--noise", "pink"], "--noise"),
        (["--noise", "gaussian", "--sigma", "0"], "--sigma"),
        (["--noise", "flip", "--levels", "3,1"], "--levels"),
        (["--noise", "salt-pepper", "--salt", "2"], "--salt"),
        (["--background", "dark"], "--background"),
        (["--background", "auto", "--noise", "poisson"], "--background"),
        (["--frame", "0"], "--frame"),
        (["--coupling", "1"], "--coupling"),  # it is what is sought
        (["--seed", "1"], "--seed"),
    ],
)
def test_bad_options_are_usage_errors(noisy, options, named):
    assert named in error_line(invoke("estimate", noisy, *options), 2)


def test_unreadable_and_unfit_files_are_named(noisy, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "missing.png"):
        assert name in error_line(invoke("estimate", tmp_path / name), 3)
        assert name in error_line(invoke("estimate", noisy, "--mask", tmp_path / name), 3)
    other = save(tmp_path / "other.png", scene(20, 24))
    line = error_line(invoke("estimate", noisy, "--mask", other), 2)
    assert line.startswith("isingdenoise: --mask: ")
    nothing = save(tmp_path / "nothing.png", np.zeros((32, 32), bool))
    line = error_line(invoke("estimate", noisy, "--mask", nothing), 2)
    assert line.startswith("isingdenoise: --mask: leaves no pixel known")
    counts = ["--noise", "poisson"]
    bits = save(tmp_path / "bits.png", scene())
    line = error_line(invoke("estimate", bits, *counts), 3)
    assert line.startswith(f"isingdenoise: {bits}: has 1 bit")


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (8, 8)])
def test_small_and_constant_pictures_get_an_answer_and_a_warning(tmp_path, shape):
    picture = save(tmp_path / "flat.png", np.full(shape, 90, np.uint8))
    done = succeed("estimate", picture, "--plot", tmp_path / "c.png", "--background", "auto")
    assert done.stderr.count("\n") == done.stderr.count("all pixels are equal") == 1
