"""What is decided once for all parts: noise, prior, coupling, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..coupling import Coupling
from ..inference import Engine
from ..learning import Calibration, PatternRule, thresholded
from ..noise import NoiseModel, field_and_offset, observed, unit_scale

__all__ = ["Fields", "Recipe"]

_TABLED = (np.dtype(np.bool_), np.dtype(np.uint8), np.dtype(np.uint16))

#: Field, start and which pixels are known (None: all).
Fields = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_] | None]


@dataclass(frozen=True, eq=False)
class Recipe:
    """How every part is cleaned.

    Attributes
    ----------
    noise : NoiseModel
        Of the picture.
    coupling : Coupling
        One strength for each direction.
    calibration : Calibration or None
        How means become probabilities.
    solver : Engine
        `MeanField`, `ICM` or `Amortised`, with their settings.
    patterns : PatternRule or None
        How fields become firm where patterns repeat.
    dtype : data type
        Of the picture.
    """

    noise: NoiseModel
    coupling: Coupling
    calibration: Calibration | None
    solver: Engine
    patterns: PatternRule | None
    dtype: np.dtype[Any]

    @property
    def learned(self) -> bool:
        """Whether the prior is a learned one."""
        return bool(self.solver.traits.learned)

    @cached_property
    def _tables(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Field and start of each value that the picture may have; None of many."""
        if self.dtype not in _TABLED:
            return None
        last = 1 if self.dtype == np.bool_ else np.iinfo(self.dtype).max
        values = np.arange(last + 1).astype(self.dtype)[None]
        field, _ = field_and_offset(self.noise, values, part=True)
        return field[0], unit_scale(self.noise, values)[0]

    def prepare(self) -> None:
        """Make what all parts share, before there are threads."""
        self._tables  # noqa: B018

    def fields(self, x: NDArray[Any]) -> Fields:
        """Return field and start of a part, as `denoise` has them of a whole picture."""
        tables = self._tables
        known = None
        if tables is not None:
            place = x.view(np.uint8) if x.dtype == np.bool_ else x
            field, start = (np.take(table, place) for table in tables)
        else:
            field, _ = field_and_offset(self.noise, x, part=True)
            start = unit_scale(self.noise, x)
            if x.dtype.kind == "f":
                known = observed(x, None)
                known = None if known.all() else known
        if self.patterns is not None:
            self.patterns.apply(field, thresholded(self.noise, x))
        return field, start, known
