"""`isingdenoise experiment`: what it prints and writes, and what it refuses before any work."""

import csv
import xml.etree.ElementTree as ET

import pytest
from command_line import error_line, invoke, load, snapshot, succeed

from isingdenoise.experiments.lecture import EXPERIMENTS
from isingdenoise.gradient_experiment import EVERY_ESTIMATOR, SAMPLES, at_two_places

FEW = ("experiment", "gradients", "--repeats", "2")
ROWS = len(EVERY_ESTIMATOR) * len(SAMPLES)


@pytest.mark.slow
def test_it_prints_a_table_for_each_place_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = succeed(*FEW)
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert lines[0] == "at the optimum"
    assert lines[ROWS + 4] == "away from it"
    for first in (2, ROWS + 6):
        assert lines[first].split()[:2] == ["estimator", "samples"]
        table = lines[first + 1 : first + 1 + ROWS]
        assert [row.startswith("local ") for row in table].count(True) == len(SAMPLES)
    assert len(lines) == 2 * ROWS + 10
    assert [line.partition(":")[0] for line in lines[-2:]] == [lines[0], lines[ROWS + 4]]
    assert snapshot(tmp_path) == {}


@pytest.mark.slow
def test_drawings_and_numbers_are_written_into_a_new_folder(tmp_path):
    out = tmp_path / "new" / "measured"
    done = succeed(*FEW, "-o", out, "--seed", "3")
    assert sorted(p.name for p in out.iterdir()) == [
        f"gradients.{k}" for k in ("csv", "png", "svg")
    ]
    assert done.stdout.splitlines()[-3:] == [
        str(out / f"gradients.{k}") for k in ("png", "svg", "csv")
    ]
    mode, pixels = load(out / "gradients.png")
    assert mode == "RGBA"
    assert pixels.std() > 0
    assert ET.parse(out / "gradients.svg").getroot().tag.endswith("}svg")
    with (out / "gradients.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    expected = at_two_places(repeats=2, rng=3)
    assert len(rows) == 2 * ROWS
    flat = [(where, row.record()) for where, group in expected.items() for row in group]
    for row, (where, record) in zip(rows, flat, strict=True):
        assert row.pop("place") == where
        assert list(row) == list(record)
        for key in ("estimator", "samples", "bias", "variance", "mse"):  # times differ
            assert row[key] == str(record[key])


@pytest.mark.slow
def test_what_is_there_stays_unless_it_may_be_replaced(tmp_path):
    (tmp_path / "gradients.svg").write_text("mine")
    line = error_line(invoke(*FEW, "-o", tmp_path), 4)
    assert "gradients.svg: exists" in line
    assert "--force" in line
    assert snapshot(tmp_path) == {"gradients.svg": b"mine"}
    succeed(*FEW, "-o", tmp_path, "--force")
    assert len(snapshot(tmp_path)) == 3
    assert (tmp_path / "gradients.svg").read_bytes() != b"mine"


def test_a_folder_that_cannot_be_made(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for folder in (file, file / "below"):
        assert str(folder) in error_line(invoke(*FEW, "-o", folder), 5)
    assert snapshot(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["experiment", "weather"], "'weather' is not"),
        ([*FEW, "--repeats", "1"], "--repeats"),
        ([*FEW, "--seed", "-1"], "--seed"),
        (["experiment"], "NAME"),
        (["experiment", "gaussian", "--repeats", "9"], "--repeats: does not go with gaussian"),
        ([*FEW, "--seeds", "0:2"], "which takes --seed and --repeats"),
        (["experiment", "gaussian", "--seeds", "2:2"], "--seeds"),
    ],
)
def test_wrong_usage(words, said):
    assert said in error_line(invoke(*words), 2)


@pytest.mark.slow
def test_an_example_of_the_lecture_has_figure_numbers_and_words(tmp_path):
    done = succeed("experiment", "coupling", "--seeds", "4:6", "-o", tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "page, normal noise, sigma = 2"
    assert lines[2].split()[:3] == ["coupling", "engine", "bit_error_rate"]
    assert " ± " in lines[3]
    assert any(
        line.startswith("map: nine tenths of the ink and more are lost from J = ") for line in lines
    )
    assert lines[-3:] == [str(tmp_path / f"coupling.{k}") for k in ("png", "svg", "csv")]
    with (tmp_path / "coupling.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["seed"] for row in rows} == {"4", "5"}
    assert ET.parse(tmp_path / "coupling.svg").getroot().tag.endswith("}svg")


def test_the_help_says_what_each_experiment_asks():
    text = succeed("experiment", "--help").stdout
    for name, entry in EXPERIMENTS.items():
        assert f"{name} " in text
        assert " ".join(entry.asks.split()[:3]) in text


def test_models_are_measured_with_and_without_annealing_and_a_flow(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from isingdenoise.generative import glyph_patches

    few = glyph_patches(20, rng=0)
    monkeypatch.setattr(
        "isingdenoise.generative.experiment.glyph_split", lambda *a, **o: (few, few)
    )
    out = tmp_path / "out"
    lines = succeed("experiment", "vae", "--steps", "5", "-o", out).stdout.splitlines()
    assert lines[2].split()[:2] == ["model", "active_units"]
    assert lines[-3:] == [str(out / f"vae.{k}") for k in ("png", "svg", "csv")]
    with (out / "vae.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["flow"], row["warmup"]) for row in rows] == [
        *(("0", "0"), ("0", "1"), ("4", "0"), ("4", "1"))
    ]
    for row in rows:
        bounds = [float(row[f"bound_{size}"]) for size in (1, 8, 64, 512)]
        assert bounds == sorted(bounds)
        assert float(row["divergence"]) >= 0


def test_without_a_name_it_tells_them_in_one_line():
    line = error_line(invoke("experiment"), 2)
    assert "Choose one of gaussian, flip, icm" in line
    assert "\\t" not in line
