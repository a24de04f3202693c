"""What is said of commands and of a wrong use of them: their options, and what may be meant."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isingdenoise.errors import IsingDenoiseError, ParameterError, nearest

if TYPE_CHECKING:
    from isingdenoise.inference import Advice

#: Options whose name differs from the library's parameter.
_OPTIONS = {
    "rng": "--seed",
    "output": "-o",
    **dict.fromkeys(("horizontal", "vertical", "diagonal", "antidiagonal"), "--coupling"),
    "image": "INPUT",
    "input": "INPUT",
}

#: What helps where an error of the library says so by a key.
_HINTS = {
    "channel": "choose one with --channel",
    "channels": "it has {}, and --channel counts from 1",
    "frame": "choose one with --frame",
    "frames": "it has {}, and --frame counts from 1",
    "levels": "give those of the picture with --levels, or leave them to be estimated",
    "max_change": "check the noise model and its parameters, lower the coupling, or raise "
    "--max-change",
    "max_pages": "raise it with --max-pages if the file can be trusted",
    "max_pixels": "raise it with --max-pixels if the file can be trusted",
    "other_format": "add --format {}, or give the output such a name",
    "one_page": "write a TIFF (--format tiff, or a name in .tif), or one page with --frame",
    "overwrite": "use --force to replace it",
    "overwrite_all": "use --force to replace it (and {} more; --dry-run lists them)",
    "shared_pages": "allow {} with --max-pixels if the file can be trusted",
}


def worded(error: Exception) -> str:
    """Return an error of the library in one line, with the options that help."""
    if not isinstance(error, IsingDenoiseError):
        return str(error)
    what = None
    if isinstance(error, ParameterError):
        what = f"{option_of(error.parameter)}: {error.message}"
    return error.worded(_HINTS, what)


def advised(advice: Advice) -> str:
    """Return what did not go well in one line, with the options that help."""
    return advice.worded("-O {}".format)


def option_of(parameter: str) -> str:
    """Return how the user wrote a parameter of the library."""
    if parameter.startswith("-") or parameter.isupper():
        return parameter
    return _OPTIONS.get(parameter, "--" + parameter.replace("_", "-"))


def parameter_of(command: click.Command, option: str) -> str:
    """Return the command's parameter that an option sets, or nothing."""
    word = option.partition(" ")[0]  # -O NAME
    return next((str(p.name) for p in command.params if word in p.opts), "")


def name_like_an_option(error: click.UsageError, words: list[str]) -> str | None:
    """Return what was taken for options though it looks like the name of a file."""
    unknown = error.option_name[-1] if isinstance(error, click.NoSuchOption) else None
    for word in words[: words.index("--")] if "--" in words else words:
        if word.startswith("-") and word != "-":
            named = unknown is not None and unknown in word and "=" not in word
            named = named and Path(word).suffix != ""
            if named or os.path.lexists(word):
                return word
    return None


def unknown_command(name: str, known: Iterable[str]) -> str:
    """Return what to say of an unknown command."""
    return f"No such command {name!r}{nearest(name, known)}"


def unknown_option(error: click.NoSuchOption) -> str:
    """Return what to say of an unknown option."""
    name, known = error.option_name, error.possibilities or ()
    return f"No such option {name!r}{nearest(name, known)}"
