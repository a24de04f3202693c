"""`isingdenoise vae`: train, sample, score and inpaint, with a model of few steps."""

import json
import sys

import numpy as np
import pytest
from command_line import error_line, invoke, launch, load, one_line, save, scene, snapshot, succeed

pytest.importorskip("torch")

FEW = ("--steps", "60", "--patches", "200", "--latent", "3", "--batch-size", "16", "--warmup", "9")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return (the model's file, what training printed as JSON)."""
    path = tmp_path_factory.mktemp("vae") / "glyphs.npz"
    done = succeed("vae", "train", "-o", path, *FEW, "--flow", "1", "--json")
    assert done.stderr == ""
    return path, json.loads(done.stdout)


@pytest.fixture
def glyph(tmp_path):
    from isingdenoise.generative import glyph_patches

    return save(tmp_path / "glyph.png", glyph_patches(1, rng=5)[0])


# ---- train


def test_training_tells_both_terms_and_how_good_the_model_is(trained):
    _, told = trained
    assert told["architecture"] == {"latent": 3, "hidden": [512, 256], "flow": 1}
    assert told["training"]["steps"] == 60
    assert [row["step"] for row in told["trace"]] == [60]
    judged = told["validation"]
    assert judged["elbo"] == pytest.approx(judged["reconstruction"] - judged["divergence"])
    assert judged["bound"] > judged["elbo"]
    assert 0 <= judged["active_units"] <= judged["latent"] == 3
    assert judged["patches"] == 200
    assert told["failed"] == 0


def test_training_in_words_and_with_a_figure(tmp_path):
    model, plot = tmp_path / "m.npz", tmp_path / "trace.svg"
    lines = succeed("vae", "train", "-o", model, *FEW, "--plot", plot).stdout.splitlines()
    assert lines[0].split() == ["step", "weight", "reconstruction", "divergence", "elbo"]
    assert any(line.startswith("active units    ") for line in lines)
    assert lines[-2:] == [f"model           {model}", f"figure    {plot}"]
    assert "<svg" in plot.read_text()


def test_a_seed_gives_the_same_model(tmp_path):
    few = ("--steps", "3", "--patches", "9", "--latent", "2")
    made = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        path = tmp_path / f"{name}.npz"
        succeed("vae", "train", "-o", path, *few, "--seed", seed)
        with np.load(path, allow_pickle=False) as archive:
            made.append({key: archive[key].tobytes() for key in archive.files})
    assert made[0] == made[1] != made[2]


def test_training_on_a_folder_passes_over_what_cannot_be_read(tmp_path):
    folder = tmp_path / "clean"
    for k in range(5):
        save(folder / f"{k}.png", scene(64 + k, 64))
    (folder / "bad.png").write_bytes(b"")
    model = tmp_path / "m.npz"
    done = invoke("vae", "train", "-o", model, "--folder", folder, *FEW, "--json")
    assert done.code == 1
    assert "bad.png" in one_line(done)
    told = json.loads(done.stdout)
    assert told["failed"] == 1
    assert told["folder"] == str(folder)
    assert model.exists()


@pytest.mark.parametrize(
    ("pictures", "said"), [(0, "fewer than two"), (1, "fewer than two"), (3, "no window")]
)
def test_a_folder_with_nothing_to_learn_from(tmp_path, pictures, said):
    folder = tmp_path / "clean"
    folder.mkdir()
    for k in range(pictures):
        save(folder / f"{k}.png", np.ones((40, 40), np.bool_))
    line = error_line(invoke("vae", "train", "-o", tmp_path / "m.npz", "--folder", folder), 3)
    assert said in line
    assert not (tmp_path / "m.npz").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-o", "m.txt"], 2, "must end in .npz"),
        (["-o", "m.npz", "--latent", "0"], 2, "--latent"),
        (["-o", "m.npz", "--latent", "1", "--flow", "1"], 2, "--flow"),
        (["-o", "m.npz", "--plot", "m.txt"], 2, "--plot"),
        (["-o", "m.npz", "--folder", "missing"], 3, "missing"),
        (["-o", "m.npz/m.npz", "--plot", "missing/m.png"], 5, "missing"),
        ([], 2, "-o"),
    ],
)
def test_training_refuses_before_any_work(tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    assert said in error_line(invoke("vae", "train", *words), code)
    assert snapshot(tmp_path) == {}


def test_a_model_is_not_replaced_unless_asked_for(trained):
    path, _ = trained
    before = path.read_bytes()
    assert "--force" in error_line(invoke("vae", "train", "-o", path, *FEW), 4)
    assert path.read_bytes() == before


def test_without_pytorch_the_extra_is_named(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for words in (
        ("train", "-o", tmp_path / "m.npz", *FEW),
        ("sample", trained[0], "-o", tmp_path / "s.png"),
    ):
        assert "install isingdenoise[learn]" in error_line(invoke("vae", *words), 1)
    assert snapshot(tmp_path) == {}


# ---- sample


def test_samples_are_patches_side_by_side(trained, tmp_path):
    path = tmp_path / "s.png"
    assert succeed("vae", "sample", trained[0], "-o", path, "--count", "6").stdout == f"{path}\n"
    mode, pixels = load(path)
    assert mode == "I;16"
    assert pixels.shape == (2 * 34 + 2, 3 * 34 + 2)
    again = tmp_path / "t.png"
    succeed("vae", "sample", trained[0], "-o", again, "--count", "6", "--seed", "1")
    assert not np.array_equal(load(again)[1], pixels)
    succeed("vae", "sample", trained[0], "-o", again, "--count", "6", "--interpolate", "--force")
    ways = load(again)[1]
    assert ways.shape == pixels.shape
    assert not np.array_equal(ways, pixels)


def test_samples_in_a_file_that_cannot_hold_them(trained, tmp_path):
    assert "-o" in error_line(invoke("vae", "sample", trained[0], "-o", tmp_path / "s.xyz"), 2)
    line = error_line(invoke("vae", "sample", trained[0], "-o", trained[0], "--force"), 2)
    assert "-o" in line


# ---- score


def test_a_score_is_a_bound_of_the_whole_picture(trained, glyph, tmp_path):
    told = json.loads(succeed("vae", "score", trained[0], glyph, "--json").stdout)
    (row,) = told["pictures"]
    assert row["bound"] > row["elbo"]
    assert (row["patches"], row["pixels"]) == (1, 1024)
    assert row["bits_per_pixel"] == pytest.approx(-row["bound"] / np.log(2) / 1024)
    large = save(tmp_path / "large.png", np.tile(load(glyph)[1], (2, 2))[:50])
    rows = json.loads(succeed("vae", "score", trained[0], large, glyph, "--json").stdout)[
        "pictures"
    ]
    assert (rows[0]["patches"], rows[0]["pixels"]) == (4, 50 * 64)
    assert rows[0]["bound"] < rows[1]["bound"]
    one = json.loads(succeed("vae", "score", trained[0], glyph, "--samples", 1, "--json").stdout)
    assert one["pictures"][0]["bound"] == one["pictures"][0]["elbo"]
    lines = succeed("vae", "score", trained[0], glyph, large).stdout.splitlines()
    assert lines[0].startswith("picture ")
    assert len(lines) == 3


def test_noise_scores_lower_than_a_glyph(trained, glyph, tmp_path):
    noise = save(tmp_path / "noise.png", np.random.default_rng(0).random((32, 32)) < 0.5)
    rows = json.loads(succeed("vae", "score", trained[0], glyph, noise, "--json").stdout)
    good, bad = (row["bits_per_pixel"] for row in rows["pictures"])
    assert good < 0.5
    assert bad > 1


def test_a_picture_that_cannot_be_scored(trained, glyph, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    assert "bad.png" in error_line(invoke("vae", "score", trained[0], bad), 3)
    done = invoke("vae", "score", trained[0], bad, glyph, "--json")
    assert done.code == 1
    told = json.loads(done.stdout)
    assert [row["error"] is None for row in told["pictures"]] == [False, True]
    assert told["pictures"][0]["bound"] is None
    assert told["failed"] == 1
    assert "is no model" in error_line(invoke("vae", "score", glyph, glyph), 3)


# ---- inpaint


def test_inpainting_fills_what_is_missing_and_nothing_else(trained, glyph, tmp_path):
    mask = np.full((32, 32), 255, np.uint8)
    mask[10:20, 10:20] = 0
    hidden = save(tmp_path / "mask.png", mask)
    out, sure, plot = (tmp_path / name for name in ("out.png", "sure.npy", "plot.png"))
    words = ("vae", "inpaint", trained[0], glyph, "--mask", hidden, "-o", out)
    done = succeed(*words, "--probability", sure, "--plot", plot, "--sweeps", "5", "--chains", "2")
    assert done.stdout.splitlines()[0] == "missing   100 pixels in 1 patch"
    before, filled = load(glyph)[1], load(out)[1]
    np.testing.assert_array_equal(filled[mask > 0], before[mask > 0])
    probability = np.load(sure)
    assert ((probability > 0) & (probability < 1))[mask == 0].all()
    np.testing.assert_array_equal(probability[mask > 0] >= 0.5, filled[mask > 0])
    assert set(np.unique(probability[mask > 0])) <= {0, 1}
    assert load(plot)[1].std() > 0
    assert "--force" in error_line(invoke(*words), 4)


def test_only_torn_patches_of_a_large_picture_are_looked_at(trained, glyph, tmp_path):
    large = np.tile(load(glyph)[1], (2, 3))
    path, mask = save(tmp_path / "large.png", large), np.full(large.shape, 255, np.uint8)
    mask[40:44, 70:74] = 0
    hidden, out = save(tmp_path / "mask.png", mask), tmp_path / "out.png"
    words = ("--mask", hidden, "-o", out, "--sweeps", "2", "--chains", "1")
    done = succeed("vae", "inpaint", trained[0], path, *words)
    assert "16 pixels in 1 patch" in done.stdout
    assert not (load(out)[1] ^ large)[mask > 0].any()


def test_inpainting_refuses_before_any_work(trained, glyph, tmp_path):
    whole = save(tmp_path / "whole.png", np.full((32, 32), 255, np.uint8))
    small = save(tmp_path / "small.png", np.zeros((8, 8), np.uint8))
    out = tmp_path / "out.png"
    before = snapshot(tmp_path)
    start = ("vae", "inpaint", trained[0], glyph)
    for mask, target, code, said in (
        (whole, out, 2, "no pixel is missing"),
        (small, out, 2, "--mask"),
        (whole, glyph, 2, "is the input itself"),
        (whole, tmp_path / "out.xyz", 2, "-o"),
        (tmp_path / "none.png", out, 3, "none.png"),
    ):
        assert said in error_line(invoke(*start, "--mask", mask, "-o", target), code)
    assert "--mask" in error_line(invoke(*start, "-o", out), 2)
    assert snapshot(tmp_path) == before


# ---- the family


def test_the_first_word_alone_lists_the_others():
    text = succeed("vae", "--help").stdout
    for name in ("train", "sample", "score", "inpaint"):
        assert f"\n  {name} " in text
    assert invoke("vae").code == 2
    line = error_line(invoke("vae", "smaple"), 2)
    assert "the nearest is vae sample" in line


@pytest.mark.process
def test_a_wrong_use_names_the_help_of_the_command_of_two_words():
    assert "see 'isingdenoise vae --help'" in error_line(launch("vae", "smaple"), 2)
    assert "see 'isingdenoise vae train --help'" in error_line(launch("vae", "train"), 2)


def test_the_shell_completes_both_words(monkeypatch):
    from click.shell_completion import ShellComplete
    from isingdenoise_cli.main import cli

    complete = ShellComplete(cli, {}, "isingdenoise", "_ISINGDENOISE_COMPLETE")

    def values(*words):
        return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]

    assert values("va") == ["vae"]
    assert values("vae", "s") == ["sample", "score"]
    assert "--latent" in values("vae", "train", "--l")


def test_settings_of_one_command_of_two_words(tmp_path, monkeypatch):
    config = tmp_path / "c.toml"
    config.write_text("seed = 3\n[vae-train]\nsteps = 7\n")
    text = succeed("vae", "train", "--show-config", "--config", config).stdout
    assert "\nsteps = 7  # " in text
    assert text.startswith("[vae-train]\n")
    assert "\nseed = 3  # " in text
    monkeypatch.setenv("ISINGDENOISE_VAE_TRAIN_STEPS", "8")
    assert "\nsteps = 8  # " in succeed("vae", "train", "--show-config", "--config", config).stdout
    config.write_text("[vae-trian]\nsteps = 7\n")
    done = invoke("vae", "train", "--show-config", "--config", config)
    assert "the nearest is vae-train" in error_line(done, 2)


def test_quiet_before_the_family(trained, tmp_path):
    assert succeed("-q", "vae", "sample", trained[0], "-o", tmp_path / "s.png").stdout == ""
