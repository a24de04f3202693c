"""What was assumed of a picture, and how much speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

__all__ = ["LEFT_ALONE", "Fit"]

#: The hypothesis that what is seen, thresholded, is what there is.
LEFT_ALONE = "leave alone"


@dataclass(frozen=True)
class Fit:
    """Which hypothesis about the noise was taken, and by how much it leads.

    Attributes
    ----------
    assumed : str
        The name of the noise model, or `LEFT_ALONE`.
    evidence : mapping of str to float
        Nats by which each noise model that was tried leads 'leave alone', its
        handicap taken off; below 0 where it trails.
    kept : int
        Pixels that stand against their neighbours and stay, because the same
        pattern of 3 x 3 pixels repeats in the picture.
    notes : tuple of str
        Short sentences: what was seen, what was left alone and why.
    """

    assumed: str
    evidence: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    kept: int = 0
    notes: tuple[str, ...] = ()

    @property
    def left_alone(self) -> bool:
        """Whether the picture is thresholded and nothing else."""
        return self.assumed == LEFT_ALONE

    def record(self) -> dict[str, Any]:
        """Return it as plain values with stable keys."""
        return {
            "assumed": self.assumed,
            "evidence": dict(self.evidence),
            "kept": self.kept,
            "notes": list(self.notes),
        }
