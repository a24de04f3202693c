"""`isingdenoise run`: what it writes, what it leaves alone, and how each fault ends."""

import dataclasses
import json
import os
import stat

import numpy as np
import pytest
import tifffile
from command_line import (
    error_line,
    invoke,
    launch,
    load,
    one_line,
    save,
    save_lit,
    save_noisy,
    scene,
    snapshot,
    succeed,
)
from PIL import Image

from isingdenoise import ENGINES, Coupling, MeanField, denoise
from isingdenoise.io import read_picture, write_bilevel

# fmt: off
JSON_KEYS = [
    "input", "output", "probability", "width", "height", "noise", "coupling", "engine", "status",
    "sweeps", "residual", "energy", "bound", "seconds", "effective_sample_size",
    "r_hat", "changed", "seed", "version", "changed_to_white", "changed_to_black", "calibration",
    "background", "background_range", "upper_bound", "diagnostics", "fit", "prior", "change_map",
    "mask", "protect", "animation",
]
# fmt: on


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


def strict_json(text):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.process
@pytest.mark.slow
def test_the_installed_command_writes_a_one_bit_png_beside_the_input(noisy):
    noisy.chmod(0o640)
    os.utime(noisy, ns=(1_000_000_000, 2_000_000_000))
    data = noisy.read_bytes()

    done = launch("run", noisy)

    assert (done.code, done.stderr) == (0, "")
    assert {p.name for p in noisy.parent.iterdir()} == {"noisy.png", "noisy.denoised.png"}
    result = noisy.with_name("noisy.denoised.png")
    mode, pixels = load(result)
    assert result.read_bytes().startswith(b"\x89PNG")
    assert mode == "1"
    assert np.mean(pixels != scene()) < 0.05
    assert noisy.read_bytes() == data
    assert stat.S_IMODE(noisy.stat().st_mode) == 0o640
    assert noisy.stat().st_mtime_ns == 2_000_000_000


def test_the_written_picture_is_what_the_library_returns(noisy, tmp_path):
    target = tmp_path / "out.png"
    succeed("run", noisy, "-o", target)
    expected = denoise(load(noisy)[1], "gaussian", engine=MeanField(), rng=0)
    np.testing.assert_array_equal(load(target)[1], expected.image)


def test_the_report_for_people_names_both_files_and_the_estimates(noisy):
    lines = succeed("run", noisy, "-v").stdout.splitlines()
    plain = succeed("run", noisy, "--force").stdout.splitlines()
    kept = [line for line in lines if line.split()[0] not in ("energy", "bound")]
    assert [line.partition(" in ")[0] for line in plain] == [
        line.partition(" in ")[0]
        for line in kept  # the time differs
    ]
    assert lines[0] == f"{noisy} -> {noisy.with_name('noisy.denoised.png')}"
    labels = [line.split()[0] for line in lines[1:]]
    assert labels == ["noise", "fit", "coupling", "prior", "engine", "energy", "bound", "changed"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind", "mode"),
    [
        ("a.png", "PNG", "1"),
        ("a.tif", "TIFF", "1"),
        ("a.pbm", "PPM", "1"),
        ("a.BMP", "BMP", "1"),
        ("a.pgm", "PPM", "L"),
        ("a.jpg", "JPEG", "L"),
    ],
)
def test_the_extension_of_the_output_chooses_the_format(noisy, tmp_path, name, kind, mode):
    succeed("run", noisy, "-o", tmp_path / "ref.png")
    succeed("run", noisy, "-o", tmp_path / name)
    with Image.open(tmp_path / name) as picture:
        assert (picture.format, picture.mode) == (kind, mode)
        bright = np.asarray(picture.convert("L")) > 127
    np.testing.assert_array_equal(bright, load(tmp_path / "ref.png")[1])


