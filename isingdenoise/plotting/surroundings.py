"""Loading matplotlib whatever the surroundings say of it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator

__all__ = ["load_unswayed"]

#: What matplotlib reads from the surroundings beside the file `matplotlibrc` of the current folder.
_SWAYING = ("MPLBACKEND", "MATPLOTLIBRC")


def load_unswayed() -> None:
    """Load matplotlib with the settings that it comes with, for a program that is alone.

    It reads `matplotlibrc` of the current folder before any other, and whatever
    variables name: they may be damaged, or belong to other work. The current
    folder and these variables are others meanwhile, so that no other thread
    should run. Where matplotlib is loaded already nothing happens: its
    settings are somebody's own.
    """
    found = importlib.util.find_spec("matplotlib") if "matplotlib" not in sys.modules else None
    if found is None or not found.submodule_search_locations:
        return
    home = found.submodule_search_locations[0]
    data = os.path.join(home, "mpl-data")  # noqa: PTH118
    before = {name: os.environ.pop(name) for name in _SWAYING if name in os.environ}
    try:
        with _folder(data if os.path.isdir(data) else home):  # noqa: PTH112
            importlib.import_module("matplotlib.figure")
    finally:
        os.environ.update(before)


@contextlib.contextmanager
def _folder(path: str) -> Iterator[None]:
    """Make a folder the current one until the block ends; the way back needs no name."""
    if not hasattr(os, "fchdir"):
        with contextlib.chdir(path):
            yield
        return
    here = os.open(".", getattr(os, "O_PATH", os.O_RDONLY))
    try:
        os.chdir(path)
        yield
    finally:
        os.fchdir(here)
        os.close(here)
