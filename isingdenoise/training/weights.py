"""What training writes: the file of weights that `--prior` takes."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import nn

from .network import arrays_of

__all__ = ["weights_file"]

FORMAT = 1


def weights_file(network: nn.Module, about: Mapping[str, Any]) -> bytes:
    """Return a file of weights: the same bytes for the same weights.

    Parameters
    ----------
    network : Module
        A `Denoiser`.
    about : mapping
        What it was trained on and how, plain values.
    """
    file = io.BytesIO()
    head = {"format": np.int64(FORMAT), "about": json.dumps(about)}
    arrays: dict[str, Any] = {**head, **arrays_of(network)}
    np.savez_compressed(file, **arrays)
    return file.getvalue()
