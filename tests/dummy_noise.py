"""A noise model that the package does not have: one file, as anybody would add it."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from isingdenoise import NoiseModel
from isingdenoise.noise import Unit, parameter


@dataclass(frozen=True)
class DummyNoise(NoiseModel):
    """Pixels are flipped, and `tint`, `reach` and `plain` are carried along."""

    name: ClassVar[str] = "dummy"
    summary: ClassVar[str] = "flips, for a test"

    tint: float = parameter(
        0.2, "How much is tinted", unit=Unit.SHARE, low=0, high=0.5, low_open=True
    )
    reach: int | None = parameter(None, "How far it reaches in pixels", low=1, high=99)
    wobbles: tuple[float, float] = parameter(
        (0.5, 0.5), "Wobble of black and of white", unit=Unit.SPREAD, option="wobble", low=0.0
    )
    levels: tuple[float, float] = parameter(
        (-1.0, 1.0), "Grey values of black and white", unit=Unit.LEVEL, option="levels"
    )
    plain: float = 3.0

    @property
    def two_valued(self):
        return True

    def log_likelihood(self, x):
        grey = np.where(x, 1.0, -1.0) if x.dtype == bool else x.astype(np.float64)
        bright = grey >= sum(self.levels) / 2
        same, other = np.log(1 - self.tint), np.log(self.tint)
        return np.where(bright, other, same), np.where(bright, same, other)

    def sample(self, z, rng):
        flipped = rng.random(z.shape) < self.tint
        return np.where((z > 0) ^ flipped, *map(np.float32, self.levels[::-1]))

    def fit(self, x, mean):
        return replace(self)

    @classmethod
    def from_image(cls, x, *, mask=None, levels=None, **known):
        if levels is None:
            levels = (-1.0, 1.0) if x.dtype == bool else (float(x.min()), float(x.max()))
        return cls(levels=levels, **{"reach": 7, **known})
