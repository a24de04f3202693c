"""The report of a batch: complete, in the order in which to look, and never over other files."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from command_line import error_line, invoke, save, save_noisy, snapshot, succeed

from isingdenoise import denoise
from isingdenoise.batch import FileJob, Outcome, report
from isingdenoise.batch.cleaning import Notes
from isingdenoise.batch.places import Places
from isingdenoise.inference import Advice
from isingdenoise.io import read_picture, write_pages


@pytest.fixture
def folder(tmp_path):
    for name, sigma in (("calm", 20), ("loud", 60), ("middle", 40)):
        save_noisy(tmp_path / "in" / f"{name}.png", sigma=sigma, size=64)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.slow
def test_figures_are_those_of_the_result(folder, out, tmp_path):
    succeed("batch", folder, out, "--report", tmp_path / "r.json", "--noise", "gaussian")
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["report"] == "isingdenoise batch"
    (row,) = (row for row in report["pictures"] if row["input"].endswith("loud.png"))
    result = denoise(read_picture(folder / "loud.png").pixels, "gaussian")
    assert (row["changed_to_white"], row["changed_to_black"]) == result.changes
    assert row["changed"] == result.changed
    p = result.probability.astype(np.float64)
    assert row["uncertainty"] == pytest.approx(np.minimum(p, 1 - p).mean(), rel=1e-5)
    assert row["seconds"] > 0
    assert row["noise"]["name"] == "gaussian"
    assert row["coupling"]["horizontal"] == result.coupling.horizontal


@pytest.mark.slow
def test_what_to_look_at_first_is_on_top(folder, out, tmp_path):
    (folder / "bad.png").write_text("no picture")
    assert invoke("batch", folder, out, "--report", tmp_path / "r.json").code == 1
    rows = json.loads((tmp_path / "r.json").read_text())["pictures"]
    names = [row["input"].rpartition("/")[2] for row in rows]
    assert names == ["bad.png", "loud.png", "middle.png", "calm.png"]
    assert "bad.png" in rows[0]["error"]
    assert [row["rank_changed"] for row in rows] == [None, 1, 2, 3]
    changed = [row["changed"] for row in rows[1:]]
    assert changed == sorted(changed, reverse=True)


@pytest.mark.slow
def test_warnings_stay_with_the_picture_while_it_is_up_to_date(folder, out, tmp_path):
    pages = [save(tmp_path / "p.png", np.full((8, 8), grey, np.uint8)) for grey in (3, 200)]
    write_pages(folder / "pages.tif", [read_picture(page) for page in pages])
    told = []
    for name in ("r.json", "s.json"):
        options = ["--noise", "gaussian", "-O", "max_sweeps=1", "--report", tmp_path / name]
        done = succeed("batch", folder, out, *options)
        rows = json.loads((tmp_path / name).read_text())["pictures"]
        told.append({row["input"].rpartition("/")[2]: row["warnings"] for row in rows})
        assert (done.stderr == "") == (name == "s.json")
    assert told[0] == told[1]
    assert "mf did not converge in 1 sweeps" in told[0]["calm.png"][0]
    assert [line.partition(":")[0] for line in told[0]["pages.tif"]] == ["page 1", "page 2"]
    assert "all pixels are equal" in told[0]["pages.tif"][1]


@pytest.mark.parametrize(("count", "last"), [(0, None), (100, "99"), (150, "50 more warnings")])
def test_a_line_of_the_journal_does_not_grow_with_the_warnings(count, last):
    notes = Notes(FileJob(Path("x"), Path("y")), None, Places(None, ()))
    notes.warn(0, 1, [Advice(str(number)) for number in range(count)])
    kept = notes.kept()
    assert len(kept) <= 101
    assert (kept[-1] if kept else None) == last


@pytest.mark.slow
def test_a_result_that_is_older_than_a_failure_is_called_so(folder, out, tmp_path):
    options = ["--noise", "gaussian", "--coupling", "0.4"]
    succeed("batch", folder, out, *options)
    (folder / "calm.png").write_text("no picture")
    (folder / "new.png").write_text("no picture")
    done = invoke("batch", folder, out, *options, "--json", "--report", tmp_path / "r.json")
    lines = done.stderr.splitlines()
    assert lines[0].endswith(f"; {out / 'calm.png'} is from an earlier run")
    assert "earlier run" not in lines[1]
    stale = {"calm.png": True, "new.png": False, "loud.png": False, "middle.png": False}
    for text in (done.stdout, (tmp_path / "r.json").read_text()):
        rows = {row["input"].rpartition("/")[2]: row for row in json.loads(text)["pictures"]}
        assert {name: row["stale"] for name, row in rows.items()} == stale
        assert f"isingdenoise: {rows['calm.png']['error']}" == lines[0]
    assert json.loads(done.stdout)["pictures"][0]["output"] is None


@pytest.mark.slow
def test_a_table_holds_the_same(folder, out, tmp_path):
    succeed("batch", folder, out, "--report", tmp_path / "r.json")
    succeed("batch", folder, out, "--report", tmp_path / "r.CSV")  # from the journal alone
    rows = json.loads((tmp_path / "r.json").read_text())["pictures"]
    with (tmp_path / "r.CSV").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert [row["skipped"] for row in table] == ["True"] * 3
    for row, line in zip(rows, table, strict=True):
        for name in ("input", "output", "status"):
            assert line[name] == row[name]
        assert line["noise"] == row["noise"]["name"]
        expected = {
            **{name: row[name] for name in ("uncertainty", "seconds", "rank_uncertainty")},
            **{name: row[name] for name in ("pixels", "changed_to_white", "changed_to_black")},
            "changed_percent": 100 * row["changed"],
            "sigma": row["noise"]["sigma"],
            "level_black": row["noise"]["levels"][0],
            "level_white": row["noise"]["levels"][1],
            "coupling_horizontal": row["coupling"]["horizontal"],
            "coupling_diagonal": row["coupling"]["diagonal"],
        }
        for name, value in expected.items():
            whole = float(value).is_integer()
            assert float(line[name]) == (value if whole else float(f"{value:.4g}"))
        assert line["flip_prob"] == line["salt"] == ""
        assert not any(mark in text for text in line.values() for mark in "{}[]")


@pytest.mark.slow
def test_engines_without_probabilities_have_no_uncertainty(folder, out, tmp_path):
    succeed("batch", folder, out, "--engine", "icm", "--report", tmp_path / "r.json")
    for row in json.loads((tmp_path / "r.json").read_text())["pictures"]:
        assert row["uncertainty"] is row["rank_uncertainty"] is None


@pytest.mark.slow
def test_the_same_command_again_replaces_its_report_but_no_other_file(folder, out, tmp_path):
    for name in ("r.json", "r.csv"):
        for _ in range(2):
            succeed("batch", folder, out, "--report", out / name)
        other = tmp_path / name
        other.write_bytes(b"precious")
        assert str(other) in error_line(invoke("batch", folder, out, "--report", other), 4)
        assert other.read_bytes() == b"precious"
        succeed("batch", folder, out, "--report", other, "--force")
        assert b"rank_changed" in other.read_bytes()


def test_a_report_that_cannot_be_is_refused_before_any_work(folder, out, tmp_path):
    for name, code in ((tmp_path / "r.txt", 2), (tmp_path / "missing" / "r.json", 5)):
        line = error_line(invoke("batch", folder, out, "--report", name), code)
        assert ("--report" if code == 2 else str(name)) in line
    assert snapshot(out) == {}


@pytest.mark.slow
@pytest.mark.parametrize("begin", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "  =1", "'=1"])
def test_no_name_of_a_file_is_a_formula(tmp_path, monkeypatch, begin):
    """Names are those of relative folders, so that they begin a cell."""
    monkeypatch.chdir(tmp_path)
    save_noisy(tmp_path / begin / "a.png", size=16)
    (tmp_path / begin / "bad.png").write_text("no picture")
    assert invoke("batch", "--report", "r.csv", "--", begin, f"{begin}out").code == 1
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as stream:
        bad, good = csv.DictReader(stream)
    mark = "" if begin.startswith("'") else "'"
    assert good["input"] == f"{mark}{begin}/a.png"
    assert good["output"] == f"{mark}{begin}out/a.png"
    assert bad["error"].startswith(f"{mark}{begin}/bad.png: ")


def test_what_another_separator_would_make_a_cell_of_is_no_formula_either(tmp_path, monkeypatch):
    """Where numbers have a decimal comma, spreadsheets divide tables at semicolons."""
    monkeypatch.chdir(tmp_path)
    name = "in/a;=cmd; @b;c-d.png"
    save_noisy(tmp_path / name, size=16)
    (tmp_path / "in" / "x;+1.png").write_text("no picture")
    assert invoke("batch", "in", "out", "--report", "r.csv").code == 1
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as stream:
        bad, good = csv.DictReader(stream)
    assert good["input"] == "in/a;'=cmd;' @b;c-d.png"
    assert bad["error"].startswith("in/x;'+1.png: ")


def test_numbers_of_a_table_stay_numbers(tmp_path):
    row = dict.fromkeys(
        report.report_row(Outcome(FileJob(tmp_path, tmp_path), (), None, None, (), 0))
    )
    row |= {"input": "\tx", "error": "\r=1", "changed": -0.5, "seconds": 1.5e-7, "pixels": -3}
    row |= {"warnings": ["-1 is small", "+2"], "noise": {"name": "gaussian", "sigma": -1.0}}
    report.write_report(tmp_path / "r.csv", [row])
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as stream:
        (line,) = csv.DictReader(stream)
    assert (line["changed_percent"], line["seconds"]) == ("-50.0", "1.5e-07")
    assert (line["pixels"], line["sigma"]) == ("-3", "-1.0")
    assert (line["input"], line["error"]) == (r"\tx", r"\r=1")  # no white space to pass over
    assert line["warnings"] == "'-1 is small | +2"
