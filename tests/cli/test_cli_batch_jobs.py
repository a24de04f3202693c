"""`isingdenoise batch` on several threads, and on files of several pages."""

import json
import sys

import numpy as np
import pytest
from command_line import error_line, invoke, save_noisy, scene, snapshot, succeed
from PIL import Image

from isingdenoise.batch import JOURNAL_NAME


@pytest.fixture
def folder(tmp_path):
    for number in range(5):
        save_noisy(tmp_path / "in" / f"{number}.png", seed=number, size=64)
    return tmp_path / "in"


@pytest.fixture
def fax(tmp_path):
    """Return a folder with a fax of two pages, Group 4."""
    rng = np.random.default_rng(3)
    (tmp_path / "fax").mkdir()
    pages = [Image.fromarray(scene(n, n) ^ (rng.random((n, n)) < 0.08)) for n in (40, 56)]
    pages[0].save(
        tmp_path / "fax" / "fax.tiff", save_all=True, append_images=pages[1:], compression="group4"
    )
    return tmp_path / "fax"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def pictures(out):
    return {name: data for name, data in snapshot(out).items() if not name.startswith(".")}


def without_times(text):
    """Return a report without what differs from run to run."""

    def cleared(value):
        if isinstance(value, dict):
            return {k: cleared(v) for k, v in value.items() if k not in ("seconds", "output")}
        return [cleared(v) for v in value] if isinstance(value, list) else value

    return cleared(json.loads(text))


@pytest.mark.slow
def test_the_number_of_jobs_changes_nothing_but_the_time(folder, out, tmp_path):
    (folder / "1.png").write_text("no picture")
    ends = {
        jobs: invoke("batch", folder, tmp_path / jobs, "-j", jobs, "--json")
        for jobs in ("1", "2", "7")
    }
    assert {end.code for end in ends.values()} == {1}
    assert len({end.stderr for end in ends.values()}) == 1
    assert pictures(tmp_path / "1") == pictures(tmp_path / "2") == pictures(tmp_path / "7")
    told = [without_times(end.stdout) for end in ends.values()]
    assert told[0] == told[1] == told[2]
    # the number of jobs is no setting: what one made is up to date for the other
    assert "4 up to date" in invoke("batch", folder, tmp_path / "1", "-j", "3").stdout


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_of_jobs(folder, out, jobs):
    assert "-j" in error_line(invoke("batch", folder, out, "-j", jobs), 2)
    assert not out.exists()


def test_all_pages_in_and_out(fax, out):
    done = succeed("batch", fax, out, "--json", "-O", "max_sweeps=1", "--noise", "flip")
    (row,) = json.loads(done.stdout)["pictures"]
    assert row["result"] is None
    assert [(page["width"], page["height"]) for page in row["pages"]] == [(40, 40), (56, 56)]
    assert (row["figures"]["pages"], row["figures"]["pixels"]) == (2, 40 * 40 + 56 * 56)
    starts = [f"isingdenoise: {fax / 'fax.tiff'}: warning: page {page}: mf did" for page in (1, 2)]
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))
    with Image.open(out / "fax.tiff") as made:
        assert (made.n_frames, made.info["compression"]) == (2, "group4")


@pytest.mark.slow
def test_each_page_is_as_from_run(fax, out, tmp_path):
    succeed("batch", fax, out)
    succeed("run", fax / "fax.tiff", "-o", tmp_path / "fax.tiff")
    assert (out / "fax.tiff").read_bytes() == (tmp_path / "fax.tiff").read_bytes()


@pytest.mark.slow
def test_another_format_and_compression(fax, folder, out):
    succeed("batch", folder, out, "--format", "tiff", "--compression", "lzw")
    assert sorted(pictures(out)) == [f"{number}.tif" for number in range(5)]
    with Image.open(out / "0.tif") as made:
        assert (made.mode, made.info["compression"]) == ("1", "tiff_lzw")
    done = succeed("batch", folder, out, "--format", "tiff", "--compression", "packbits")
    assert "5 pictures cleaned" in done.stdout  # it is a setting


def test_several_pages_and_a_format_of_one(fax, out):
    done = invoke("batch", fax, out, "--format", "png")
    assert done.code == 1
    assert "PNG holds one page, and the picture has 2; write a TIFF (--format tiff" in done.stderr
    assert pictures(out) == {}
    succeed("batch", fax, out, "--format", "png", "--frame", "2")
    with Image.open(out / "fax.png") as made:
        assert made.size == (56, 56)


def test_a_compression_that_an_output_cannot_have_is_refused_before_any_work(folder, out):
    line = error_line(invoke("batch", folder, out, "--compression", "group4"), 2)
    assert "--compression" in line
    assert "PNG" in line
    assert not out.exists()


@pytest.mark.slow
def test_a_picture_beyond_the_limit_is_named_and_the_rest_is_done(folder, out):
    save_noisy(folder / "large.png", size=96)
    report = out.parent / "report.csv"
    done = invoke("batch", folder, out, "--max-pixels", "5000", "--report", report)
    assert done.code == 1
    assert "raise it with --max-pixels" in report.read_text(encoding="utf-8")
    assert "large.png" in done.stderr
    assert "--max-pixels" in done.stderr
    assert len(pictures(out)) == 5


def test_a_report_has_the_sums_of_all_pages(fax, out, tmp_path):
    succeed("batch", fax, out, "--report", tmp_path / "r.json")
    succeed("batch", fax, out, "--report", tmp_path / "r.csv")
    (row,) = json.loads((tmp_path / "r.json").read_text())["pictures"]
    assert (row["pages"], row["pixels"], row["status"]) == (2, 4736, "converged")
    assert [noise["name"] for noise in row["noise"]] == ["flip", "flip"]
    assert (out / JOURNAL_NAME).read_bytes().count(b"\n") == 1


@pytest.mark.slow
def test_the_turns_of_threads_are_as_before_afterwards(folder, out):
    before = sys.getswitchinterval()
    succeed("batch", folder, out)
    assert sys.getswitchinterval() == before
