"""`isingdenoise compare`: one model, every engine, one table."""

import csv
import json
import re
import warnings

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
    table_lines,
)
from engines import having
from test_cli_streams import on_a_terminal

from isingdenoise import ENGINES, GaussianNoise, Status, denoise
from isingdenoise.metrics import bit_error_rate, psnr

ROW_KEYS = [
    "engine",
    "bit_error_rate",
    "psnr",
    "energy",
    "bound",
    "sweeps",
    "seconds",
    "effective_sample_size",
    "r_hat",
    "status",
    "upper_bound",
    "refusal",
    "label",
    "level",
    "seed",
]
FEW = ["-O", "gibbs.burn_in=2", "-O", "gibbs.sweeps=5"]


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


@pytest.fixture
def clean(tmp_path):
    return save(tmp_path / "clean.png", scene())


def table_of(*args):
    """Return the rows of --json by engine."""
    record = json.loads(succeed("compare", *args, "--json").stdout)
    return {row["engine"]: row for row in record["engines"]}


@pytest.mark.process
@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1", "TERM": "dumb"}])
def test_the_table_says_the_same_on_a_terminal(noisy, env):
    """Also on a narrow one: nothing is left out. The head of the table is bold there."""
    env = {"TERM": "xterm", "NO_COLOR": "", "COLUMNS": "20", **env}
    code, shown = on_a_terminal("compare", noisy, *FEW, cwd=noisy.parent, env=env)
    assert code == 0
    assert ("\x1b[1m" in shown) is (env["TERM"] == "xterm")
    shown = re.sub(r"\x1b\[[\d;]*m", "", shown)
    plain = succeed("compare", noisy, *FEW).stdout

    def cells(text):
        rows = [line.split() for line in text.splitlines()]
        return [
            row[:1] + row[-2:] if row and row[0].partition(":")[0] in ENGINES else row
            for row in rows
        ]

    found, expected = cells(shown), cells(plain)
    assert [row[:1] + row[2:] for row in found] == [row[:1] + row[2:] for row in expected]


