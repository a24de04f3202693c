"""The smaller commands, and what holds for all of them."""

import dataclasses
import json
import os
import re
import subprocess
import sys

import click
import numpy as np
import pytest
import tifffile
from command_line import (
    SCRIPT,
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
from engines import having
from isingdenoise_cli.main import COMMANDS, cli

import isingdenoise
from isingdenoise import ENGINES, NOISE_MODELS, Coupling
from isingdenoise.inference import threads_of

WITH_EXAMPLES = ["run", "segment", "volume", "estimate", "compare", "tune", "batch", "corrupt"]
KINDS = {"engines": ENGINES, "noises": NOISE_MODELS}


@pytest.fixture
def clean(tmp_path):
    """Return a picture large enough to measure noise on: 64 x 64."""
    return save(tmp_path / "clean.png", scene(64, 64))


def corrupted(clean, name, *options):
    target = clean.with_name(name)
    done = succeed("corrupt", clean, "-o", target, *options)
    assert done.stdout == f"{clean} -> {target}\n"
    return target


def test_gaussian_noise_with_8_bits_stands_about_64_and_191(clean):
    mode, grey = load(corrupted(clean, "n.png", "--sigma-unit", "0.2"))
    assert mode == "L"
    bright = scene(64, 64)
    for part, level in ((bright, 191), (~bright, 64)):
        values = grey[part].astype(float)
        expected = 0.2 * 63.5  # half the distance of the levels
        error = expected / np.sqrt(values.size)
        assert abs(values.mean() - level) < 5 * error
        assert abs(values.std() - expected) < 5 * error


def test_grey_values_are_rounded_and_not_cut(clean):
    grey = load(corrupted(clean, "n.png", "--sigma", "0.1"))[1]  # far below half a grey value
    np.testing.assert_array_equal(grey, np.where(scene(64, 64), 191, 64))


def test_gaussian_noise_with_8_bits_is_cut_off_and_does_not_wrap(clean):
    grey = load(corrupted(clean, "n.png", "--sigma-unit", "10"))[1]
    assert np.mean(grey == 0) > 0.3
    assert np.mean(grey == 255) > 0.3


@pytest.mark.parametrize("name", ["n.tif", "n.npy"])
def test_gaussian_noise_as_floats_stands_about_minus_and_plus_one(clean, name):
    target = corrupted(clean, name)  # sigma 1 by default
    x = tifffile.imread(target) if name == "n.tif" else np.load(target)
    assert x.dtype == np.float32
    bright = scene(64, 64)
    for part, level in ((bright, 1), (~bright, -1)):
        error = 1 / np.sqrt(np.count_nonzero(part))
        assert abs(x[part].mean() - level) < 5 * error
        assert abs(x[part].std() - 1) < 5 * error
    assert x.max() > 2 > -2 > x.min()


@pytest.mark.parametrize(("options", "p"), [([], 0.1), (["--flip-prob", "0.3"], 0.3)])
def test_pixels_are_flipped_at_the_rate_asked_for(clean, options, p):
    mode, pixels = load(corrupted(clean, "n.png", "--noise", "flip", *options))
    assert mode == "1"
    flipped = pixels != scene(64, 64)
    for part in (scene(64, 64), ~scene(64, 64)):
        error = np.sqrt(p * (1 - p) / np.count_nonzero(part))
        assert abs(flipped[part].mean() - p) < 5 * error


@pytest.mark.parametrize("noise", NOISE_MODELS)
def test_the_same_seed_gives_the_same_noise(clean, noise):
    def data(name, seed):
        return corrupted(clean, name, "--noise", noise, "--seed", seed).read_bytes()

    assert data("a.png", "5") == data("b.png", "5")
    assert data("c.png", "5") != data("d.png", "6")


CORRUPTED = {
    "gaussian-per-level": (["--sigma-unit", "0.2,0.4"], {"n.png": 0.01, "n.tif": 0.01}),
    "laplace": (["--sigma-unit", "0.5"], {"n.png": 0.03, "n.tif": 0.03}),
    "flip-per-level": (["--flip-prob", "0.05,0.1"], {"n.png": 0.02, "n.pbm": 0.02}),
    "salt-pepper": (["--salt", "0.05", "--pepper", "0.1"], {"n.png": 0.02, "n.pbm": 0.02}),
    "salt-pepper, grey": (["--sigma-unit", "0.3", "--salt", "0.1"], {"n.png": 0.02, "n.tif": 0.02}),
    "salt-pepper, four values": (["--levels", "50,200"], {"n.png": 0.02}),
    "poisson": (["--levels", "3,15"], {"n.png": 0.02, "n.tif": 0.02}),
    "probability": ([], {"n.png": 0.1, "n.tif": 0.1}),
}


@pytest.mark.parametrize(("case", "name"), [(c, n) for c in CORRUPTED for n in CORRUPTED[c][1]])
def test_every_noise_can_be_made_and_cleaned(clean, case, name):
    noise, (options, share) = case.partition(",")[0], CORRUPTED[case]
    noisy = corrupted(clean, name, "--noise", noise, *options)
    target = clean.with_name("cleaned.png")
    succeed("run", noisy, "--noise", noise, "-o", target)
    assert np.mean(load(target)[1] != scene(64, 64)) < share[name]


def test_levels_and_sigmas_stand_where_they_were_asked_for(clean):
    options = ["--noise", "gaussian-per-level", "--sigma", "5,15", "--levels", "50,150"]
    grey = load(corrupted(clean, "n.png", *options))[1].astype(float)
    for part, level, sigma in ((~scene(64, 64), 50, 5), (scene(64, 64), 150, 15)):
        error = sigma / np.sqrt(grey[part].size)
        assert abs(grey[part].mean() - level) < 5 * error
        assert abs(grey[part].std() - sigma) < 5 * error


def test_sigma_is_in_grey_values_of_what_is_written(clean):
    """8 bits: 12 of 255 about 64 and 191. Float: 12 about -1 and +1, six times their distance."""
    bright = scene(64, 64)
    for name, sigma in (("n.png", 12.0), ("n.tif", 12.0)):
        target = corrupted(clean, name, "--sigma", "12")
        x = (load(target)[1] if name == "n.png" else tifffile.imread(target)).astype(float)
        error = sigma / np.sqrt(np.count_nonzero(bright))
        assert abs(x[bright].std() - sigma) < 5 * error
        assert abs(x[~bright].mean() - (64 if name == "n.png" else -1)) < 5 * error


def test_salt_and_pepper_are_as_frequent_as_asked_for(clean):
    options = ["--noise", "salt-pepper", "--salt", "0.02", "--pepper", "0.2"]
    pixels = load(corrupted(clean, "n.png", *options))[1]
    assert pixels.dtype == np.bool_
    for part, p in ((~scene(64, 64), 0.02), (scene(64, 64), 0.2)):
        wrong = (pixels != scene(64, 64))[part]
        assert abs(wrong.mean() - p) < 5 * np.sqrt(p * (1 - p) / wrong.size)


def test_what_was_corrupted_can_be_cleaned(clean):
    noisy = corrupted(clean, "n.tif", "--sigma", "0.7")
    record = json.loads(succeed("run", noisy, "--json").stdout)
    assert record["noise"]["sigma"] == pytest.approx(0.7, rel=0.1)
    assert np.mean(load(clean.with_name("n.denoised.tif"))[1] != scene(64, 64)) < 0.02


@pytest.mark.parametrize(
    ("code", "options", "named"),
    [
        (2, [], "-o"),
        (2, ["-o", "n.xyz"], "n.xyz"),
        (2, ["-o", "clean.png", "--force"], "clean.png"),
        (2, ["-o", "n.png", "--noise", "pink"], "--noise"),
        (2, ["-o", "n.png", "--sigma", "0"], "--sigma"),
        (2, ["-o", "n.png", "--sigma", "nan"], "--sigma"),
        (2, ["-o", "n.png", "--sigma-unit", "0"], "--sigma-unit"),
        (2, ["-o", "n.png", "--sigma", "9", "--sigma-unit", "1"], "--sigma-unit"),
        (2, ["-o", "n.png", "--flip-prob", "0.1"], "--flip-prob"),
        (2, ["-o", "n.png", "--noise", "flip", "--flip-prob", "0.5"], "--flip-prob"),
        (2, ["-o", "n.png", "--noise", "flip", "--sigma", "1"], "--sigma"),
        (2, ["-o", "n.png", "--seed", "-1"], "--seed"),
        (2, ["-o", "n.png", "--sigma", "1,2"], "--sigma"),
        (2, ["-o", "n.png", "--sigma", "1,2,3"], "--sigma"),
        (2, ["-o", "n.png", "--noise", "flip", "--flip-prob", "0.1,0.2"], "--flip-prob"),
        (2, ["-o", "n.png", "--noise", "flip", "--levels", "3,7"], "--levels"),
        (2, ["-o", "n.png", "--noise", "flip-per-level", "--flip-prob", "0.1,-1"], "--flip-prob"),
        (2, ["-o", "n.png", "--noise", "laplace", "--salt", "0.1"], "--salt"),
        (2, ["-o", "n.png", "--pepper", "0.1"], "--pepper"),
        (2, ["-o", "n.png", "--noise", "salt-pepper", "--salt", "-1"], "--salt"),
        (2, ["-o", "n.png", "--noise", "salt-pepper", "--pepper", "1"], "--pepper"),
        (2, ["-o", "n.png", "--noise", "salt-pepper", "--sigma", "1,2"], "--sigma"),
        (2, ["-o", "n.png", "--noise", "poisson", "--sigma", "1"], "--sigma"),
        (2, ["-o", "n.png", "--noise", "poisson", "--levels", "-1,9"], "--levels"),
        (2, ["-o", "n.png", "--noise", "poisson", "--levels", "9,240"], "--levels"),
        (2, ["-o", "n.png", "--levels", "9,300"], "--levels"),
        (2, ["-o", "n.png", "--noise", "probability", "--levels", "0,9"], "--levels"),
        (2, ["-o", "n.pbm", "--noise", "salt-pepper", "--sigma", "1"], "-o"),
        (2, ["-o", "n.pbm"], "-o"),  # no room for grey
        (4, ["-o", "old.png"], "old.png"),
        (5, ["-o", "clean.png/n.png"], "clean.png/n.png"),
    ],
)
def test_corrupt_refuses_and_writes_nothing(clean, monkeypatch, code, options, named):
    monkeypatch.chdir(clean.parent)
    (clean.parent / "old.png").write_bytes(b"precious")
    before = snapshot(clean.parent)
    assert named in error_line(invoke("corrupt", "clean.png", *options), code)
    assert snapshot(clean.parent) == before


def test_corrupt_names_an_unreadable_input(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for name in ("text.png", "missing.png"):
        line = error_line(invoke("corrupt", tmp_path / name, "-o", tmp_path / "n.png"), 3)
        assert name in line
    assert [p.name for p in tmp_path.iterdir()] == ["text.png"]


@pytest.mark.parametrize("command", KINDS)
def test_the_lists_tell_every_entry_and_every_setting(command):
    text = succeed(command).stdout
    blocks = dict(re.findall(r"^(\S+) (.*(?:\n .*)*)", text, flags=re.MULTILINE))
    assert list(blocks) == list(KINDS[command])
    for name, kind in KINDS[command].items():
        assert kind.summary in blocks[name]
        settings = re.findall(r"^ +(\w+) = \S", blocks[name], flags=re.MULTILINE)
        assert settings == [field.name for field in dataclasses.fields(kind)]


@pytest.mark.parametrize("command", KINDS)
def test_the_lists_as_json_hold_the_defaults(command):
    records = json.loads(succeed(command, "--json").stdout)
    assert [record["name"] for record in records] == list(KINDS[command])
    for record, kind in zip(records, KINDS[command].values(), strict=True):
        assert list(record)[:3] == ["name", "summary", "settings"]
        if command == "noises":
            assert [known["name"] for known in record["parameters"]] == list(record["settings"])
        else:
            assert list(record)[3:] == ["traits", "choices"]
        plain = json.loads(json.dumps(dataclasses.asdict(kind())))
        assert record["settings"] == plain


def test_warmup_compiles_every_kernel_and_tells_each(monkeypatch):
    compiled = []

    def compile_for(engine, coupling, sites):
        compiled.append((engine.name, coupling.neighbours, threads_of(engine)))

    monkeypatch.setattr("isingdenoise.warmup.compile_for", compile_for)
    *lines, total = succeed("warmup").stdout.splitlines()
    threaded = having("parallel")
    assert compiled == [
        (name, neighbours, parallel)
        for name in ENGINES
        for neighbours in (4, 8)
        for parallel in ((False, True) if name in threaded else (None,))
    ]
    kinds = {False: ", serial", True: ", parallel", None: ""}
    assert [line.rpartition(" s")[0].rpartition(" ")[0].rstrip() for line in lines] == [
        f"{name}, {n} neighbours{kinds[parallel]}" for name, n, parallel in compiled
    ]
    assert all(re.fullmatch(r".+ +\d+\.\d\d s", line) for line in [*lines, total])
    assert total.startswith("all kernels are ready")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_compiled_ahead_is_found_in_the_cache(engine, monkeypatch, tmp_path):
    from isingdenoise.warmup import compile_for, kernels_are_cached

    compile_for(ENGINES[engine](), Coupling.nearest(0.1), sites=64)
    assert kernels_are_cached()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not kernels_are_cached()


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_the_library_s(option):
    assert succeed(option).stdout == f"isingdenoise {isingdenoise.__version__}\n"


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_lists_every_command(option):
    text = succeed(option).stdout
    assert text.startswith("Usage: isingdenoise ")
    for name, summary in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(summary)}$", text, flags=re.MULTILINE)


def test_the_bare_command_shows_its_help():
    done = invoke()
    assert "\nCommands:\n" in done.stdout + done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_that_begins_as_the_list_says(name):
    text = succeed(name, "--help").stdout
    assert succeed(name, "-h").stdout == text
    usage, _, summary, *rest = text.splitlines()
    assert usage.startswith(f"Usage: isingdenoise {name} ")
    assert summary == f"  {COMMANDS[name]}"
    body = "\n".join(rest).partition("Options:")[0].strip()
    assert len(body.split()) >= 10  # an explanation beyond the summary
    if name in WITH_EXAMPLES:
        assert f"\n  isingdenoise {name} " in text  # an example, on a line of its own
    options = [p for p in cli.get_command(None, name).params if isinstance(p, click.Option)]
    assert all(option.help for option in options)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_in_the_help_hold_no_unknown_option(name):
    text = succeed(name, "--help").stdout
    known = set(re.findall(r"^  (?:-\w, )?(--?[\w-]+)", text, flags=re.MULTILINE)) | {"-o", "-r"}
    for example in re.findall(rf"^  isingdenoise {name} .*$", text, flags=re.MULTILINE):
        assert set(re.findall(r" (--?[a-z][\w-]*)", example)) <= known


def test_an_interrupt_ends_with_130_and_one_line(tmp_path, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    noisy = save_noisy(tmp_path / "noisy.png")
    monkeypatch.setattr("isingdenoise.pipeline.options.denoise", interrupted)
    done = invoke("run", noisy)
    assert (done.code, done.stdout) == (130, "")
    assert done.stderr == "isingdenoise: interrupted\n"
    assert [p.name for p in tmp_path.iterdir()] == ["noisy.png"]


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="no such pipes on Windows")
def test_a_closed_pipe_ends_quietly():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [SCRIPT, "engines"], stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60
        )
    finally:
        os.close(writer)
    assert done.stderr == b""