@pytest.mark.slow
def test_probabilities_as_tiff_npy_and_png(noisy, tmp_path):
    expected = denoise(load(noisy)[1], "gaussian", rng=0).probability
    for name in ("p.tif", "p.npy", "p.png"):
        succeed("run", noisy, "-o", tmp_path / f"{name}.png", "--probability", tmp_path / name)
    for stored in (tifffile.imread(tmp_path / "p.tif"), np.load(tmp_path / "p.npy")):
        assert stored.dtype == np.float32
        np.testing.assert_array_equal(stored, expected)
    mode, deep = load(tmp_path / "p.png")
    assert mode == "I;16"
    np.testing.assert_allclose(deep / 65535, expected, atol=1 / 65535)


@pytest.mark.parametrize("engine", ENGINES)
def test_json_has_stable_keys_and_no_nan(noisy, tmp_path, engine):
    done = succeed("run", noisy, "--json", "--engine", engine, "-o", tmp_path / f"{engine}.png")
    record = strict_json(done.stdout)
    assert list(record) == JSON_KEYS
    assert record["input"] == str(noisy)
    assert record["output"] == str(tmp_path / f"{engine}.png")
    assert record["probability"] is None
    assert (record["width"], record["height"], record["seed"]) == (32, 32, 0)
    assert list(record["noise"]) == ["name", "levels", "sigma", "sigma_unit", "chosen"]
    assert record["coupling"]["source"] == "estimated"
    traits = ENGINES[engine].traits
    assert (record["calibration"] is not None) == (traits.factorised or traits.learned)
    assert (record["background"], record["background_range"]) == ("detect", [1.0, 1.0])
    assert record["engine"]["name"] == engine
    assert np.isfinite(record["energy"])
    assert (record["bound"] is not None) == ENGINES[engine].traits.lower_bound
    assert record["residual"] == record["diagnostics"].get("residual")


def test_given_parameters_are_taken_as_given(noisy, tmp_path):
    options = ["--sigma", "35", "--levels", "60,200", "--coupling", "0.3", "--seed", "7"]
    done = succeed("run", noisy, "--json", "--noise", "gaussian", *options)
    record = strict_json(done.stdout)
    assert record["noise"] == {
        "name": "gaussian",
        "levels": [60, 200],
        "sigma": 35,
        "sigma_unit": 0.5,  # half of the levels' half distance
        "chosen": False,
    }
    assert record["calibration"] is None
    assert record["coupling"]["horizontal"] == record["coupling"]["vertical"] == 0.3
    assert (record["coupling"]["source"], record["seed"]) == ("given", 7)

    flips = save(tmp_path / "flips.png", scene())
    given = ["--noise", "flip", "--flip-prob", "0.2"]
    record = strict_json(succeed("run", flips, "--json", *given).stdout)
    assert record["noise"] == {
        "name": "flip",
        "levels": [-1, 1],
        "probability": 0.2,
        "chosen": False,
    }


@pytest.mark.parametrize(
    ("text", "coupling"),
    [
        ("0.4", Coupling.nearest(0.4)),
        ("0.4,0.7", Coupling(0.4, 0.7)),
        ("0.4, 0.7, -0.1", Coupling(0.4, 0.7, -0.1, -0.1)),
    ],
)
def test_the_coupling_in_one_two_or_three_numbers(noisy, text, coupling):
    record = strict_json(succeed("run", noisy, "--json", "--coupling", text).stdout)
    assert record["coupling"] == {**dataclasses.asdict(coupling), "source": "given"}
    expected = denoise(load(noisy)[1], coupling=coupling)
    assert record["energy"] == expected.solution.energy


def test_the_report_says_what_was_chosen_and_what_was_given(noisy, tmp_path):
    fax = save(tmp_path / "fax.png", scene() ^ (np.random.default_rng(0).random((32, 32)) < 0.1))
    for picture, model in ((noisy, "gaussian"), (fax, "flip")):
        _, noise, fit, coupling, *_ = succeed("run", picture).stdout.splitlines()
        assert fit.startswith(f"  fit       {model} leads leaving it alone by ")
        assert noise.split()[1].rstrip(",") == model
        assert noise.endswith(" (chosen by auto)")
        assert coupling.endswith(" (estimated)")
        named = ["--noise", model, "--coupling", "1", "--force"]
        _, noise, coupling, *_ = succeed("run", picture, *named).stdout.splitlines()
        assert "auto" not in noise
        assert coupling == "  coupling  1 on 4 neighbours (given)"


