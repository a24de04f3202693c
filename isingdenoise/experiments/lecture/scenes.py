"""Pictures of the lecture's examples, drawn from a font; and their posteriors."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...coupling import Coupling
from ...generative import font_files
from ...io import draw_glyph
from ...model import IsingModel
from ...noise import NoiseModel, field_and_offset, unit_scale

__all__ = ["letter", "page", "posterior", "scenes", "start", "strip"]

_LINES = (
    "Each spin asks its",
    "neighbours, and all",
    "of them have heard",
    "nothing but rumours",
)


@cache
def letter() -> NDArray[np.bool_]:
    """Return the letter A, 64 x 64, black on white."""
    return _kept(draw_glyph("A", font_files()[0], 64, (64, 64), (0, 0)))


@cache
def page() -> NDArray[np.bool_]:
    """Return four lines of text, 144 x 288, black on white."""
    lines = [draw_glyph(line, font_files()[0], 28, (36, 288), (0, 0)) for line in _LINES]
    return _kept(np.vstack(lines))


@cache
def strip(height: int = 12, width: int = 64) -> NDArray[np.bool_]:
    """Return a word so low that its posterior can be summed over exactly."""
    return _kept(draw_glyph("neighbours", font_files()[0], height - 1, (height, width), (0, 0)))


def scenes() -> dict[str, NDArray[np.bool_]]:
    """Return the letter and the page by their names."""
    return {"letter": letter(), "page": page()}


def posterior(x: NDArray[Any], noise: NoiseModel, coupling: float) -> IsingModel:
    """Return the model of what is behind a noisy picture, with four neighbours."""
    field, offset = field_and_offset(noise, x)
    return IsingModel(field, Coupling.nearest(coupling), offset)


def start(x: NDArray[Any], noise: NoiseModel) -> NDArray[np.float32]:
    """Return the noisy picture as means, on the scale of -1 and +1 and cut off there."""
    return np.clip(unit_scale(noise, x), np.float32(-1), np.float32(1))


def _kept(picture: NDArray[Any]) -> NDArray[np.bool_]:
    """Return a picture that nobody can change: it is kept for the next one who asks."""
    own = np.array(picture, np.bool_)
    own.flags.writeable = False
    return own
