"""Denoise two-level pictures with an Ising Markov random field.

    >>> import numpy as np
    >>> from isingdenoise import denoise
    >>> noisy = np.random.default_rng(0).normal(np.repeat([-1.0, 1.0], 512), 0.5).reshape(32, 32)
    >>> result = denoise(noisy, "gaussian")
    >>> result.image.shape, result.probability.dtype
    ((32, 32), dtype('float32'))

Names load on first use: importing the package loads neither numba nor
matplotlib nor scikit-image.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

from ._version import __version__

if TYPE_CHECKING:
    from .api import denoise
    from .background import estimate_background
    from .coupling import Coupling
    from .errors import (
        CardError,
        ChangeLimitError,
        ClusterError,
        EngineRefusalError,
        IsingDenoiseError,
        OverwriteError,
        ParameterError,
        ReadError,
        TimeLimitError,
        WriteError,
    )
    from .inference import (
        ENGINES,
        ICM,
        AlphaDivergence,
        Amortised,
        AnnealedMeanField,
        BeliefPropagation,
        BlackBox,
        Boltzmann,
        Engine,
        Exact,
        Gibbs,
        GraphCut,
        MeanField,
        MixtureMeanField,
        PerfectSampler,
        RoofDual,
        SimulatedAnnealing,
        Solution,
        Status,
        Step,
        StructuredMeanField,
        SwendsenWang,
        Trace,
        TransferMatrix,
        TreeReweighted,
        renyi_bound,
    )
    from .learning import Calibration, Estimate, Learned, estimate, learn
    from .memory import memory_to_denoise
    from .messages import ConvergenceWarning
    from .model import IsingModel
    from .noise import (
        NOISE_MODELS,
        EstimationWarning,
        FlipNoise,
        FlipPerLevelNoise,
        GaussianNoise,
        GaussianPerLevelNoise,
        LaplaceNoise,
        NoiseModel,
        NoiseSpec,
        PoissonNoise,
        ProbabilityNoise,
        SaltPepperNoise,
        SpeckleNoise,
    )
    from .restoration import denoise_ising
    from .result import DenoiseResult

__all__ = [
    "ENGINES",
    "ICM",
    "NOISE_MODELS",
    "AlphaDivergence",
    "Amortised",
    "AnnealedMeanField",
    "BeliefPropagation",
    "BlackBox",
    "Boltzmann",
    "Calibration",
    "CardError",
    "ChangeLimitError",
    "ClusterError",
    "ConvergenceWarning",
    "Coupling",
    "DenoiseResult",
    "Engine",
    "EngineRefusalError",
    "Estimate",
    "EstimationWarning",
    "Exact",
    "FlipNoise",
    "FlipPerLevelNoise",
    "GaussianNoise",
    "GaussianPerLevelNoise",
    "Gibbs",
    "GraphCut",
    "IsingDenoiseError",
    "IsingModel",
    "LaplaceNoise",
    "Learned",
    "MeanField",
    "MixtureMeanField",
    "NoiseModel",
    "NoiseSpec",
    "OverwriteError",
    "ParameterError",
    "PerfectSampler",
    "PoissonNoise",
    "ProbabilityNoise",
    "ReadError",
    "RoofDual",
    "SaltPepperNoise",
    "SimulatedAnnealing",
    "Solution",
    "SpeckleNoise",
    "Status",
    "Step",
    "StructuredMeanField",
    "SwendsenWang",
    "TimeLimitError",
    "Trace",
    "TransferMatrix",
    "TreeReweighted",
    "WriteError",
    "__version__",
    "denoise",
    "denoise_ising",
    "estimate",
    "estimate_background",
    "learn",
    "memory_to_denoise",
    "renyi_bound",
]

# Else what is logged above INFO would reach stderr where nobody asked for it.
logging.getLogger(__name__).addHandler(logging.NullHandler())

# Where each public name lives: the imports above, for when they are needed.
_NAMES = {
    "api": """
        denoise
    """,
    "background": """
        estimate_background
    """,
    "coupling": """
        Coupling
    """,
    "errors": """
        CardError ChangeLimitError ClusterError EngineRefusalError IsingDenoiseError
        OverwriteError
        ParameterError
        ReadError TimeLimitError WriteError
    """,
    "inference": """
        RoofDual
        GraphCut
        SimulatedAnnealing
        MixtureMeanField
        Amortised
        ENGINES ICM AlphaDivergence AnnealedMeanField BeliefPropagation BlackBox Boltzmann Engine
        Exact Gibbs MeanField PerfectSampler Solution Status Step StructuredMeanField SwendsenWang
        Trace TransferMatrix TreeReweighted renyi_bound
    """,
    "learning": """
        learn
        Learned
        Calibration Estimate estimate
    """,
    "memory": """
        memory_to_denoise
    """,
    "messages": """
        ConvergenceWarning
    """,
    "model": """
        IsingModel
    """,
    "noise": """
        NOISE_MODELS EstimationWarning FlipNoise FlipPerLevelNoise GaussianNoise
        GaussianPerLevelNoise LaplaceNoise NoiseModel NoiseSpec PoissonNoise ProbabilityNoise
        SaltPepperNoise SpeckleNoise
    """,
    "restoration": """
        denoise_ising
    """,
    "result": """
        DenoiseResult
    """,
}
_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Load a public name from the module it lives in (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
