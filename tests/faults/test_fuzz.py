"""Thousands of damaged files, read in a child that may die: none does harm."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from faulty import linux

FUZZ = Path(__file__).resolve().parents[2] / "scripts" / "fuzz.py"
INPUTS = 20_000  # and not as many as a time allows, which another machine would not read


def fuzz(*options):
    done = subprocess.run(
        [sys.executable, FUZZ, *map(str, options)],
        capture_output=True,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    assert done.stderr == ""
    *found, summary = map(json.loads, done.stdout.splitlines())
    return done.returncode, found, summary


@pytest.mark.slow
@linux
def test_no_damaged_file_does_harm():
    code, found, summary = fuzz("--seed", 0, "--least", INPUTS, "--seconds", 0)
    harm = [line for line in found if line["harm"] != "slow"]
    assert (code, harm) == (0, []), summary["again"]
    assert summary["read"] == INPUTS


@pytest.mark.slow
@linux
@pytest.mark.parametrize(
    ("plant", "harm"),
    [
        ("signal", f"ended with {-signal.SIGSEGV}"),
        ("word", "said"),
        ("file", "wrote"),
        ("error", "an error of another kind"),
        ("memory", "takes more memory"),
    ],
)
def test_harm_is_seen(plant, harm):
    """Controls: each kind of harm, planted at two inputs, is reported at both."""
    code, found, summary = fuzz("--seed", 0, "--least", 110, "--seconds", 0, "--plant", plant)
    assert code == 1
    assert [line["input"] for line in found] == [7, 107]
    assert all(line["harm"].startswith(harm) for line in found)
    assert (summary["read"], summary["harm"]) == (110, 2)


@pytest.mark.slow
@linux
def test_an_input_can_be_made_again(tmp_path):
    for name in ("one", "two"):
        fuzz("--seed", 3, "--only", 17, "--save", tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() != b""
    fuzz("--seed", 3, "--only", 18, "--save", tmp_path / "two")
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()
