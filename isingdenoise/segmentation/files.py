"""Label maps and their probabilities as files, and what is told of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ParameterError
from ..io import Picture, encode_bilevel, encode_grey, encode_stack, kept_notes
from .noise import Array, ClassProbabilities, FlippedLabels, GaussianLevels
from .segmenting import Segmentation

__all__ = ["encode_labels", "encode_probability", "palette_warning", "record_of"]

_LOSSY = ("JPEG",)
_COLOURED = ("P", "PA", "RGB", "RGBA")


def palette_warning(found: Segmentation, picture: Picture) -> str | None:
    """Return what to say of a label map in colours: their grey values are the labels; or None.

    Parameters
    ----------
    found : Segmentation
        What came out.
    picture : Picture
        What it was made of.
    """
    what = "a palette" if picture.mode in ("P", "PA") else "colours"
    if picture.mode not in _COLOURED or not isinstance(found.noise, FlippedLabels):
        return None
    return (
        f"has {what}: the {len(found.values)} grey values of its colours are the labels, and "
        "colours of one grey value are one label; save the numbers of the labels as grey values"
    )


def encode_labels(found: Segmentation, picture: Picture, format: str) -> bytes:  # noqa: A002
    """Return the file of a clean label map, or grey picture, in the type of its source.

    Parameters
    ----------
    found : Segmentation
        What came out.
    picture : Picture
        What it was made of; the file keeps its notes.
    format : str
        A value of `isingdenoise.io.EXTENSIONS`.

    Raises
    ------
    ParameterError
        The format cannot hold the values of the labels.
    """
    if format in _LOSSY:
        raise ParameterError("format", f"{format} changes the values of labels; use .png or .tif")
    pixels = found.picture(_kind(found, picture.pixels))
    if pixels.dtype.kind == "f" and format not in ("TIFF", "NPY"):
        raise ParameterError(
            "format", f"{format} cannot hold the values of these labels; use .tif or .npy"
        )
    bilevel = pixels.dtype == np.bool_
    notes = kept_notes(picture, format, bilevel=bilevel)
    return (encode_bilevel if bilevel else encode_grey)(pixels, format, **notes)


def _kind(found: Segmentation, pixels: Array) -> Any:
    """Return the type of the clean picture: its source's, or the smallest that holds it."""
    if isinstance(found.noise, ClassProbabilities):
        return None
    if pixels.dtype.kind in "bu":
        return pixels.dtype
    return np.float32 if isinstance(found.noise, GaussianLevels) else None


def encode_probability(found: Segmentation, format: str) -> bytes:  # noqa: A002
    """Return the file of the class probabilities, float32 (K, H, W).

    Parameters
    ----------
    found : Segmentation
        Of an engine that has them.
    format : str
        "NPY", or "TIFF" for a page of each label.

    Raises
    ------
    ParameterError
        Another format, or an engine without probabilities.
    """
    if found.probability is None:
        raise ParameterError("probability", f"engine {found.solution.engine} has none")
    return encode_stack(found.probability, format)


def record_of(found: Segmentation) -> dict[str, Any]:
    """Return what came out as plain values with stable keys."""
    solution, settings = found.solution, found.settings
    height, width = found.labels.shape
    counts = np.bincount(found.labels.reshape(-1), minlength=len(found.values))
    told = found.found
    return {
        "width": width,
        "height": height,
        "labels": len(found.values),
        "values": list(found.values),
        "shares": (counts / counts.sum()).tolist(),
        "noise": {"sigma": None, "probability": None, **settings["noise"]},
        "coupling": settings["coupling"],
        "gain": None if told is None else told.gain,
        "hidden": 0 if told is None else told.hidden,
        "engine": settings["engine"],
        "status": solution.status.value,
        "sweeps": solution.work.sweeps,
        "seconds": float(solution.trace.seconds[-1]),
        "energy": solution.energy,
        "bound": solution.lower_bound,
        "diagnostics": dict(solution.diagnostics),
        "changed": found.changed,
        "notes": list(found.notes),
        "seed": settings["seed"],
        "version": settings["version"],
    }
