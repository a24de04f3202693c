"""Tests the package where the main environment does not: old dependencies, other Pythons.

    python scripts/matrix.py [--list] [TEST ...]

The main environment has the newest dependencies on one Python. This makes an
environment with the lowest versions that pyproject.toml allows, one with
the newest on every other Python of the machine (3.11 and later, from PATH and
pyenv), and one with napari, whose fixtures would reach into other tests. It
installs the package there and runs the tests below, two environments
at a time. Environments stay in .matrix/ and are brought up to date by the next
call. It needs uv, which the test extra brings.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".matrix"
OLDEST = (3, 11)
#: What decides whether a dependency fits: kernels, files, figures, the command line.
TESTS = (
    "tests/contract/test_contract.py",
    "tests/project/test_imports.py",
    "tests/io/test_io_fidelity.py",
    "tests/library/test_plotting.py",
    "tests/cli/test_cli_run.py",
)
#: What is tested where napari is.
NAPARI_TESTS = ("tests/plugins/test_napari_plugin.py",)
#: What the tests need beside the package: always the newest.
TOOLS = (
    *("pytest", "pytest-xdist", "hypothesis", "scipy", "tifffile", "segno"),
    "opencv-python-headless",
)
#: A test that turns warnings into errors by itself.
_STRICT = "tests/library/test_plotting.py::test_drawing_leaves_pyplot_and_the_settings_alone"
#: Prints the version, and 1 for a Python without the lock, for which numba has no wheels.
_VERSION = """
import sys, sysconfig
print(*sys.version_info[:2], sysconfig.get_config_var("Py_GIL_DISABLED") or 0)
"""


@dataclass(frozen=True)
class Environment:
    """A Python, which dependencies it gets, and what is tested there."""

    name: str
    python: str
    lowest: bool = False
    extras: str = ""
    tests: tuple[str, ...] = TESTS
    choice: str = "not slow"

    @property
    def folder(self) -> Path:
        return HOME / self.name

    @property
    def interpreter(self) -> str:
        scripts = "Scripts" if os.name == "nt" else "bin"
        return str(self.folder / scripts / "python")


def pythons() -> dict[tuple[int, int], str]:
    """Return the Pythons of the machine that are new enough, one for each minor version."""
    names = [shutil.which(f"python3.{minor}") for minor in range(OLDEST[1], 30)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        sys.executable,
        *filter(None, names),
        *map(str, pyenv.glob("versions/*/bin/python")),
    ]
    found: dict[tuple[int, int], str] = {}
    for candidate in candidates:
        done = subprocess.run(
            [candidate, "-c", _VERSION], capture_output=True, text=True, check=False
        )
        if done.returncode != 0 or not re.fullmatch(r"\d+ \d+ 0\s*", done.stdout):
            continue  # a shim without a Python behind it, too
        major, minor, _ = map(int, done.stdout.split())
        if (major, minor) >= OLDEST:
            found.setdefault((major, minor), candidate)
    return found


def environments() -> list[Environment]:
    """Return what is to be tested: the lowest dependencies on the oldest Python come first."""
    found = pythons()
    oldest = min(found)
    lowest = Environment(f"lowest-{oldest[0]}.{oldest[1]}", found[oldest], lowest=True)
    here = sys.version_info[:2]
    others = [v for v in sorted(found) if v != here]
    newest = [Environment(f"newest-{v[0]}.{v[1]}", found[v]) for v in others]
    napari = Environment("napari", sys.executable, extras="[napari]", tests=NAPARI_TESTS, choice="")
    return [lowest, napari, *newest]


def uv(*args: str) -> list[str]:
    """Return a command of uv, which downloads no Python of its own."""
    own = Path(sysconfig.get_path("scripts")) / ("uv.exe" if os.name == "nt" else "uv")
    return [str(own) if own.exists() else "uv", *args, "--quiet", "--no-python-downloads"]


def install(environment: Environment) -> None:
    """Make an environment, or bring it up to date; one at a time, for they build in one folder.

    Raises
    ------
    subprocess.CalledProcessError
        A dependency cannot be had.
    """
    pip = uv("pip", "install", "--python", environment.interpreter)
    which = ["--resolution", "lowest-direct"] if environment.lowest else ["--upgrade"]
    place = str(environment.folder)
    for step in (
        uv("venv", "--allow-existing", "--python", environment.python, place),
        [*pip, *which, "--editable", f".{environment.extras}"],
        [*pip, *TOOLS],
    ):
        subprocess.run(step, cwd=ROOT, check=True)


def test(environment: Environment, tests: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run tests in an environment, and catch what they print.

    Old versions warn of what the newest ones of their own dependencies call old: there,
    warnings are no errors.
    """
    mercy = ["-W", "default", "--deselect", _STRICT] if environment.lowest else []
    command = [environment.interpreter, "-m", "pytest", "-q", "-p", "no:cacheprovider", *mercy]
    command += ["-m", environment.choice, *(tests or environment.tests)]
    pipe = subprocess.PIPE
    return subprocess.run(
        command, cwd=ROOT, stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="name the environments, and do nothing")
    parser.add_argument("tests", nargs="*")
    asked = parser.parse_args()
    planned = environments()
    if asked.list:
        print("\n".join(f"{e.name:<14} {e.python}" for e in planned))
        return 0
    for environment in planned:
        install(environment)
    worst = 0
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda environment: test(environment, asked.tests), planned)
        for environment, done in zip(planned, results, strict=True):
            text = done.stdout if done.returncode else done.stdout.strip().splitlines()[-1]
            print(f"-- {environment.name}: {text}", flush=True)
            worst = worst or done.returncode
    return worst


if __name__ == "__main__":
    sys.exit(main())
