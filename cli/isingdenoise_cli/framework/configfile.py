"""The TOML file of settings: read whole, and refused where parsing it would take for ever."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

from isingdenoise.errors import IsingDenoiseError, ReadError, printable

_LARGEST_FILE = 1 << 20
_DEEPEST = 8  # names in a key, and brackets in brackets; a setting needs two
#: Strings and comments of TOML. Each alternative matches to the end where its own is missing,
#: so that no character is looked at twice.
_NO_KEYS = re.compile(
    r"""#[^\n]*|\"{3}(?:\\.|[^\\])*?(?:\"{3}|\\?\Z)|'{3}.*?(?:'{3}|\Z)"""
    r"""|"(?:\\.|[^"\\\n])*(?:"|\\?\Z|(?=\n))|'[^'\n]*(?:'|\Z|(?=\n))""",
    re.DOTALL,
)
_NAME = r"""(?:(?<![\w-])[\w-]++|"")"""
_DEEP_KEY = re.compile(rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME}){{{_DEEPEST}}}")


class ConfigError(IsingDenoiseError):
    """A setting that is not on the command line is wrong."""

    exit_code = 2


def read_file(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises
    ------
    ReadError
        It cannot be read, or is no regular file.
    ConfigError
        It is no TOML.
    """
    import tomllib

    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ReadError(path, "is no regular file and cannot be the config file")
            data = stream.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, ReadError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise ReadError(path, f"cannot be read as config file ({reason})") from error
    if len(data) > _LARGEST_FILE:
        raise ConfigError(f"{printable(path)}: is no config file: larger than 1 MiB")
    try:
        text = data.decode("utf-8-sig")
        if _is_deep(text):
            raise ConfigError(f"{printable(path)}: is no TOML of settings: nested too deeply")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{printable(path)}: is no TOML: {error}") from error


def _is_deep(text: str) -> bool:
    """Tell whether a file holds what takes a parser of TOML minutes: deep keys, deep brackets."""
    bare = _NO_KEYS.sub(lambda found: "" if found[0][0] == "#" else '""', text)
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", bare):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEEPEST:
            return True
    return _DEEP_KEY.search(bare) is not None
