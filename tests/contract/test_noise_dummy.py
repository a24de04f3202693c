"""A noise model is one file and one line: everything else follows from its fields."""

import ast
import json
import sys
from pathlib import Path

import click
import command_line
import numpy as np
import pytest
from command_line import error_line, invoke, load, save, scene, succeed
from dummy_noise import DummyNoise

from isingdenoise import NOISE_MODELS, NoiseSpec, ParameterError, denoise
from isingdenoise.noise import Tried
from isingdenoise.pipeline import CleanOptions

QUICK = ["--coupling", "0.5"]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Add the line, and import the command as a process does that finds it there."""
    monkeypatch.setitem(NOISE_MODELS, DummyNoise.name, DummyNoise)
    before = _forget_the_command()
    from isingdenoise_cli.main import cli

    monkeypatch.setattr(command_line, "cli", cli)
    yield
    _forget_the_command()
    sys.modules.update(before)


def _forget_the_command():
    names = [n for n in sys.modules if n.partition(".")[0] == "isingdenoise_cli"]
    return {name: sys.modules.pop(name) for name in names}


@pytest.fixture
def fax(tmp_path):
    flips = np.random.default_rng(0).random((32, 32)) < 0.05
    return save(tmp_path / "fax.png", scene() ^ flips)


GIVEN = ["--noise", "dummy", "--tint", "0.1", "--reach", "3", "--wobble", "0.25,0.75"]
EXPECTED = {"name": "dummy", "tint": 0.1, "reach": 3, "wobbles_unit": [0.25, 0.75]}


def shown(command, *args):
    return json.loads(succeed(command, *args, "--json").stdout)


def test_run(fax):
    noise = shown("run", fax, *GIVEN, *QUICK)["noise"]
    assert noise.items() >= EXPECTED.items()
    assert (noise["wobbles"], noise["plain"], noise["chosen"]) == ([0.25, 0.75], 3.0, False)
    assert load(fax.with_name("fax.denoised.png"))[0] == "1"


def test_run_says_so_to_people(fax):
    line = succeed("run", fax, *GIVEN, *QUICK).stdout.splitlines()[1]
    assert "dummy, tint 0.1, reach 3, wobbles 0.25 and 0.75 (0.25 and 0.75 with black" in line
    assert line.endswith("plain 3, levels -1 and 1")


def test_what_is_not_given_is_estimated(fax):
    noise = shown("estimate", fax, "--noise", "dummy", "--plain", "4")["noise"]
    assert (noise["reach"], noise["tint"], noise["plain"]) == (7, 0.2, 4.0)


def test_spreads_are_relative_to_the_levels(fax):
    grey = save(fax.with_name("grey.png"), np.where(load(fax)[1], 210, 10).astype(np.uint8))
    for levels in ([], ["--levels", "10,210"]):
        relative = [word.replace("--wobble", "--wobble-unit") for word in GIVEN]
        noise = shown("estimate", grey, *relative, *levels)["noise"]
        assert (noise["wobbles"], noise["levels"]) == ([25.0, 75.0], [10.0, 210.0])
        assert noise["wobbles_unit"] == [0.25, 0.75]
        noise = shown("estimate", grey, *GIVEN, *levels)["noise"]
        assert (noise["wobbles"], noise["levels"]) == ([0.25, 0.75], [10.0, 210.0])


def test_compare(fax):
    found = shown("compare", fax, *GIVEN, *QUICK, "--engines", "mf")
    assert found["noise"].items() >= EXPECTED.items()


def test_batch_and_once_more(fax, tmp_path):
    (tmp_path / "in").mkdir()
    fax.rename(tmp_path / "in" / "fax.png")
    words = ["batch", tmp_path / "in", tmp_path / "out", *QUICK]
    (row,) = shown(*words, *GIVEN)["pictures"]
    assert row["result"]["noise"]["reach"] == 3
    assert shown(*words, *GIVEN)["skipped"] == 1
    (row,) = shown(*words, *GIVEN, "--reach", "4")["pictures"]  # another setting: done again
    assert row["result"]["noise"]["reach"] == 4


def test_corrupt(tmp_path):
    clean = save(tmp_path / "clean.png", scene(64, 64))
    succeed("corrupt", clean, "-o", tmp_path / "n.png", *GIVEN)
    mode, pixels = load(tmp_path / "n.png")
    assert mode == "1"
    assert 0.07 < np.mean(pixels != scene(64, 64)) < 0.13


def test_noises():
    row = next(row for row in shown("noises") if row["name"] == "dummy")
    assert row["settings"]["reach"] is None
    known = {p["name"]: p for p in row["parameters"]}
    assert known["wobbles"]["option"] == "--wobble"
    assert known["plain"]["option"] == "--plain"
    assert (known["reach"]["low"], known["reach"]["high"]) == (1, 99)
    assert known["reach"]["about"] == "How far it reaches in pixels"
    lines = succeed("noises").stdout.splitlines()
    (line,) = [line for line in lines if "reach" in line]
    assert "--reach" in line
    assert "How far it reaches in pixels" in line


@pytest.mark.parametrize("command", ["run", "estimate", "compare", "batch", "corrupt"])
def test_help(command):
    text = " ".join(succeed(command, "--help").stdout.split())
    assert "--reach AUTO|N How far it reaches in pixels (dummy)." in text
    assert "--wobble AUTO|S|SB,SW Wobble of black and of white in grey values (dummy)" in text
    assert "--wobble-unit AUTO|S|SB,SW Wobble of black and of white on the scale" in text
    assert "[default: none]" in text or command != "corrupt"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--reach", "2.5"], "--reach: must be a whole number"),
        (["--reach", "0"], "--reach: must be in [1, 99]"),
        (["--reach", "1,2"], "'--reach': '1,2' is neither 'auto' nor N"),
        (["--tint", "0.6"], "--tint: must be in (0, 0.5]"),
        (["--sigma", "1"], "--sigma: does not go with --noise dummy"),
        (["--wobble", "1e99"], "--wobble: must be in [0, 1e+30]"),
        (["--wobble-unit", "1e99"], "--wobble-unit: must be in [1e-12, 1e+12]"),
        (["--wobble", "1", "--wobble-unit", "1"], "--wobble-unit: does not go with --wobble"),
        (["--noise", "flip", "--reach", "3"], "--reach: does not go with --noise flip"),
        (["--noise", "auto", "--reach", "3"], "--reach: does not go with --noise auto"),
    ],
)
@pytest.mark.parametrize("command", ["run", "corrupt"])
def test_bad_values(fax, command, options, said):
    if command == "corrupt" and "auto" in options:
        return
    output = ["-o", fax.with_name("out.png")]
    done = invoke(command, fax, *output, "--noise", "dummy", *options)
    assert said in error_line(done, 2)
    assert not output[1].exists()


def test_files_of_settings_and_variables(fax, tmp_path, monkeypatch):
    config = tmp_path / "c.toml"
    config.write_text('noise = "dummy"\nreach = 5\nwobble = [0.5, 0.25]\n')
    noise = shown("run", fax, *QUICK, "--config", config)["noise"]
    assert (noise["reach"], noise["wobbles_unit"]) == (5, [0.5, 0.25])
    monkeypatch.setenv("ISINGDENOISE_REACH", "6")
    assert shown("run", fax, *QUICK, "--config", config, "--force")["noise"]["reach"] == 6
    text = succeed("run", fax, "--config", config, "--show-config").stdout
    assert "reach = 6.0  # ISINGDENOISE_REACH" in text


def test_in_the_library(fax):
    x = load(fax)[1] > 0
    spec = NoiseSpec("dummy", reach=3, wobbles_unit=(0.25, 0.75))
    result = denoise(x, spec, coupling=0.5)
    assert result.noise == DummyNoise(reach=3, wobbles=(0.25, 0.75))
    assert result.settings["noise"]["reach"] == 3
    with pytest.raises(ParameterError, match=r"^reach: must be a whole number"):
        DummyNoise(reach=2.5)
    told = CleanOptions(noise=spec).fingerprint()["noise"]
    assert told == {"name": "dummy", "reach": 3, "wobbles_unit": (0.25, 0.75)}


def test_it_may_be_tried_where_no_noise_is_named(fax, monkeypatch):
    x = load(fax)[1] > 0
    assert denoise(x, coupling=0.5).noise.name == "flip"
    for name in ("flip", "salt-pepper", "speckle"):
        monkeypatch.setattr(NOISE_MODELS[name], "tried", Tried(two_valued=None, earn=1e6))
    for two_valued, name in ((True, "dummy"), (False, "flip")):
        monkeypatch.setattr(DummyNoise, "tried", Tried(two_valued, earn=0.0))
        assert denoise(x, coupling=0.5).noise.name == name


def named(text):
    """Yield the names of noise models that code holds as texts, and of their classes."""
    classes = {kind.__name__ for kind in NOISE_MODELS.values()}
    names = set(NOISE_MODELS) - {"probability"}  # which is a parameter and an option too
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and node.value in names:
            yield node.value
        elif isinstance(node, ast.Name) and node.id in classes:
            yield node.id
        elif isinstance(node, ast.Attribute) and node.attr in classes:
            yield node.attr


@pytest.mark.slow
def test_no_other_file_knows_a_model_by_name():
    root = Path(__file__).resolve().parents[2]
    library = root / "isingdenoise"
    models = library / "noise" / "models"
    # types of arguments, noise of label maps, and examples that are about one noise
    own = {library / "names.py", library / "segmentation" / "noise.py"}
    examples = library / "experiments" / "lecture"
    files = [*root.glob("isingdenoise/**/*.py"), *root.glob("cli/**/*.py")]
    assert len(files) > 100
    others = [p for p in files if p not in own and not {models, examples} & {*p.parents}]
    assert len(others) > 100
    found = {path: [*named(path.read_text("utf-8"))] for path in others}
    assert {path: names for path, names in found.items() if names} == {}


def test_names_would_be_found():
    text = 'if name == "flip" or isinstance(x, GaussianNoise):\n    y = noise.LaplaceNoise()'
    assert sorted(named(text)) == ["GaussianNoise", "LaplaceNoise", "flip"]


@pytest.mark.parametrize("command", ["run", "estimate", "compare", "batch", "corrupt"])
def test_no_parameter_takes_the_option_of_something_else(command):
    group = command_line.cli
    params = group.get_command(click.Context(group), command).params
    written = [word for param in params for word in param.opts]
    assert len(set(written)) == len(written)
