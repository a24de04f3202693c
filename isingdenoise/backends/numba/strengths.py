"""Strengths for kernels that serve both kinds of coupling with one source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .lattice import Lattice


_NONE = (np.float32(0),) * 4


def strengths_of(lattice: Lattice) -> tuple[Any, Any, Any]:
    """Return a tuple of 4 strengths, packed strengths or None, and True or None.

    The first where edges of one direction have one strength (else it holds zeros), the
    second where each has its own, the third where there are diagonals.
    """
    diagonal = None if lattice.diagonal is None else True
    if lattice.uniform:
        return (*lattice.coupling, *(lattice.diagonal or _NONE[:2])), None, diagonal
    return _NONE, lattice.coupling, diagonal
