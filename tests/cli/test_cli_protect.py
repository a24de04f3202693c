"""`isingdenoise run` and what may change: --mask, --protect, --change-map, --max-change."""

import json
import os

import numpy as np
import pytest
import tifffile
from command_line import (
    error_line,
    invoke,
    launch,
    load,
    save,
    save_noisy,
    scene,
    snapshot,
    succeed,
)
from PIL import Image

from isingdenoise import FlipNoise, GaussianNoise, NoiseSpec, denoise

USAGE, UNREADABLE, EXISTS, TOO_MUCH = 2, 3, 4, 6
SPECKS = np.random.default_rng(6).random((32, 32)) < 0.1
HOLE = np.zeros((32, 32), bool)
HOLE[5:14, 10:17] = True


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


@pytest.fixture
def specks(tmp_path):
    return save(tmp_path / "specks.png", SPECKS)


@pytest.fixture
def known(tmp_path):
    return save(tmp_path / "known.png", ~HOLE)


def refused(code, folder, *args, run=invoke):
    """Run the command, insist that it fails cleanly and writes nothing; return its line."""
    before = snapshot(folder)
    line = error_line(run(*args), code)
    assert snapshot(folder) == before
    return line


def result_of(picture):
    return load(picture.with_name("noisy.denoised.png"))[1]


# ------------------------------------------------------------- masks and protection


def test_both_reach_the_library(noisy, known, tmp_path):
    protect = SPECKS & ~HOLE
    specks = save(tmp_path / "specks.png", protect)
    options = ["--mask", known, "--protect", specks, "--json"]
    record = json.loads(succeed("run", noisy, *options).stdout)
    expected = denoise(load(noisy)[1], mask=~HOLE, protect=protect)
    np.testing.assert_array_equal(result_of(noisy), expected.image)
    assert (record["mask"], record["protect"]) == (str(known), str(specks))
    assert record["bound"] == expected.solution.lower_bound


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("m.png", ~HOLE),
        ("m.pbm", ~HOLE),
        ("m.png", np.where(HOLE, np.uint8(0), np.uint8(1))),
        ("m.png", np.where(HOLE, np.uint16(0), np.uint16(1))),
        ("m.tif", np.where(HOLE, np.float32(0), np.float32(-0.25))),
        ("m.tif", np.where(HOLE, np.float32(np.nan), np.float32(1))),
    ],
)
def test_zero_and_nan_are_unknown_in_every_type_of_mask(noisy, tmp_path, name, pixels):
    mask = save(tmp_path / name, pixels)
    succeed("run", noisy, "--mask", mask)
    expected = denoise(load(noisy)[1], mask=~HOLE)
    np.testing.assert_array_equal(result_of(noisy), expected.image)