@pytest.mark.slow
def test_uneven_light_is_divided_out_before_anything_is_estimated(tmp_path):
    picture = save_lit(tmp_path / "lit.png")
    expected = denoise(load(picture)[1], "gaussian", background="auto", rng=0)
    options = ["--background", "auto", "--noise", "gaussian", "-o", tmp_path / "out.png"]
    record = strict_json(succeed("run", picture, *options, "--json").stdout)
    np.testing.assert_array_equal(load(tmp_path / "out.png")[1], expected.image)
    assert np.mean(expected.image != scene(64, 64)) < 0.005
    undivided = denoise(load(picture)[1], background=None)
    assert np.mean(undivided.image != scene(64, 64)) > 0.1  # what light does
    assert tuple(record["noise"]["levels"]) == expected.noise.levels
    assert record["bound"] == expected.solution.lower_bound
    assert record["background"] == "auto"
    assert record["background_range"] == [expected.background.min(), expected.background.max()]

    lines = succeed("run", picture, *options, "--force").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["noise", "light"]


def test_even_light_is_left_as_it_is(noisy, tmp_path):
    options = ["--background", "auto", "-o", tmp_path / "a.png", "--json"]
    record = strict_json(succeed("run", noisy, *options).stdout)
    assert (record["background"], record["background_range"]) == ("auto", [1, 1])
    plain = strict_json(succeed("run", noisy, "-o", tmp_path / "b.png", "--json").stdout)
    assert record["bound"] == plain["bound"]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("engine", "setting", "value"),
    [
        ("mf", "damping", 0.5),
        ("mf", "tol", 1e-5),
        ("mf", "schedule", "checkerboard"),
        ("mf", "parallel", True),
        ("icm", "max_sweeps", 7),
        ("icm", "parallel", False),
        ("gibbs", "chains", 1),
        ("gibbs", "sweeps", 9),
    ],
)
def test_settings_reach_the_engine(noisy, engine, setting, value):
    text = str(value).lower()
    done = succeed("run", noisy, "--json", "--engine", engine, "-O", f"{setting}={text}")
    assert strict_json(done.stdout)["engine"][setting] == value


def test_an_existing_output_stays_unless_forced(noisy):
    target = noisy.with_name("noisy.denoised.png")
    target.write_bytes(b"precious")
    before = snapshot(noisy.parent)
    line = error_line(invoke("run", noisy), 4)
    assert str(target) in line
    assert "--force" in line
    assert snapshot(noisy.parent) == before

    succeed("run", noisy, "--force")
    assert load(target)[0] == "1"


def test_an_existing_probability_file_stays_and_nothing_else_is_written(noisy, tmp_path):
    (tmp_path / "p.tif").write_bytes(b"precious")
    before = snapshot(tmp_path)
    assert "p.tif" in error_line(invoke("run", noisy, "--probability", tmp_path / "p.tif"), 4)
    assert snapshot(tmp_path) == before


def test_further_files_keep_the_resolution(tmp_path):
    noisy, made = tmp_path / "noisy.png", [tmp_path / "p.png", tmp_path / "c.tif"]
    write_bilevel(noisy, scene(), dpi=(300, 200))
    succeed("run", noisy, "--noise", "flip", "--probability", made[0], "--change-map", made[1])
    for path in (noisy, *made):
        assert read_picture(path).dpi == pytest.approx((300, 200), abs=0.02)
    succeed("run", noisy, "--noise", "flip", "--probability", tmp_path / "p.npy", "--force")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(noisy, tmp_path):
    few = ["--engine", "gibbs", "-O", "burn_in=1", "-O", "sweeps=2", "--coupling", "0.2"]

    def written(seed, name, run=invoke):
        output = tmp_path / name
        probability = ["--probability", output.with_suffix(".npy")]
        done = run("run", noisy, *few, "--seed", seed, "-o", output, *probability)
        assert done.code == 0, done.stderr
        return output.read_bytes(), output.with_suffix(".npy").read_bytes()

    first = written(3, "a.png")
    assert written(3, "b.png") == first
    assert written(3, "c.png", launch) == first
    assert written(4, "d.png")[1] != first[1]


