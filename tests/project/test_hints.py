"""What errors and warnings advise: in the library's words, and as options in the command's."""

import pickle
import re

import pytest
from isingdenoise_cli.framework import usage

from isingdenoise.errors import (
    HINTS,
    ChangeLimitError,
    IsingDenoiseError,
    OverwriteError,
    ParameterError,
    ReadError,
)
from isingdenoise.inference import Advice


def test_the_command_has_words_of_its_own_for_every_hint():
    assert set(usage._HINTS) == set(HINTS)
    for key, text in HINTS.items():
        assert "{}" not in text or "{}" in usage._HINTS[key]
        assert "--" in usage._HINTS[key]


@pytest.mark.parametrize(
    ("error", "library", "command"),
    [
        (
            OverwriteError("x.png", "exists", "overwrite"),
            "x.png: exists; allow it to be overwritten",
            "x.png: exists; use --force to replace it",
        ),
        (
            ReadError("x.tif", "has no such page", "frames:3"),
            "x.tif: has no such page; it has 3, and frame counts from 0",
            "x.tif: has no such page; it has 3, and --frame counts from 1",
        ),
        (
            ReadError("x.tif", "has pages that share what is stored", "shared_pages:70"),
            "x.tif: has pages that share what is stored; "
            "let max_pixels be 70 if the file can be trusted",
            "x.tif: has pages that share what is stored; "
            "allow 70 with --max-pixels if the file can be trusted",
        ),
        (
            ParameterError("flip_prob", "holds one page", "one_page"),
            "flip_prob: holds one page; write a TIFF, or one page by its frame",
            "--flip-prob: holds one page; "
            "write a TIFF (--format tiff, or a name in .tif), or one page with --frame",
        ),
        (ReadError("{x}", "is {odd}", "unheard"), "{x}: is {odd}", "{x}: is {odd}"),
        (IsingDenoiseError("plain"), "plain", "plain"),
        (ValueError("another's"), "another's", "another's"),
    ],
)
def test_an_error_advises_in_the_words_of_who_prints_it(error, library, command):
    assert str(error) == library
    assert usage.worded(error) == command
    assert usage.worded(pickle.loads(pickle.dumps(error))) == command


def test_a_limit_of_change_is_raised_by_its_name():
    error = ChangeLimitError(0.5, 0.1, "x.png")
    assert str(error).endswith("lower the coupling, or raise max_change")
    assert usage.worded(error).endswith("lower the coupling, or raise --max-change")


@pytest.mark.parametrize(
    ("advice", "library"),
    [
        (Advice("it ran out", ("sweeps", "burn_in")), "it ran out; raise sweeps or burn_in"),
        (Advice("it ran out", ("sweeps", "tol"), True), "it ran out; raise sweeps and tol"),
        (Advice("all is dark"), "all is dark"),
    ],
)
def test_settings_are_named_as_they_are_given(advice, library):
    assert str(advice) == library
    expected = re.sub(r"\b(sweeps|burn_in|tol)\b", r"-O \1", library)
    assert usage.advised(advice) == expected
