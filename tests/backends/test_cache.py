"""Compiled kernels on disk: damaged, shared, or with no place to go."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SOLVE = """
import sys
import numpy as np
from isingdenoise import ICM, IsingModel
field = np.random.default_rng(0).normal(size=(40, 50))
found = ICM(parallel=False).solve(IsingModel(field, 0.5))
sys.stdout.write(repr(found.energy))
"""


#: What only a compiler needs, and takes longer to load than all kernels.
REPORT = """
print("numba.np.arraymath" in sys.modules, "scipy.linalg" in sys.modules)
import numba
assert numba.njit(lambda x: x.dot(x))(np.ones(3)) == 3  # it is there for who compiles
print("numba.np.arraymath" in sys.modules, "scipy.linalg" in sys.modules)
"""


def start(cache, code=SOLVE, **env):
    """Start a process that compiles or loads the kernels of one engine."""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), **env}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env={k: v for k, v in env.items() if v},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def energy(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert err == ""
    return float(out)


def kernels(cache):
    return sorted(Path(cache).rglob("*.nbc"))


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    cache = tmp_path_factory.mktemp("kernels")
    return cache, energy(start(cache))


@pytest.mark.process
@pytest.mark.slow
def test_kernels_are_kept(warm):
    cache, _ = warm
    before = {path: path.stat().st_mtime_ns for path in kernels(cache)}
    assert before
    energy(start(cache))
    assert {path: path.stat().st_mtime_ns for path in kernels(cache)} == before


@pytest.mark.process
@pytest.mark.slow
def test_what_is_kept_is_loaded_without_a_compiler(warm):
    cache, expected = warm
    out, err = start(cache, SOLVE + REPORT).communicate(timeout=300)
    assert err == ""
    assert out.removeprefix(repr(expected)).split() == ["False", "False", "True", "True"]


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("rest", [0, 20], ids=["empty", "cut short"])
def test_damaged_files_are_compiled_again(warm, suffix, rest):
    cache, expected = warm
    damaged = sorted(cache.rglob(f"*.{suffix}"))
    assert damaged
    for path in damaged:
        path.write_bytes(path.read_bytes()[:rest])
    assert energy(start(cache)) == expected
    assert all(path.stat().st_size > rest for path in kernels(cache))
    assert energy(start(cache)) == expected


@pytest.mark.process
@pytest.mark.slow
def test_two_cold_starts_at_once(tmp_path, warm):
    both = [start(tmp_path) for _ in range(2)]
    assert [energy(process) for process in both] == [warm[1]] * 2
    assert energy(start(tmp_path)) == warm[1]


@pytest.mark.process
@pytest.mark.slow
def test_no_home_and_no_folder(tmp_path, warm):
    """A cache folder that cannot be made, no home: the temporary folder, or none, does."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    for temporary in (str(tmp_path), str(blocked)):
        gone = {"HOME": str(blocked / "home"), "XDG_CACHE_HOME": "", "TMPDIR": temporary}
        assert energy(start(blocked / "cache", **gone)) == warm[1]


def test_the_result_is_a_number(warm):
    assert np.isfinite(warm[1])
