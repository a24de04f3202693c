"""Values of thousands of characters: a line repeats the first 200 of them."""

import re

import numpy as np
import pytest
from command_line import invoke, one_line, save_noisy
from isingdenoise_cli.console.shortening import shortened

from isingdenoise import Gibbs, MeanField, ParameterError, denoise

LONG = "x" * 5000
DIGITS = "9" * 5000
MORE = 700  # what a line says beside the value


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return save_noisy(tmp_path / "n.png", size=8)


@pytest.mark.parametrize(
    "value", [LONG, DIGITS, "a b" * 2000, "1," * 2000, "é\n" * 900, "'\"" * 900]
)
@pytest.mark.parametrize(
    "option",
    [
        *(
            "--noise=",
            "--sigma=",
            "--levels=",
            "--coupling=",
            "--seed=",
            "--max-change=",
            "--frame=",
        ),
        *(
            "--engine=",
            "-O",
            "-Otol=",
            "-Omax_sweeps=",
            "-Oschedule=",
            "--format=",
            "--",
            "--config=",
        ),
        *("--mask=", "--probability=", "-o", ""),
    ],
)
def test_an_error_repeats_the_beginning_of_a_value(noisy, option, value):
    done = invoke("run", noisy, f"{option}{value}")
    assert done.code in (2, 3, 5, 1), done
    assert 20 < len(one_line(done)) < 200 + MORE
    if value == LONG:
        assert re.search("(?<!x)x{190,200}(?!x)", done.stderr)


@pytest.mark.parametrize("value", [LONG, "a b" * 2000])
def test_the_same_elsewhere(noisy, monkeypatch, tmp_path, value):
    assert len(one_line(invoke(value))) < 200 + MORE
    file = tmp_path / "c.toml"
    for content in (
        f'noise = "{value}"',
        f'"{value}" = 1',
        f'["{value}"]\na = 1',
        f'run."{value}"=1',
    ):
        file.write_text(content)
        done = invoke("run", noisy, "--config", file)
        assert done.code == 2
        assert len(one_line(done)) < 200 + MORE
    monkeypatch.setenv("ISINGDENOISE_NOISE", value)
    assert len(one_line(invoke("run", noisy))) < 200 + MORE


def test_what_is_short_stays(noisy):
    value = "y" * 200
    assert f"'{value}'" in one_line(invoke("run", noisy, "--noise", value))
    assert shortened("it's the user's 'a' and \"b\"") == "it's the user's 'a' and \"b\""
    assert shortened(f"'{value}y'") == f"'{value}...'"


def test_names_of_files_stay_whole(tmp_path):
    folder = "/".join(["f" * 200] * 3)
    line = one_line(invoke("run", tmp_path / folder / "x.png"))
    assert str(tmp_path / folder / "x.png") in line


@pytest.mark.parametrize("wrong", [LONG, 10**5000, list(range(5000)), np.zeros((99, 99))], ids=type)
def test_the_library_cuts_too(wrong):
    for call in (
        lambda: MeanField(tol=wrong),
        lambda: Gibbs(chains=wrong),
        lambda: MeanField(schedule=wrong),
        lambda: MeanField(parallel=wrong),
        lambda: denoise(np.zeros((2, 2), bool), wrong if isinstance(wrong, str) else LONG),
    ):
        with pytest.raises(ParameterError) as caught:
            call()
        assert len(str(caught.value)) < 400
        assert "\n" not in str(caught.value)
