"""Every command and every example of README and pages runs as printed."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from documented import ROOT, blocks, commands, furnish, run
from isingdenoise_cli.main import COMMANDS

PAGES = [
    "README.md",
    *("docs/noise.md", "docs/library.md", "docs/potts.md", "docs/volumes.md"),
    *(
        f"docs/howto/{name}.md"
        for name in ("everyday", "look", "scans", "masks", "codes", "folder")
    ),
]
# They learn for minutes, or need PyTorch.
SHOWN_ELSEWHERE = {
    "tune",
    "train",
    "experiment",
    "vae train",
    "vae sample",
    "vae score",
    "vae inpaint",
}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def ours(page: str) -> list[str]:
    return [c for c in commands(text_of(page)) if c.startswith("isingdenoise ")]


def test_every_page_of_how_to_is_among_them() -> None:
    found = {p.name for p in (ROOT / "docs" / "howto").glob("*.md")} - {"index.md"}
    assert found == {Path(page).name for page in PAGES if "howto" in page}
    assert all(ours(page) or blocks(text_of(page), "python") for page in PAGES)


def test_each_command_has_an_example_somewhere() -> None:
    pages = [text_of(f"docs/{name}.md") for name in ("prior", "generative", "howto/everyday")]
    every = "\n".join([*map(text_of, PAGES), *pages])
    missing = {name for name in COMMANDS if f"isingdenoise {name} " not in every.replace("\n", " ")}
    assert missing == set()
    run_here = {name for page in PAGES for c in ours(page) for name in COMMANDS if f" {name}" in c}
    assert set(COMMANDS) - run_here <= SHOWN_ELSEWHERE


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs(page: str, tmp_path: Path) -> None:
    """In order: later commands and examples use what earlier ones wrote."""
    text = text_of(page)
    folder = furnish(tmp_path)
    for settings in blocks(text, "toml"):
        (folder / "settings.toml").write_text(settings, encoding="utf-8")
    for command in ours(page):
        done = run(shlex.split(command), folder)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        for name in re.findall(r"(?:-o|--probability|--plot|--report) (\S+\.\w+)", command):
            assert (folder / name).stat().st_size > 0
    for example in blocks(text, "python"):
        done = run([sys.executable, "-W", "error", "-c", example], folder)
        assert done.returncode == 0, f"{example}\n{done.stderr}"


def test_the_table_of_exit_codes_names_those_that_errors_carry() -> None:
    from isingdenoise import errors

    text = text_of("docs/command_line.md").partition("## Exit codes")[2].partition("\n## ")[0]
    table = {int(code) for code in re.findall(r"^\| (\d+)[, ]", text, re.MULTILINE)}
    kinds = (
        errors.ChangeLimitError,
        errors.ParameterError,
        errors.ReadError,
        errors.OverwriteError,
        errors.WriteError,
    )
    assert {kind.exit_code for kind in kinds} <= table
    assert {0, 1, 130, 143} <= table
