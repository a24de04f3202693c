"""Figures as the bytes of a file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PANEL", "render"]

PANEL = 3.2  # inches a panel is wide


def render(figure: Figure, format: str) -> bytes:  # noqa: A002 - matplotlib's own word
    """Return a figure as the bytes of a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to render.
    format : str
        "png", "pdf", "svg" or whatever else matplotlib writes.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format=format)
    return buffer.getvalue()
