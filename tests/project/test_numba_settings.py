"""The file `.numba_config.yaml` of the current folder: nothing that a command should heed."""

import os
import subprocess
import sys

import pytest
from command_line import launch, save_noisy

from isingdenoise import environment

# Of PyYAML, which need not be there, what numba asks for; the file holds what it says.
YAML = """
import json, pathlib
def safe_load(file):
    pathlib.Path("read").touch()
    return json.load(file)
"""
LOAD = """
import sys
from isingdenoise.environment import alone
if sys.argv[1:]:
    alone()
from isingdenoise._kernels._jit import kernel
import numba
compiled = kernel(lambda number: number + 1)
print(compiled(1), int(numba.config.OPT), numba.config.DEBUG_CACHE)
"""
BROKEN, SET = '{"opt": ', '{"opt": "0", "debug_cache": 1}'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "yaml.py").write_text(YAML)
    (tmp_path / "load.py").write_text(LOAD)
    return tmp_path


def load(folder, *words, **env):
    """Load and run a kernel in the folder."""
    return subprocess.run(
        [sys.executable, folder / "load.py", *words],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), **env},
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("content", [BROKEN, SET])
def test_a_command_neither_reads_it_nor_breaks(folder, content):
    (folder / ".numba_config.yaml").write_text(content)
    modules = {"PYTHONPATH": str(folder / "modules")}
    done = load(folder, "alone", **modules)
    assert (done.stdout.split(), done.stderr) == (["2", "3", "0"], "")
    assert not (folder / "read").exists()
    load(folder, **modules)
    assert (folder / "read").exists()  # the control: numba would have


@pytest.mark.slow
def test_without_yaml_nothing_is_said(folder):
    (folder / ".numba_config.yaml").write_text(SET)
    done = load(folder, "alone", PYTHONWARNINGS="error")
    assert (done.stdout.split(), done.stderr) == (["2", "3", "0"], "")


@pytest.mark.slow
def test_variables_are_heeded(folder):
    assert load(folder, "alone", NUMBA_OPT="1").stdout.split() == ["2", "1", "0"]


@pytest.mark.process
@pytest.mark.slow
def test_the_command_itself(folder):
    (folder / ".numba_config.yaml").write_text(BROKEN)
    noisy = save_noisy(folder / "noisy.png", size=16)
    words = ("run", noisy, "--noise", "gaussian", "--coupling", "1")
    env = {"PYTHONPATH": str(folder / "modules"), "NUMBA_DISABLE_JIT": "1"}
    done = launch(*words, cwd=folder, env=env)
    assert (done.code, done.stderr) == (0, "")
    assert not (folder / "read").exists()


def test_other_names_are_seen_while_it_is_hidden(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment._Program, "alone", True)
    for name in (".numba_config.yaml", "other"):
        (tmp_path / name).write_text("")
    with environment.unswayed():
        assert [os.path.exists(n) for n in os.listdir()].count(False) == 1  # noqa: PTH110, PTH208
        assert os.path.exists("other")  # noqa: PTH110
    assert os.path.exists(".numba_config.yaml")  # noqa: PTH110