@pytest.mark.parametrize(
    ("options", "noise"),
    [
        ([], "gaussian"),
        (["--noise", "flip"], "flip"),
        (
            ["--noise", "flip", "--flip-prob", "0.2", "--levels", "60,190"],
            FlipNoise(0.2, (60, 190)),
        ),
        (
            ["--noise", "gaussian", "--sigma", "35", "--levels", "60,200"],
            GaussianNoise(35, (60, 200)),
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:the picture is grey")  # flip thresholds it, and says so
def test_what_stands_in_the_unknown_pixels_does_not_matter(noisy, known, tmp_path, options, noise):
    x = load(noisy)[1]
    expected = denoise(x, noise, mask=~HOLE)
    for grey in (0, 255):
        picture = save(tmp_path / f"{grey}.png", np.where(HOLE, np.uint8(grey), x))
        done = succeed("run", picture, "--mask", known, "--json", *options)
        np.testing.assert_array_equal(load(tmp_path / f"{grey}.denoised.png")[1], expected.image)
        record = json.loads(done.stdout)
        assert tuple(record["noise"]["levels"]) == expected.noise.levels
        assert record["changed"] == expected.changed
        assert record["mask"] == str(known)


def test_sigma_alone_leaves_the_levels_to_the_picture(noisy, known, tmp_path):
    x = load(noisy)[1]
    picture = save(tmp_path / "hole.png", np.where(HOLE, np.uint8(0), x))
    for option, key, value in (("--sigma-unit", "sigma_unit", 0.5), ("--sigma", "sigma", 30.0)):
        options = ["--noise", "gaussian", option, str(value), "--json", "--force"]
        done = succeed("run", picture, "--mask", known, *options)
        noise = json.loads(done.stdout)["noise"]
        spec = NoiseSpec("gaussian", **{key: value})
        assert tuple(noise["levels"]) == spec.from_image(x, mask=~HOLE).levels
        assert noise[key] == pytest.approx(value, rel=1e-12)


def test_protected_pixels_keep_their_value(noisy, specks):
    strong = ["--coupling", "3"]
    succeed("run", noisy, *strong)
    free = result_of(noisy)
    done = succeed("run", noisy, "--protect", specks, "--force", "--json", *strong)
    low, high = json.loads(done.stdout)["noise"]["levels"]
    seen = load(noisy)[1] >= (low + high) / 2
    np.testing.assert_array_equal(result_of(noisy)[SPECKS], seen[SPECKS])
    assert np.any(free[SPECKS] != seen[SPECKS])


def test_protecting_everything_changes_nothing(noisy, tmp_path):
    everything = save(tmp_path / "all.png", np.ones((32, 32), bool))
    options = ["--protect", everything, "--max-change", "0", "--json"]
    record = json.loads(succeed("run", noisy, *options).stdout)
    assert (record["changed"], record["changed_to_white"], record["changed_to_black"]) == (0, 0, 0)
    low, high = record["noise"]["levels"]
    np.testing.assert_array_equal(result_of(noisy), load(noisy)[1] >= (low + high) / 2)


def test_one_speck_survives_and_pulls_its_neighbours(tmp_path):
    x = np.where(scene(), np.uint8(191), np.uint8(64))
    x[4, 4] = 191
    picture = save(tmp_path / "noisy.png", x)
    speck = np.zeros((32, 32), bool)
    speck[4, 4] = True
    given = ["--noise", "gaussian", "--sigma", "76.2", "--levels", "64,191", "--coupling", "0.5"]

    def run(*options):
        p = tmp_path / "p.npy"
        succeed("run", picture, "--force", "--probability", p, *given, *options)
        return result_of(picture)[4, 4], np.load(p)

    lost, before = run()
    kept, after = run("--protect", save(tmp_path / "speck.png", speck))
    assert (lost, kept) == (False, True)
    assert np.all(after[[3, 5, 4, 4], [4, 4, 3, 5]] > before[[3, 5, 4, 4], [4, 4, 3, 5]] + 0.01)


@pytest.mark.parametrize("option", ["--mask", "--protect"])
def test_a_picture_of_another_size(noisy, tmp_path, option):
    other = save(tmp_path / "other.png", np.ones((31, 40), bool))
    line = refused(USAGE, tmp_path, "run", noisy, option, other)
    assert line.startswith(f"isingdenoise: {option}: {other} has 40 x 31 pixels, but the picture")


@pytest.mark.parametrize("option", ["--mask", "--protect"])
@pytest.mark.parametrize("data", [None, b"", b"no picture" * 9])
def test_an_unreadable_mask_is_named(noisy, tmp_path, option, data):
    if data is not None:
        (tmp_path / "m.png").write_bytes(data)
    assert "m.png" in refused(UNREADABLE, tmp_path, "run", noisy, option, tmp_path / "m.png")


def test_a_mask_without_any_known_pixel(noisy, tmp_path):
    nothing = save(tmp_path / "nothing.png", np.zeros((32, 32), bool))
    line = refused(USAGE, tmp_path, "run", noisy, "--mask", nothing)
    assert line.startswith("isingdenoise: --mask: leaves no pixel known")


def test_a_missing_pixel_cannot_be_protected(noisy, known, tmp_path):
    hole = save(tmp_path / "hole.png", HOLE)
    line = refused(USAGE, tmp_path, "run", noisy, "--mask", known, "--protect", hole)
    assert line.startswith(f"isingdenoise: --protect: covers missing pixels ({HOLE.sum()})")


@pytest.mark.parametrize("option", ["--mask", "--protect"])
@pytest.mark.parametrize("output", ["-o", "--probability", "--change-map"])
def test_masks_are_never_overwritten(noisy, tmp_path, option, output):
    mask = save(tmp_path / "mask.png", ~HOLE)
    os.link(mask, tmp_path / "twin.png")
    for name in ("mask.png", "twin.png"):
        refused(USAGE, tmp_path, "run", noisy, option, mask, output, tmp_path / name, "--force")


def test_the_limit_on_size_holds_for_masks_too(noisy, tmp_path):
    huge = save(tmp_path / "huge.png", np.ones((100, 100), bool))
    line = refused(UNREADABLE, tmp_path, "run", noisy, "--mask", huge, "--max-pixels", "2000")
    assert "huge.png" in line


# --------------------------------------------------------------------- change maps


def test_change_maps_as_png_tiff_and_npy(noisy, tmp_path):
    expected = denoise(load(noisy)[1])
    change = expected.change_map
    assert set(np.unique(change)) == {-1, 0, 1}
    indices = np.where(change == 0, expected.image, np.where(change > 0, 2, 3))
    for name in ("c.png", "c.tif", "c.npy"):
        options = ["-o", tmp_path / f"{name}.png", "--change-map", tmp_path / name, "--json"]
        record = json.loads(succeed("run", noisy, *options).stdout)
        assert record["change_map"] == str(tmp_path / name)
        assert record["changed_to_white"] == np.count_nonzero(change > 0)
        assert record["changed_to_black"] == np.count_nonzero(change < 0)
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), change, strict=True)
    for name in ("c.png", "c.tif"):
        mode, stored = load(tmp_path / name)
        assert mode == "P"
        np.testing.assert_array_equal(stored, indices)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "c.tif"), indices)
    header = (tmp_path / "c.png").read_bytes()[12:29]
    assert header[:4] == b"IHDR"
    assert header[12:14] == bytes([2, 3])  # two bits a pixel, with a palette


