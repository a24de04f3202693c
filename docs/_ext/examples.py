"""Examples in the help of a command stand as code on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

EXAMPLE = "| isingdenoise "


def as_code(app: Sphinx, context: object, lines: list[str]) -> None:
    """Turn the lines that click keeps as they are into blocks of code, in place."""
    found: list[str] = []
    inside = False
    for line in lines:
        example = line.startswith(EXAMPLE)
        if example and not inside:
            found += ["", ".. code-block:: sh", ""]
        elif inside and not example:
            found.append("")
        found.append(f"   {line.removeprefix('| ')}" if example else line)
        inside = example
    lines[:] = found


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen to what sphinx-click is about to write."""
    app.connect("sphinx-click-process-description", as_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
