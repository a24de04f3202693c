"""Every command and every example of the README runs as printed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


COMMANDS = [
    line.split("#")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if line.strip()
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the files the README speaks of."""
    path = tmp_path_factory.mktemp("readme")
    samples = ROOT / "sample_images"
    shutil.copy(samples / "letter_a_gaussian.png", path / "noisy.png")
    shutil.copy(samples / "letter_a_flip.png", path / "fax.png")
    (path / "settings.toml").write_text(blocks("toml")[0], encoding="utf-8")
    (path / "scans").mkdir()
    for name in ("letter_a_flip.png", "qr_code_flip.png"):
        shutil.copy(samples / name, path / "scans" / name)
    return path


def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) >= 10
    assert len(blocks("python")) == 3


@pytest.mark.slow
def test_commands(folder: Path) -> None:
    """The daily commands, in order: later ones use what earlier ones wrote."""
    for command in COMMANDS:
        words = shlex.split(command)
        if words[0] != "isingdenoise":
            continue
        done = run(words, folder)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert "warning" not in done.stderr, done.stderr
    written = ["noisy.denoised.png", "clean.png", "sure.tif", "table.png", "noisier.png"]
    assert all((folder / name).stat().st_size > 0 for name in written)
    assert len(list((folder / "cleaned").glob("[!.]*"))) == 2


@pytest.mark.slow
@pytest.mark.parametrize("example", blocks("python"))
def test_examples(example: str, folder: Path) -> None:
    done = run([sys.executable, "-W", "error", "-c", example], folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_scripts(tmp_path: Path) -> None:
    """`scripts/demo` runs as printed; `scripts/test` is what runs this test and what CI calls."""
    others = [c for c in COMMANDS if not c.startswith("isingdenoise")]
    assert [c for c in others if not c.startswith("git clone")] == ["scripts/demo", "scripts/test"]
    assert "scripts/test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert os.access(ROOT / "scripts" / "test", os.X_OK)
    done = run([str(ROOT / "scripts" / "demo")], tmp_path)
    assert done.returncode == 0, done.stderr
    said = re.findall(r"^(?:clean|P\(bright\)|all engines)\s+(\S+)$", done.stdout, re.MULTILINE)
    assert len(said) == 3
    assert all((ROOT / path).stat().st_size > 0 for path in said)


def test_exit_codes() -> None:
    """The table names the codes that the errors carry."""
    from isingdenoise import errors

    table = {int(code) for code in re.findall(r"^\| (\d+)[, ]", README, re.MULTILINE)}
    kinds = (
        errors.ChangeLimitError,
        errors.ParameterError,
        errors.ReadError,
        errors.OverwriteError,
        errors.WriteError,
    )
    assert {kind.exit_code for kind in kinds} <= table
    assert {0, 1, 130, 143} <= table
