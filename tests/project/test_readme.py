"""The README is short, its links lead somewhere, its scripts are there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from documented import ROOT, blocks, commands, run

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 130
    (example,) = blocks(README, "python")
    assert len(example.splitlines()) <= 8


def test_its_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_nothing_in_it_needs_an_address_to_be_pasted() -> None:
    others = [c for c in commands(README) if not c.startswith("isingdenoise ")]
    assert others == [
        "pip install .",
        "uvx --from . isingdenoise run noisy.png",
        "scripts/demo",
    ]
    assert not any("<" in command for command in commands(README))


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("command", re.findall(r"`python (scripts/[^`]+)`", README))
def test_the_scripts_that_measure_know_their_options(command: str) -> None:
    script, *options = command.split()
    done = run([sys.executable, script, "--help"], ROOT)
    assert done.returncode == 0, done.stderr
    assert all(option in done.stdout for option in options if option.startswith("--"))


@pytest.mark.slow
@pytest.mark.process
def test_the_demo(tmp_path: Path) -> None:
    """`scripts/demo` runs as printed; `scripts/test` is what runs this test and what CI calls."""
    assert "scripts/test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert all(os.access(ROOT / "scripts" / name, os.X_OK) for name in ("test", "demo", "docs"))
    done = run([str(ROOT / "scripts" / "demo")], tmp_path)
    assert done.returncode == 0, done.stderr
    said = re.findall(r"^(?:clean|P\(bright\)|all engines)\s+(\S+)$", done.stdout, re.MULTILINE)
    assert len(said) == 3
    assert all((ROOT / path).stat().st_size > 0 for path in said)