@pytest.mark.process
@pytest.mark.slow
def test_the_table_has_one_line_for_each_engine(noisy, clean):
    done = launch("compare", noisy, "--clean", clean)
    assert (done.code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("noise     gaussian, sigma ")
    assert lines[1].startswith("coupling  ")
    heading, *rows = table_lines(done.stdout)
    out = [line.partition(" left out: it needs ")[0] for line in lines if " left out: " in line]
    assert out == [row.split()[0] for row in rows if row.endswith("refused")]
    (told,) = [line for line in lines if line.startswith("sandwich  ")]
    assert told.endswith(", in nats a pixel")
    for column in ("engine", "bit error rate", "PSNR dB", "energy", "bound", "sweeps", "status"):
        assert column in heading
    assert [row.split()[0] for row in rows] == list(ENGINES)
    assert all(row.split()[-1] in {*Status, "refused"} for row in rows)


@pytest.mark.slow
def test_without_a_clean_picture_nothing_is_measured(noisy):
    heading = succeed("compare", noisy, *FEW).stdout.splitlines()[3]
    assert "bit error rate" not in heading
    assert "PSNR" not in heading
    rows = table_of(noisy, *FEW)
    assert all(row["bit_error_rate"] is None and row["psnr"] is None for row in rows.values())


def test_json_has_stable_keys(noisy, clean):
    record = json.loads(succeed("compare", noisy, "--clean", clean, "--json", *FEW).stdout)
    first = ["input", "noise", "coupling", "engines"]
    more = ["calibration", "background", "background_range", "sandwich", "seeds", "summary"]
    assert list(record) == [*first, *more, "mask", "plot", "csv"]
    assert (record["seeds"], record["summary"]) == (None, None)
    assert (record["background"], record["background_range"]) == ("detect", [1.0, 1.0])
    assert list(record["calibration"]) == ["bias", "slope"]
    assert record["noise"]["chosen"] is True
    assert record["input"] == str(noisy)
    assert [row["engine"] for row in record["engines"]] == list(ENGINES)
    for row in record["engines"]:
        assert list(row) == ROW_KEYS


@pytest.mark.slow
def test_the_numbers_are_those_of_the_library(tmp_path, clean):
    noisy = save_noisy(tmp_path / "noisier.png", sigma=90)
    rows = table_of(noisy, "--clean", clean, "--seed", "5", "--noise", "gaussian")
    for engine, row in rows.items():
        alone = denoise(load(noisy)[1], "gaussian", engine=engine, rng=5)
        assert row["bit_error_rate"] == bit_error_rate(alone.image, scene())
        assert row["psnr"] == psnr(alone.image, scene())
        assert row["energy"] == alone.solution.energy
        assert row["sweeps"] == alone.solution.work.sweeps


@pytest.mark.slow
def test_uneven_light_is_divided_out_for_all_engines(tmp_path):
    noisy, clean = save_lit(tmp_path / "lit.png"), save(tmp_path / "c.png", scene(64, 64))
    options = [noisy, "--clean", clean, *FEW]
    dark = table_of(*options).values()
    assert all(row["bit_error_rate"] > 0.1 for row in dark if not row["refusal"])
    done = succeed("compare", *options, "--background", "auto", "--json")
    record = json.loads(done.stdout)
    assert all(row["bit_error_rate"] < 0.005 for row in record["engines"] if not row["refusal"])
    alone = denoise(load(noisy)[1], background="auto")
    assert record["background_range"] == [alone.background.min(), alone.background.max()]
    assert record["engines"][0]["energy"] == alone.solution.energy
    lines = succeed("compare", *options, "--background", "auto").stdout.splitlines()
    assert lines[1].startswith("light     0.")


def test_a_perfect_result_is_null_in_json_and_inf_in_the_table(clean):
    options = ["--noise", "flip", "--flip-prob", "0.01", "--clean", clean, "--coupling", "0.1"]
    assert table_of(clean, *options)["mf"]["psnr"] is None
    rows = table_lines(succeed("compare", clean, *options).stdout)[1:]
    found = {row.split()[0]: row.split()[1:3] for row in rows}
    refused = {row.split()[0] for row in rows if row.endswith("refused")}
    assert found == {e: ["-", "-"] if e in refused else ["0.0000%", "inf"] for e in ENGINES}


@pytest.mark.slow
def test_engines_are_chosen_by_name(noisy):
    assert list(table_of(noisy, "--engines", "icm,mf")) == ["icm", "mf"]
    assert list(table_of(noisy, "--engines", "icm")) == ["icm"]


def test_a_setting_goes_to_every_engine_that_has_it(noisy):
    done = invoke("compare", noisy, "--json", "-O", "max_sweeps=1")
    rows = {row["engine"]: row for row in json.loads(done.stdout)["engines"]}
    stopped = {name for name, row in rows.items() if row["status"] == "max_sweeps"}
    assert {"mf", "icm"} <= stopped <= set(having("max_sweeps"))
    assert rows["gibbs"]["status"] == "sampled"
    told = [line.split()[3] for line in done.stderr.splitlines() if "did not converge" in line]
    assert {"mf", "icm"} <= set(told) <= stopped


def energies(*args):
    return [row["energy"] for row in table_of(*args).values()]


@pytest.mark.slow
def test_a_setting_with_a_name_goes_to_that_engine_only(noisy):
    done = invoke("compare", noisy, "--json", "-O", "icm.max_sweeps=1", "-O", "gibbs.sweeps=7")
    rows = {row["engine"]: row for row in json.loads(done.stdout)["engines"]}
    assert rows["icm"]["status"] == "max_sweeps"
    assert rows["mf"]["status"] == "converged"
    assert rows["gibbs"]["sweeps"] == 50 + 7
    plain = [noisy, "--engines", "icm", *FEW]
    assert energies(*plain, "-O", "gibbs.sweeps=7", "-O", "mf.tol=1") == energies(*plain)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["-O", "nonsense=1"], "nonsense"),
        (["-O", "mf.nonsense=1"], "nonsense"),
        (["-O", "magic.tol=1"], "magic"),
        (["-O", "tol"], "tol"),
        (["-O", "damping=2"], "damping"),
        (["--engines", "icm", "-O", "tol=1"], "icm"),
        (["--engines", "icm", "-O", "gibbs.sweeps=0"], "-O gibbs.sweeps"),
        (["--engines", "magic"], "--engines"),
        (["--noise", "gaussian", "--sigma", "0"], "--sigma"),
        (["--sigma", "1"], "--noise auto"),
        (["--noise", "poisson", "--background", "auto"], "--background"),
        (["--coupling", "nan"], "--coupling"),
        (["--seed", "-1"], "--seed"),
        (["--noise", "flip", "--sigma", "1"], "--sigma"),
        (["--plot", "table.doc"], "--plot"),
        (["--plot", "table"], "--plot"),
        (["--csv", "table.txt"], "--csv"),
        (["--engines", "mf,"], "--engines"),
        (["--engines", "mf:magic=1"], "--engines"),
        (["--engines", "mf:damping=2"], "--engines mf:damping"),
        (["--engines", "mf:damping"], "--engines"),
        (["--noise", "gaussian", "--sigma", "1,2,3"], "--seeds"),
        (["--seeds", "3:3"], "--seeds"),
        (["--seeds", "-2:3"], "--seeds"),
        (["--seeds", "0:2", "--clean", "noisy.png"], "--clean"),
        (["--seeds", "0:2", "--sigma", "1", "--flip-prob", "0.1"], "--sigma"),
        (["--seeds", "0:2", "--salt", "0.1,0.2", "--pepper", "0.1,0.2"], "--pepper"),
        (["--seeds", "0:2", "--flip-prob", "0.1,0.9"], "--flip-prob"),
    ],
)
def test_bad_options_are_usage_errors(noisy, options, named):
    before = snapshot(noisy.parent)
    assert named in error_line(invoke("compare", noisy, *options), 2)
    assert snapshot(noisy.parent) == before


