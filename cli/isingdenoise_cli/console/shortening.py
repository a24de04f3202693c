"""Long values in a line: cut, so that the line can be read."""

from __future__ import annotations

import os
import re

from isingdenoise.errors import can_be_a_name

#: So many characters of a value are repeated in a line.
_LONGEST = 200
_QUOTED = r"""(?<!\w)(?P<quote>['"])(?P<value>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)"""
_LONG = re.compile(rf"""{_QUOTED}|[^\s'"]{{{_LONGEST + 1},}}""")


def shortened(text: str) -> str:
    """Return a line in which long values are cut: those in quotes, and long words.

    Names that a file can have stay whole, as long as they stand without
    quotes: one has to find the file.
    """
    return _LONG.sub(_cut_found, text)


def cut(value: str) -> str:
    """Return the beginning of a value, with dots where there is more."""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."


def _cut_found(found: re.Match[str]) -> str:
    if found["quote"]:
        return f"{found['quote']}{cut(found['value'])}{found['quote']}"
    word = found[0]
    return word if os.sep in word and can_be_a_name(word.rstrip(":;,")) else cut(word)
