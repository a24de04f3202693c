"""What determines a training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import ParameterError
from ..validation import check_choice, check_int, check_real, store

__all__ = ["Plan"]

#: Planes at a half, a quarter and an eighth of the picture's resolution; a Boltzmann machine's
#: hidden spins at a half and a quarter.
PLANES = {"network": (32, 40, 48), "machine": (48, 48)}
MIDDLE = 3  # residual blocks at the coarsest resolution
FOLD = 8  # pixels that become one at the coarsest resolution


@dataclass(frozen=True)
class Plan:
    """What determines a training run, beside the pictures.

    Attributes
    ----------
    steps, size, side : int
        Number of steps, pictures of a step, pixels of a side (a multiple of 8).
    rate : float
        Largest learning rate.
    seed : int
        Of weights and pictures.
    objective : {"prediction", "elbo"}
        Cross entropy with the clean picture; or, without any clean picture, the evidence
        lower bound of the Ising model with `coupling`.
    coupling : float
        Strength on four neighbours, for "elbo".
    small : float
        How much more the pixels of parts of at most six pixels count, for "prediction".
    planes, middle
        Width of the network at its resolutions, by default those of `PLANES`, and its blocks
        at the coarsest; a Boltzmann machine has none.
    start : str
        Digest of the file of weights to start from; none if empty.
    precision : {"bfloat16", "float32"}
        Of the factors of products; sums and weights are float32.
    kind : {"network", "machine"}
        What is trained: the network of `Amortised`, or the machine of `Boltzmann`, for which each
        picture has couplings.

    Raises
    ------
    ParameterError
        A value is out of range.
    """

    steps: int = 18_000
    size: int = 16
    side: int = 128
    rate: float = 2e-3
    seed: int = 0
    objective: Literal["prediction", "elbo"] = "prediction"
    coupling: float = 0.6
    small: float = 2.0
    planes: tuple[int, ...] = ()
    middle: int = MIDDLE
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    start: str = ""
    kind: Literal["network", "machine"] = "network"

    def __post_init__(self) -> None:
        fold = check_int("side", self.side, low=2 * FOLD) // FOLD
        store(
            self,
            steps=check_int("steps", self.steps, low=1),
            size=check_int("size", self.size, low=1),
            side=fold * FOLD,
            rate=check_real("rate", self.rate, low=0, low_open=True),
            seed=check_int("seed", self.seed, low=0),
            objective=check_choice("objective", self.objective, ["prediction", "elbo"]),
            coupling=check_real("coupling", self.coupling),
            small=check_real("small", self.small, low=0),
            middle=check_int("middle", self.middle, low=1),
            precision=check_choice("precision", self.precision, ["bfloat16", "float32"]),
            kind=check_choice("kind", self.kind, list(PLANES)),
        )
        planes = self.planes or PLANES[self.kind]
        store(self, planes=tuple(check_int("planes", p, low=1) for p in planes))
        if self.kind == "machine" and self.objective == "elbo":
            raise ParameterError("objective", "elbo is for networks; a machine has its own bound")