def test_a_setting_that_fits_no_engine_is_answered_with_the_engines(noisy):
    line = error_line(invoke("compare", noisy, "-O", "nonsense=1"), 2)
    assert all(name in line for name in ENGINES)


def test_unreadable_pictures_are_named(noisy, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "missing.png"):
        assert name in error_line(invoke("compare", tmp_path / name), 3)
        assert name in error_line(invoke("compare", noisy, "--clean", tmp_path / name), 3)
    assert error_line(invoke("compare"), 2)


def test_a_clean_picture_of_another_size_is_refused_with_both_sizes(noisy, tmp_path):
    other = save(tmp_path / "other.png", scene(20, 24))
    line = error_line(invoke("compare", noisy, "--clean", other), 2)
    assert "24 x 20" in line
    assert "32 x 32" in line
    assert "--clean" in line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "start"), [("t.png", b"\x89PNG"), ("t.pdf", b"%PDF"), ("t.SVG", b"<?xml")]
)
def test_the_figure_is_written_in_the_format_of_its_name(noisy, clean, tmp_path, name, start):
    succeed("compare", noisy, "--clean", clean, "--plot", tmp_path / name, *FEW)
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.slow
def test_the_figure_shows_every_engine_with_its_error(noisy, clean, tmp_path):
    rows = table_of(noisy, "--clean", clean, "--plot", tmp_path / "t.svg", *FEW)
    text = (tmp_path / "t.svg").read_text()
    solved = {name: row for name, row in rows.items() if not row["refusal"]}
    for row in solved.values():
        words = f"{row['label']}, {row['bit_error_rate']:.2%} wrong"
        lines = words.replace(", ", ",\n").splitlines() if len(row["label"]) > 20 else [words]
        assert all(f"<!-- {line} -->" in text for line in lines)
    sure = [name for name in solved if ENGINES[name].traits.marginals]
    assert text.count("<image") >= 2 + len(solved) + len(sure)  # inputs, results, probabilities


