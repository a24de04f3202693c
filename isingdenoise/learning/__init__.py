"""Noise model, noise parameters and coupling from the picture alone."""

from ._calibration import Calibration
from .choice import AUTO, choose_noise, resolve_noise
from .estimation import Estimate, estimate

__all__ = ["AUTO", "Calibration", "Estimate", "choose_noise", "estimate", "resolve_noise"]
