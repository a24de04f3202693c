"""`isingdenoise batch`: a folder in, a folder out, whatever lies in it."""

import json
from pathlib import Path

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
from PIL import Image

from isingdenoise.batch import JOURNAL_NAME

RECORD_KEYS = [
    *("input", "output", "probability", "change_map", "error", "warnings", "result", "pages"),
    *("skipped", "stale", "figures"),
]
NOTES = ", 1 other file passed over (notes.txt)\n"


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two pictures on top, two below, and things that are none."""
    save_noisy(tmp_path / "in" / "a.png", seed=1)
    save_noisy(tmp_path / "in" / "b.TIF", seed=2)
    save_noisy(tmp_path / "in" / "sub" / "c.png", seed=3)
    save_noisy(tmp_path / "in" / "sub" / "deep" / "a.bmp", seed=4)
    save_noisy(tmp_path / "in" / ".hidden" / "d.png", seed=5)
    save_noisy(tmp_path / "in" / ".e.png", seed=6)
    (tmp_path / "in" / "notes.txt").write_text("no picture, and no name of one")
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def written(out):
    files = (p for p in out.rglob("*") if p.is_file() and p.name != JOURNAL_NAME)
    return sorted(str(p.relative_to(out)) for p in files)


@pytest.mark.process
@pytest.mark.slow
def test_the_top_folder_alone_by_default(folder, out):
    before = snapshot(folder)
    done = launch("batch", folder, out)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == f"2 pictures cleaned into {out}{NOTES}"
    assert written(out) == ["a.png", "b.tif"]
    assert snapshot(folder) == before


@pytest.mark.slow
def test_the_tree_is_kept_with_r(folder, out):
    succeed("batch", "-r", folder, out)
    assert written(out) == ["a.png", "b.tif", "sub/c.png", "sub/deep/a.png"]
    for name in written(out):
        mode, pixels = load(out / name)
        assert mode == "1"
        assert np.mean(pixels != scene()) < 0.05


def test_each_picture_comes_out_as_from_run(folder, out, tmp_path):
    options = ["--engine", "gibbs", "-O", "sweeps=5", "--coupling", "0.2", "--seed", "9"]
    succeed("batch", folder, out, *options)
    succeed("run", folder / "b.TIF", "-o", tmp_path / "b.tif", *options)
    assert (out / "b.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


@pytest.mark.slow
def test_each_picture_has_its_own_noise_and_coupling_and_light(out, tmp_path):
    folder = tmp_path / "in"
    save_noisy(folder / "even.png", size=64)
    save_lit(folder / "uneven.png")
    save(folder / "fax.png", scene(64, 64) ^ (np.random.default_rng(0).random((64, 64)) < 0.1))
    done = succeed("batch", folder, out, "--background", "auto", "--json")
    even, fax, uneven = (row["result"] for row in json.loads(done.stdout)["pictures"])
    assert [r["noise"]["name"] for r in (even, fax, uneven)] == ["gaussian", "flip", "gaussian"]
    assert all(r["noise"]["chosen"] and r["background"] == "auto" for r in (even, fax, uneven))
    assert len({r["coupling"]["horizontal"] for r in (even, fax, uneven)}) == 3
    assert even["background_range"] == fax["background_range"] == [1, 1]
    low, high = uneven["background_range"]
    assert low < 0.8
    assert high > 1.2
    for name in ("fax", "uneven"):
        target = tmp_path / f"{name}.png"
        succeed("run", folder / f"{name}.png", "-o", target, "--background", "auto")
        assert target.read_bytes() == (out / f"{name}.png").read_bytes()


@pytest.mark.slow
def test_a_bad_file_is_reported_and_the_rest_is_done(folder, out):
    (folder / "aa.png").write_text("no picture")
    (folder / "sub" / "zero.jpg").write_bytes(b"")
    done = invoke("batch", "-r", folder, out)
    assert done.code == 1
    assert done.stdout == f"4 pictures cleaned into {out}, 2 failed{NOTES}"
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"isingdenoise: {folder / 'aa.png'}: ")
    assert lines[1].startswith(f"isingdenoise: {folder / 'sub' / 'zero.jpg'}: ")
    assert written(out) == ["a.png", "b.tif", "sub/c.png", "sub/deep/a.png"]


@pytest.mark.slow
def test_json_tells_each_picture(folder, out):
    (folder / "bad.png").write_text("no picture")
    save(folder / "flat.png", np.full((8, 8), 200, np.uint8))
    done = invoke("batch", folder, out, "--json")
    assert done.code == 1
    report = json.loads(done.stdout)
    counts = ["failed", "skipped", "links", "others", "folders", "excluded", "names"]
    assert list(report) == ["pictures", *counts]
    assert report["failed"] == 1
    rows = report["pictures"]
    assert all(list(row) == RECORD_KEYS for row in rows)
    assert [row["input"] for row in rows] == [
        str(folder / name) for name in ("a.png", "b.TIF", "bad.png", "flat.png")
    ]
    good, _, bad, flat = rows
    assert (good["output"], good["error"]) == (str(out / "a.png"), None)
    assert (good["result"]["status"], good["result"]["width"]) == ("converged", 32)
    assert (bad["output"], bad["result"]) == (None, None)
    assert "bad.png" in bad["error"]
    assert len(flat["warnings"]) == 1
    assert "all pixels are equal" in flat["warnings"][0]


def test_warnings_name_their_picture(folder, out):
    save(folder / "flat.png", np.full((8, 8), 200, np.uint8))
    done = invoke("batch", folder, out, "-O", "max_sweeps=1", "--noise", "gaussian")
    assert done.code == 0
    about = [line.split(": ")[1] for line in done.stderr.splitlines()]
    assert about == [str(folder / name) for name in ("a.png", "b.TIF", "flat.png")]


@pytest.mark.parametrize("twin", ["a.jpg", "a.PNG", "a.bmp"])
def test_two_pictures_of_one_target_are_refused_before_any_work(folder, out, twin):
    save_noisy(folder / twin)
    if len(list(folder.glob("[a].*"))) < 2:
        pytest.skip("this file system folds the case of names")
    line = error_line(invoke("batch", folder, out), 2)
    assert str(folder / "a.png") in line
    assert str(folder / twin) in line
    assert not out.exists()


@pytest.mark.slow
def test_an_existing_target_is_refused_before_any_work(folder, out):
    out.mkdir()
    (out / "b.tif").write_bytes(b"precious")
    line = error_line(invoke("batch", folder, out), 4)
    assert str(out / "b.tif") in line
    assert "--force" in line
    assert snapshot(out) == {"b.tif": b"precious"}

    succeed("batch", folder, out, "--force")
    assert written(out) == ["a.png", "b.tif"]
    assert load(out / "b.tif")[0] == "1"


def test_a_link_in_the_place_of_a_target_is_not_followed(folder, out, tmp_path):
    out.mkdir()
    (tmp_path / "victim.png").write_bytes(b"precious")
    (out / "a.png").symlink_to(tmp_path / "victim.png")
    assert "a.png" in error_line(invoke("batch", folder, out), 4)
    done = invoke("batch", folder, out, "--force")
    assert done.code == 1
    assert str(out / "a.png") in done.stderr
    assert (tmp_path / "victim.png").read_bytes() == b"precious"
    assert (out / "a.png").is_symlink()
    assert load(out / "b.tif")[0] == "1"


@pytest.mark.slow
def test_an_output_folder_inside_the_input_is_not_read_again(folder):
    inside = folder / "sub" / "cleaned"
    succeed("batch", "-r", folder, inside)
    first = written(inside)
    assert first == ["a.png", "b.tif", "sub/c.png", "sub/deep/a.png"]
    succeed("batch", "-r", folder, inside, "--force")
    assert written(inside) == first


def test_the_input_folder_is_refused_as_output(folder, tmp_path):
    before = snapshot(folder)
    (tmp_path / "link").symlink_to(folder)
    for name in (folder, folder / "sub" / "..", tmp_path / "link"):
        for force in ([], ["--force"]):
            line = error_line(invoke("batch", folder, name, *force), 2)
            assert str(name) in line
    assert snapshot(folder) == before


def test_usage_errors_name_what_the_user_wrote(folder):
    line = error_line(invoke("batch", folder, folder), 2)
    assert line.startswith("isingdenoise: OUTPUT: ")  # batch has no option -o


@pytest.mark.slow
def test_links_are_passed_over(folder, out, tmp_path):
    outside = save_noisy(tmp_path / "outside" / "x.png")
    (folder / "link.png").symlink_to(outside)
    (folder / "broken.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "linked").symlink_to(outside.parent)
    (folder / "sub" / "round").symlink_to(folder)
    done = succeed("batch", "-r", folder, out)
    links = "4 links passed over (broken.png, link.png, linked and 1 more)"
    assert done.stdout == f"4 pictures cleaned into {out}, {links}{NOTES}"
    assert written(out) == ["a.png", "b.tif", "sub/c.png", "sub/deep/a.png"]
    assert succeed("batch", folder, out).stdout.endswith(
        f", 2 up to date, 2 links passed over (broken.png, link.png){NOTES}"
    )


@pytest.mark.slow
def test_a_folder_with_the_name_of_a_picture_is_a_folder(folder, out):
    save_noisy(folder / "odd.png" / "x.png")
    succeed("batch", folder, out)
    assert written(out) == ["a.png", "b.tif"]
    succeed("batch", "-r", folder, out, "--force")
    assert "odd.png/x.png" in written(out)


def test_an_empty_folder_is_no_error(tmp_path, out):
    (tmp_path / "empty").mkdir()
    done = succeed("batch", tmp_path / "empty", out)
    assert done.stdout == f"no pictures in {tmp_path / 'empty'}\n"
    done = succeed("batch", tmp_path / "empty", out, "--json")
    nothing = dict.fromkeys(("failed", "skipped", "links", "others", "folders", "excluded"), 0)
    assert json.loads(done.stdout) == {"pictures": [], **nothing, "names": {}}
    assert not out.exists()


@pytest.mark.slow
def test_what_else_lies_there_is_counted(folder, out, tmp_path):
    for name in ("notes.txt", "x.npy", "no_extension", ".hidden.txt", "sub/deep/more.md"):
        (folder / name).write_text("text")
    (folder / "link.txt").symlink_to("notes.txt")
    done = succeed("batch", folder, folder / "out")
    assert done.stdout.endswith(
        f"2 pictures cleaned into {folder / 'out'}, "
        "3 other files passed over (no_extension, notes.txt, x.npy)\n"
    )
    told = json.loads(succeed("batch", "-r", folder, folder / "out", "--json").stdout)
    assert [told[key] for key in ("links", "others", "folders")] == [0, 4, 0]
    told = json.loads(succeed("batch", folder, folder / "out", "--json", "--dry-run").stdout)
    assert [told[key] for key in ("links", "others", "folders")] == [0, 3, 1]  # not OUTPUT
    above = tmp_path / "above"
    (above / "empty").mkdir(parents=True)
    folder.rename(above / "in")
    for options in ([], ["--dry-run"]):
        text = succeed("batch", above, out, *options).stdout
        assert text.endswith("2 folders below; -r to visit them\n")


@pytest.mark.parametrize("name", ["a.jfif", "a.apng"])
def test_names_of_further_formats_are_pictures_too(tmp_path, out, name):
    kind = {".apng": "PNG", ".jfif": "JPEG"}[Path(name).suffix]
    (tmp_path / "in").mkdir()
    Image.fromarray(np.uint8(255) * scene()).save(tmp_path / "in" / name, kind)
    done = succeed("batch", tmp_path / "in", out, "--noise", "gaussian")
    assert done.stdout == f"1 picture cleaned into {out}\n"
    np.testing.assert_array_equal(load(out / "a.png")[1], scene())


def test_a_missing_folder_or_a_file_is_unreadable(folder, out, tmp_path):
    for name in (tmp_path / "missing", folder / "a.png"):
        assert str(name) in error_line(invoke("batch", name, out), 3)
    assert not out.exists()


def test_a_file_in_the_place_of_the_output_folder(folder, tmp_path):
    (tmp_path / "file").write_bytes(b"precious")
    line = error_line(invoke("batch", folder, tmp_path / "file"), 5)
    assert str(tmp_path / "file") in line
    assert (tmp_path / "file").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--noise", "gaussian", "--sigma", "0"], "--sigma"),
        (["--sigma", "1"], "--noise auto"),
        (["--noise", "flip", "--flip-prob", "0.7"], "--flip-prob"),
        (["--noise", "gaussian", "--levels", "2,1"], "--levels"),
        (["--noise", "poisson", "--background", "auto"], "--background"),
        (["--coupling", "nan"], "--coupling"),
        (["--seed", "-1"], "--seed"),
        (["-O", "nonsense=1"], "-O"),
        (["--engine", "magic"], "--engine"),
    ],
)
def test_bad_options_are_usage_errors_before_any_work(folder, out, options, named):
    assert named in error_line(invoke("batch", folder, out, *options), 2)
    assert not out.exists()


def test_missing_arguments():
    assert "INPUT" in error_line(invoke("batch"), 2)
    assert "OUTPUT" in error_line(invoke("batch", "in"), 2)
