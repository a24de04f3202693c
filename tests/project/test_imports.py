"""What is imported when: help and version must not wait for compilers and plotters."""

import json
import sys

import pytest
from command_line import launch, save_noisy
from isingdenoise_cli.main import COMMANDS

import isingdenoise

HEAVY = {
    "torch",
    "rich",
    "numba",
    "llvmlite",
    "scipy",
    "skimage",
    "matplotlib",
    "imageio",
    "PIL",
    "tifffile",
    "psutil",
}

REPORT = "import json, sys; print(); print(json.dumps(sorted(sys.modules)))"
RUN = f"""
from isingdenoise_cli.main import cli
import sys
try:
    cli(sys.argv[1:], prog_name="isingdenoise")
except SystemExit as end:
    assert not end.code, end.code
{REPORT}
"""


def modules_after(code, *args):
    """Run `code` in a fresh interpreter; return (its output, the names of loaded modules)."""
    done = launch(*args, program=(sys.executable, "-W", "error", "-c", code))
    assert done.code == 0, done.stderr
    output, _, modules = done.stdout.rstrip("\n").rpartition("\n")
    return output, set(json.loads(modules))


@pytest.mark.slow
def test_a_heavy_module_would_be_seen():
    _, loaded = modules_after(f"import isingdenoise._kernels.lattice\n{REPORT}")
    assert {"numba", "llvmlite"} <= loaded


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_load_next_to_nothing(option):
    output, loaded = modules_after(RUN, option)
    assert "isingdenoise" in output
    assert not loaded & (HEAVY | {"numpy"})
    subcommands = {f"isingdenoise_cli.{name}" for name in ("options", "render.text")}
    subcommands |= {f"isingdenoise_cli.commands.{name}" for name in (*COMMANDS, "listing")}
    assert not loaded & subcommands


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_loads_nothing_heavy(name):
    output, loaded = modules_after(RUN, name, "--help")
    assert f"Usage: isingdenoise {name}" in output
    assert not loaded & HEAVY


@pytest.mark.slow
def test_the_lists_load_nothing_heavy():
    for name in ("engines", "noises"):
        output, loaded = modules_after(RUN, name)
        assert output
        assert not loaded & HEAVY


def test_a_run_without_a_terminal_draws_nothing_and_loads_nothing_for_it(tmp_path):
    picture = save_noisy(tmp_path / "noisy.png")
    options = ("--noise", "flip", "--flip-prob", "0.1", "--coupling", "0.6")
    for args in (("batch", tmp_path, tmp_path / "out"), ("compare", picture)):
        output, loaded = modules_after(RUN, *args, *options)
        assert output
        assert "rich" not in loaded


def test_the_package_alone_loads_nothing_heavy():
    _, loaded = modules_after(f"import isingdenoise\n{REPORT}")
    assert not loaded & (HEAVY | {"numpy", "click", "isingdenoise_cli"})
    own = {name for name in loaded if name.startswith("isingdenoise.")}
    assert own == {"isingdenoise._version"}


def test_the_classes_load_no_compiler():
    """Settings and parameters can be made, and refused, before anything is compiled."""
    code = f"""
from isingdenoise import ICM, FlipNoise, GaussianNoise, Gibbs, MeanField, Coupling, denoise
MeanField(), ICM(), Gibbs(), GaussianNoise(), FlipNoise(), Coupling.nearest(1)
{REPORT}
"""
    _, loaded = modules_after(code)
    assert "isingdenoise.api" in loaded
    assert not loaded & HEAVY


@pytest.mark.slow
def test_denoise_loads_no_plotting_and_no_files():
    code = f"""
import numpy as np
from isingdenoise import denoise, FlipNoise
denoise(np.eye(6) > 0, FlipNoise(0.1), rng=0)
{REPORT}
"""
    _, loaded = modules_after(code)
    assert "numba" in loaded
    assert not loaded & {"matplotlib", "skimage", "imageio", "PIL", "click", "isingdenoise_cli"}


def test_every_public_name_resolves():
    for name in isingdenoise.__all__:
        assert getattr(isingdenoise, name) is not None


def test_public_names_are_sorted_and_none_is_there_twice():
    assert len(set(isingdenoise.__all__)) == len(isingdenoise.__all__)


@pytest.mark.slow
def test_every_public_name_resolves_when_it_is_the_first():
    """Each in a fresh package, so that no name leans on another's import."""
    code = f"""
import importlib, sys
import isingdenoise
for name in isingdenoise.__all__:
    for loaded in [m for m in sys.modules if m.partition(".")[0] == "isingdenoise"]:
        del sys.modules[loaded]
    package = importlib.import_module("isingdenoise")
    assert getattr(package, name) is not None, name
{REPORT}
"""
    modules_after(code)


def test_dir_lists_the_public_names():
    assert set(isingdenoise.__all__) <= set(dir(isingdenoise))
    _, loaded = modules_after(f"import isingdenoise; dir(isingdenoise)\n{REPORT}")
    assert "isingdenoise.api" not in loaded


def test_star_import_brings_every_public_name():
    code = f"""
from isingdenoise import *
import isingdenoise
assert all(name in globals() for name in isingdenoise.__all__)
{REPORT}
"""
    modules_after(code)


def test_names_are_those_of_their_modules():
    from isingdenoise import api, coupling, errors, inference, noise

    assert isingdenoise.denoise is api.denoise
    assert isingdenoise.Coupling is coupling.Coupling
    assert isingdenoise.ParameterError is errors.ParameterError
    assert isingdenoise.ENGINES is inference.ENGINES
    assert isingdenoise.NOISE_MODELS is noise.NOISE_MODELS


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="'isingdenoise' has no attribute 'denoize'"):
        _ = isingdenoise.denoize
    assert not hasattr(isingdenoise, "numba")


@pytest.mark.slow
def test_completion_in_the_shell_imports_no_command_for_their_names_and_nothing_heavy(monkeypatch):
    monkeypatch.setenv("_ISINGDENOISE_COMPLETE", "bash_complete")
    for words, light in (
        ("isingdenoise ", True),
        ("isingdenoise run --noise ", False),
        ("isingdenoise batch -O ", False),
    ):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
        output, loaded = modules_after(RUN)
        assert "plain," in output
        assert not loaded & HEAVY
        assert not (
            light and loaded & ({f"isingdenoise_cli.commands.{n}" for n in COMMANDS} | {"numpy"})
        )