#: Words that say what an option is where its help has no verb: a noun, named first.
NOUNS = {"Output", "Compression", "Noise", "Inference", "Prior", "Seed", "Strength"}
VERBS = {
    *(
        "Also",
        "Append",
        "Clean",
        "Compare",
        "Count",
        "Cut",
        "Divide",
        "Give",
        "Ignore",
        "Keep",
        "Print",
    ),
    *("Read", "Refuse", "Replace", "Require", "Run", "Serve", "Set", "Show", "Start", "Write"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_options_says_first_what_they_do_or_are(name):
    from isingdenoise_cli.options import takers

    command = cli.get_command(click.Context(cli), name)
    of_models = set(takers())  # the noise models describe their own parameters
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert options
    for option in options:
        assert option.help, option.name
        if option.name not in of_models:
            assert option.help.split()[0] in VERBS | NOUNS, (option.name, option.help)
            assert option.help.endswith((".", "]")), option.help


@pytest.mark.process
def test_help_survives_a_python_that_drops_docstrings():
    for words in ((), ("run",), ("noises",)):
        optimised = [sys.executable, "-OO", "-m", "isingdenoise_cli"]
        kept, usual = (launch(*words, "--help", program=p) for p in (optimised, [SCRIPT]))
        assert kept.code == 0
        assert kept.stdout == usual.stdout
