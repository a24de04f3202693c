"""The names that arguments take, as types: editors complete them, type checkers refuse others.

The registries are the truth: `NOISE_MODELS`, `ENGINES`, `PRIORS` and `LIGHTS` hold these names
and no others, which a test compares.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["AutoName", "BackgroundName", "EngineName", "NoiseName", "PriorName"]

#: What is left to the picture.
AutoName = Literal["auto"]

#: Of `NOISE_MODELS`, or the choice among them.
NoiseName = Literal[
    "auto",
    "gaussian",
    "gaussian-per-level",
    "laplace",
    "flip",
    "flip-per-level",
    "salt-pepper",
    "speckle",
    "poisson",
    "probability",
]

#: Of `ENGINES`.
EngineName = Literal[
    "mf",
    "icm",
    "gibbs",
    "structured",
    "bp",
    "trw",
    "alpha",
    "mixture",
    "anneal",
    "sa",
    "swendsen-wang",
    "perfect",
    "bbvi",
    "map",
    "qpbo",
    "exact",
    "amortised",
    "boltzmann",
]

#: Of the priors that need no file.
PriorName = Literal["auto", "ising", "learned"]

#: How the light is found.
BackgroundName = Literal["detect", "auto"]