def test_the_report_counts_both_ways(noisy):
    white, black = denoise(load(noisy)[1]).changes
    last = succeed("run", noisy).stdout.splitlines()[-1]
    assert last.endswith(f"({white} to white, {black} to black)")


def test_the_masked_pixels_of_a_change_map_are_unchanged(noisy, known, tmp_path):
    succeed("run", noisy, "--mask", known, "--change-map", tmp_path / "c.npy")
    change = np.load(tmp_path / "c.npy")
    assert change.any()
    assert not change[HOLE].any()


@pytest.mark.parametrize("name", ["c.pbm", "c.jpg", "c.gif", "c.webp", "c", "c.xyz", "noisy.png"])
def test_what_is_wrong_with_the_change_map_is_said_of_that_option(noisy, tmp_path, name):
    line = refused(USAGE, tmp_path, "run", noisy, "--change-map", tmp_path / name, "--force")
    assert line.startswith("isingdenoise: --change-map: ")


@pytest.mark.parametrize("other", ["-o", "--probability"])
def test_two_outputs_cannot_be_one_file(noisy, tmp_path, other):
    (tmp_path / "sub").mkdir()
    twin = tmp_path / "sub" / ".." / "same.png"
    options = [other, tmp_path / "same.png", "--change-map", twin]
    line = refused(USAGE, tmp_path, "run", noisy, *options)
    assert line == f"isingdenoise: --change-map: is the same file as that of {other}"


def test_the_default_output_is_no_change_map(noisy, tmp_path):
    name = tmp_path / "noisy.denoised.png"
    assert "--change-map" in refused(USAGE, tmp_path, "run", noisy, "--change-map", name)


def test_an_existing_change_map_stays_unless_forced(noisy, tmp_path):
    target = tmp_path / "c.png"
    target.write_bytes(b"precious")
    line = refused(EXISTS, tmp_path, "run", noisy, "--change-map", target)
    assert "c.png" in line
    succeed("run", noisy, "--change-map", target, "--force")
    with Image.open(target) as picture:
        assert picture.mode == "P"


# ----------------------------------------------------------------- limit on change


@pytest.mark.process
@pytest.mark.slow
def test_too_much_change_writes_nothing_and_ends_with_6(noisy, tmp_path):
    (tmp_path / "old.png").write_bytes(b"precious")
    changed = 100 * denoise(load(noisy)[1]).changed
    outputs = ["-o", "old.png", "--probability", "p.tif", "--change-map", "c.png", "--force"]

    def run(*args):
        return launch(*args, cwd=tmp_path)

    line = refused(TOO_MUCH, tmp_path, "run", noisy, *outputs, "--max-change", "1%", run=run)
    assert line.startswith(f"isingdenoise: {noisy}: {changed:.4g}% of the pixels would change, ")
    assert "the 1% allowed" in line
    assert "--max-change" in line


@pytest.mark.parametrize("text", ["50%", "0.5", " 50 % ", "100%", "1", "5e-1"])
def test_a_limit_that_holds(noisy, text):
    succeed("run", noisy, "--max-change", text)


@pytest.mark.parametrize("text", ["0", "0%", "0.001", "0.1%", "1e-3"])
def test_a_limit_that_does_not_hold(noisy, text):
    refused(TOO_MUCH, noisy.parent, "run", noisy, "--max-change", text)


@pytest.mark.parametrize("text", ["5", "101%", "-1%", "-0.1", "nan", "nan%", "inf", "%", "", "few"])
def test_what_is_no_share(noisy, text):
    line = refused(USAGE, noisy.parent, "run", noisy, f"--max-change={text}")
    assert "--max-change" in line
    assert "5% or 0.05" in line


def test_in_a_batch_it_is_one_failure_among_others(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    save_noisy(source / "sub" / "much.png", sigma=60)
    save(
        source / "little.png",
        np.where(scene(), np.uint8(190), np.uint8(60)) + np.eye(32, dtype="u1"),
    )
    done = invoke("batch", "-r", source, out, "--max-change", "2%", "--json")
    assert done.code == 1
    assert sorted(p.name for p in out.rglob("[!.]*")) == ["little.png"]
    good, bad = json.loads(done.stdout)["pictures"]
    assert (good["error"], bad["result"], bad["output"]) == (None, None, None)
    assert bad["error"].startswith(f"{source / 'sub' / 'much.png'}: ")
    errors = [line for line in done.stderr.splitlines() if ": warning: " not in line]
    assert errors == [f"isingdenoise: {bad['error']}"]
    assert error_line(invoke("batch", source, out, "--max-change", "2"), USAGE)
