"""What became of a picture in parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..result import DenoiseResult

__all__ = ["ChunkedResult"]


@dataclass(eq=False)
class ChunkedResult:
    """What became of a picture in parts.

    Attributes
    ----------
    shape : tuple of int
        (H, W).
    sides : tuple of int
        Height and width of a part.
    parts : int
        How many there were.
    halo : int
        Surroundings of a part in pixels, where borders asked for no more.
    widest : int
        The largest surroundings that a border asked for.
    again : int
        Parts that were solved again with larger ones.
    workers : int
        Parts that were worked on at a time.
    sample : DenoiseResult
        What `denoise` made of the sample that decided noise, coupling and prior.
    solver : Engine
        What solved the parts.
    to_white, to_black : int
        Pixels that changed against the thresholded picture.
    known : int
        Pixels that are not missing.
    bright : int
        Pixels that came out bright.
    updates : int
        Updates of sites, those of surroundings too.
    residual : float
        The largest abs(tanh(a) - mean) within parts and over their borders.
    over_borders : float
        The same over borders alone.
    converged : bool
        Whether both are within the engine's tolerance.
    missing : int
        Chunks of the source that were never written.
    seconds : dict of str to float
        Time for the estimates, the parts and what follows from the whole.
    """

    shape: tuple[int, int]
    sides: tuple[int, int]
    parts: int
    halo: int
    workers: int
    sample: DenoiseResult
    solver: Any
    missing: int = 0
    widest: int = 0
    again: int = 0
    to_white: int = 0
    to_black: int = 0
    known: int = 0
    bright: int = 0
    updates: int = 0
    residual: float = 0.0
    over_borders: float = 0.0
    converged: bool = True
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def changed(self) -> float:
        """Share of the known pixels that changed."""
        return (self.to_white + self.to_black) / self.known if self.known else 0.0