@pytest.mark.slow
def test_a_figure_of_engines_without_probabilities_and_of_one_pixel(tmp_path):
    picture = save(tmp_path / "one.png", np.full((1, 1), 200, np.uint8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = invoke("compare", picture, "--engines", "icm", "--plot", tmp_path / "t.png")
    assert done.code == 0
    assert load(tmp_path / "t.png")[1].size > 0


@pytest.mark.slow
def test_an_existing_figure_stays_unless_forced(noisy, tmp_path):
    figure = tmp_path / "t.png"
    figure.write_bytes(b"precious")
    assert "t.png" in error_line(invoke("compare", noisy, "--plot", figure), 4)
    assert figure.read_bytes() == b"precious"
    succeed("compare", noisy, "--plot", figure, "--force", "--engines", "mf")
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_figures_that_cannot_be_written(noisy, clean, tmp_path):
    before = snapshot(tmp_path)
    for place in ("missing/t.png", "noisy.png/t.png"):
        line = error_line(invoke("compare", noisy, "--plot", tmp_path / place), 5)
        assert place in line
    for picture in (noisy, clean):
        options = ["--clean", clean, "--plot", picture, "--force"]
        assert picture.name in error_line(invoke("compare", noisy, *options), 2)
    assert snapshot(tmp_path) == before


def test_what_is_wrong_with_the_figure_is_said_of_that_option(noisy):
    line = error_line(invoke("compare", noisy, "--plot", noisy), 2)
    assert line.startswith("isingdenoise: --plot: ")


def test_the_input_stays_and_nothing_is_written_beside_it(noisy):
    before = snapshot(noisy.parent)
    succeed("compare", noisy, *FEW)
    assert snapshot(noisy.parent) == before


def test_a_constant_picture_is_warned_about_once(tmp_path):
    picture = save(tmp_path / "flat.png", np.full((8, 8), 90, np.uint8))
    done = invoke("compare", picture, *FEW)
    assert done.code == 0
    assert done.stderr.count("all pixels are equal") == 1


def test_one_engine_may_stand_there_twice_with_other_settings(noisy):
    engines = "mf,mf:schedule=jacobi:damping=0.5,icm:max_sweeps=1"
    options = ["--engines", engines, "-O", "max_sweeps=999"]
    done = invoke("compare", noisy, *options, "--json")
    rows = json.loads(done.stdout)["engines"]
    labels = ["mf:max_sweeps=999", "mf:damping=0.5:schedule=jacobi:max_sweeps=999"]
    assert [row["label"] for row in rows] == [*labels, "icm:max_sweeps=1"]
    assert [row["engine"] for row in rows] == ["mf", "mf", "icm"]
    assert rows[0]["energy"] == pytest.approx(rows[1]["energy"], rel=1e-3)
    assert rows[0]["sweeps"] < rows[1]["sweeps"] < 999
    assert rows[2]["sweeps"] == 1
    plain = invoke("compare", noisy, *options).stdout
    assert [line.split()[0] for line in table_lines(plain)[1:]] == [row["label"] for row in rows]


def test_masked_pixels_are_filled_in_and_are_no_errors(noisy, clean, tmp_path):
    known = np.ones((32, 32), bool)
    known[:, 20:] = False
    mask = save(tmp_path / "mask.png", known)
    words = ["compare", noisy, "--clean", clean, "--engines", "mf,icm", "--coupling", "0.5"]
    rows = json.loads(succeed(*words, "--mask", mask, "--json").stdout)["engines"]
    for row in rows:
        alone = denoise(load(noisy)[1], engine=row["engine"], coupling=0.5, mask=known)
        wrong = (alone.image != scene())[known]
        assert row["bit_error_rate"] == np.mean(wrong)
        assert row["energy"] == alone.solution.energy
    other = save(tmp_path / "other.png", known[:, :9])
    line = error_line(invoke(*words, "--mask", other), 2)
    assert "--mask" in line
    assert "9 x 32" in line


@pytest.mark.slow
def test_a_clean_picture_is_given_noise_of_several_levels(clean, tmp_path):
    table, figure = tmp_path / "t.csv", tmp_path / "t.png"
    words = ["compare", clean, "--sigma", "0.5,1", "--seeds", "3:6", "--engines", "mf,icm"]
    lines = succeed(*words, "--csv", table, "--plot", figure).stdout.splitlines()
    assert lines[0].startswith("noise     gaussian")
    assert lines[1].startswith("seeds     3 to 5")
    assert lines[3].split()[:2] == ["sigma", "engine"]
    assert lines.pop() == f"figure    {figure}"
    assert [line.split()[:2] for line in lines[4:]] == [
        [level, engine] for level in ("0.5", "1") for engine in ("mf", "icm")
    ]
    assert all(4 <= line.count("±") <= 6 for line in lines[4:])  # none of an infinite mean
    assert figure.read_bytes().startswith(b"\x89PNG")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ROW_KEYS
    assert [(row["level"], row["seed"], row["engine"]) for row in rows] == [
        (level, seed, engine)
        for level in ("0.5", "1.0")
        for seed in "345"
        for engine in ("mf", "icm")
    ]
    noisy = GaussianNoise(0.5).sample(scene(), np.random.default_rng(4))
    expected = denoise(noisy, "gaussian", engine="icm")
    assert rows[3]["bit_error_rate"] == str(bit_error_rate(expected.image, scene()))
    page = tmp_path / "t.html"
    record = json.loads(succeed(*words, "--json", "--report", page).stdout)
    assert page.read_text(encoding="utf-8").count(" ± ") >= 4 * 4
    assert record["seeds"] == [3, 4, 5]
    assert len(record["engines"]) == len(rows)
    first = record["summary"][0]
    errors = [float(r["bit_error_rate"]) for r in rows[:6:2]]
    assert first["bit_error_rate"] == pytest.approx(np.mean(errors))
    assert first["bit_error_rate_se"] == pytest.approx(np.std(errors, ddof=1) / np.sqrt(3))
    assert (first["seeds"], first["status"]) == (3, "converged")


@pytest.mark.parametrize(
    ("options", "name", "levels"),
    [
        (["--flip-prob", "0.05,0.1"], "flip", [0.05, 0.1]),
        (["--flip-prob", "0.05"], "flip", [0.05]),
        ([], "gaussian", [1.0]),
        (["--noise", "salt-pepper", "--salt", "0.1,0.2"], "salt-pepper", [0.1, 0.2]),
        (["--noise", "laplace", "--sigma", "0.5,0.6,0.7"], "laplace", [0.5, 0.6, 0.7]),
        (["--noise", "poisson", "--levels", "3,15"], "poisson", [None]),
    ],
)
def test_levels_are_of_the_parameter_with_several_numbers(clean, options, name, levels):
    words = ["compare", clean, "--seeds", "0", "--engines", "icm", "--coupling", "0.4", "--json"]
    record = json.loads(succeed(*words, *options).stdout)
    assert record["noise"] == {"name": name}
    assert [row["level"] for row in record["engines"]] == levels


def test_the_table_for_other_programs_is_written_whole_or_not_at_all(noisy, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("precious")
    words = ["compare", noisy, "--engines", "mf,icm", "--csv", table]
    assert "t.csv" in error_line(invoke(*words), 4)
    assert table.read_text() == "precious"
    succeed(*words, "--force")
    assert len(table.read_text().splitlines()) == 3
