"""A variational autoencoder of two-level patches of 32 x 32: an optional part that needs PyTorch.

What it knows of pictures it learned from other pictures, unlike the Ising prior of the rest
of the package: latent numbers z ~ N(0, I), pixels independent given z. Importing it does
not load PyTorch; functions that need it say so where it is not installed.
"""

from __future__ import annotations

from .beliefs import Belief, Flowed, Gaussian
from .bounds import effective_samples, elbo_terms, importance_bound, log_weights
from .drawing import interpolate, sample, sample_ways
from .experiment import BOUNDS, VaeQuality, annealing_and_flow
from .file import encode_model, read_model
from .flow import Coupling
from .inpainting import Inpainted, inpaint
from .model import SIDE, Architecture, Vae
from .patches import CHARACTERS, font_files, glyph_patches, glyph_split, patches_of, windows_of
from .scoring import Score, Validation, active_units, bounds_by_samples, score, validate
from .tiles import Tiles, contact_sheet
from .training import Row, Trained, Training, train, train_stepwise

__all__ = [
    "BOUNDS",
    "CHARACTERS",
    "SIDE",
    "Architecture",
    "Belief",
    "Coupling",
    "Flowed",
    "Gaussian",
    "Inpainted",
    "Row",
    "Score",
    "Tiles",
    "Trained",
    "Training",
    "Vae",
    "VaeQuality",
    "Validation",
    "active_units",
    "annealing_and_flow",
    "bounds_by_samples",
    "contact_sheet",
    "effective_samples",
    "elbo_terms",
    "encode_model",
    "font_files",
    "glyph_patches",
    "glyph_split",
    "importance_bound",
    "inpaint",
    "interpolate",
    "log_weights",
    "patches_of",
    "read_model",
    "sample",
    "sample_ways",
    "score",
    "train",
    "train_stepwise",
    "validate",
    "windows_of",
]