@pytest.mark.parametrize("noise", ["gaussian", "flip"])
@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_constant_picture_stays_and_is_warned_about(tmp_path, noise, value):
    picture = save(tmp_path / "flat.png", np.full((16, 16), value, np.uint8))
    done = invoke("run", picture, "--noise", noise)
    assert done.code == 0
    assert "flat.png: warning: all pixels are equal" in one_line(done)
    mode, pixels = load(tmp_path / "flat.denoised.png")
    assert mode == "1"
    assert np.all(pixels == (value >= 128))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_smallest_pictures_work(tmp_path, shape, engine):
    picture = save(tmp_path / "small.png", np.full(shape, 200, np.uint8))
    succeed("run", picture, "--engine", engine)
    assert load(tmp_path / "small.denoised.png")[1].shape == shape


@pytest.mark.parametrize("engine", ["mf", "icm"])
def test_sweeps_that_run_out_are_a_warning(noisy, engine):
    options = ["--json", "--engine", engine, "-O", "max_sweeps=1"]
    done = invoke("run", noisy, *options)
    assert done.code == 0
    assert strict_json(done.stdout)["status"] == "max_sweeps"
    assert f"{engine} did not converge" in one_line(done)
    assert "max_sweeps" in done.stderr


@pytest.mark.slow
def test_the_warning_names_the_sweeps_that_were_allowed(tmp_path):
    noisy = save_noisy(tmp_path / "noisy.png", size=64, sigma=90)
    options = ["--noise", "gaussian", "--coupling", "0.5", "--force", "-O", "tol=1e-6"]
    beyond = 0
    for allowed in (33, 50, 100):
        done = succeed("run", noisy, *options, "-O", f"max_sweeps={allowed}")
        assert f"mf did not converge in {allowed} sweeps;" in one_line(done)
        assert f"mf: stopped after {allowed} sweeps in" in done.stdout
        record = strict_json(
            succeed("run", noisy, *options, "--json", "-O", f"max_sweeps={allowed}").stdout
        )
        beyond += record["sweeps"] > allowed
    assert beyond  # else there was nothing to hide


@pytest.mark.parametrize("sweeps", [1, 2, 3, 4])
def test_chains_too_short_to_be_judged_are_a_warning(noisy, sweeps):
    options = ["--engine", "gibbs", "--coupling", "0.4", "--noise", "gaussian", "--force"]
    options += ["-O", "burn_in=0", "-O", f"sweeps={sweeps}"]
    done = succeed("run", noisy, *options)
    record = strict_json(succeed("run", noisy, *options, "--json").stdout)
    assert ("too few sweeps to tell" in done.stderr) == (sweeps < 4)
    assert ("R-hat -, effective sample size - (energy)" in done.stdout) == (sweeps < 4)
    assert (record["r_hat"] is None) == (sweeps < 4)
    assert "nan" not in done.stdout + done.stderr


def test_the_first_run_says_why_it_takes_longer(noisy, monkeypatch):
    from click.testing import CliRunner
    from isingdenoise_cli.main import cli

    monkeypatch.setattr("isingdenoise.warmup.kernels_are_cached", lambda: False)
    done = CliRunner().invoke(cli, ["run", str(noisy)])
    assert done.exit_code == 0
    assert done.stderr == "isingdenoise: compiling kernels (once, and kept for later runs)\n"
