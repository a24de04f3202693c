"""A model as a file: an archive of NumPy's (.npz) with its weights and what they are, no pickle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np

from .._version import __version__
from ..errors import ParameterError, ReadError
from ..io.opening import StrPath, open_regular
from ._torch import load
from .model import SIDE, Architecture, Vae

__all__ = ["FORMAT", "encode_model", "read_model"]

FORMAT = 1  #: Of the files that are written, and the only one that is read.
_KIND = "isingdenoise vae"
_ABOUT = "about"
_MOST_TEXT = 1 << 20  # characters of `about`
_MOST_BYTES = 1 << 30  # of all arrays together, before any is read
_DAMAGED = "is no model that 'vae train' wrote, or is damaged"


def encode_model(model: Vae, about: Mapping[str, Any] | None = None) -> bytes:
    """Return a model as the bytes of a file.

    Parameters
    ----------
    model : Vae
        The model.
    about : mapping, optional
        What else to keep with it, as values that JSON has.

    Returns
    -------
    bytes
        A .npz: one float32 array for each of `model.parameters`, and `about`, a text in
        JSON with `kind`, `format`, `version`, `side` and `architecture`.
    """
    told = {
        **(about or {}),
        "kind": _KIND,
        "format": FORMAT,
        "version": __version__,
        "side": SIDE,
        "architecture": asdict(model.architecture),
    }
    arrays = {name: value.detach().numpy() for name, value in model.parameters.items()}
    stream = io.BytesIO()
    np.savez(stream, **{_ABOUT: np.array(json.dumps(told)), **arrays})
    return stream.getvalue()


def read_model(path: StrPath) -> tuple[Vae, dict[str, Any]]:
    """Read a model.

    Parameters
    ----------
    path : str, bytes or os.PathLike
        The file.

    Returns
    -------
    model : Vae
    about : dict
        What was kept with it.

    Raises
    ------
    ReadError
        The file cannot be read, is no such model, has another format, or its weights do
        not fit its sizes or are not finite.
    IsingDenoiseError
        PyTorch is not installed.
    """
    torch = load()
    with open_regular(path) as stream:
        arrays = _arrays(stream, path)
    about = _about(arrays.pop(_ABOUT, None), path)
    try:
        sizes = about["architecture"]
        architecture = Architecture(**{**sizes, "hidden": tuple(sizes["hidden"])})
    except (ParameterError, TypeError, KeyError) as error:
        raise ReadError(path, _DAMAGED) from error
    shapes = {name: array.shape for name, array in arrays.items()}
    if shapes != architecture.shapes():
        raise ReadError(path, f"{_DAMAGED}: its weights do not fit its sizes")
    for name, array in arrays.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ReadError(path, f"{_DAMAGED}: {name} holds other than finite numbers")
    return Vae(architecture, {name: torch.from_numpy(a) for name, a in arrays.items()}), about


def _arrays(stream: BinaryIO, path: StrPath) -> dict[str, np.ndarray[Any, Any]]:
    """Return all arrays of the archive; one that would take too much memory is refused first."""
    try:
        with zipfile.ZipFile(stream) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                raise ReadError(path, "holds more than 1 GiB of weights; no model needs so many")
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except ReadError:
        raise
    except Exception as error:  # zip, zlib and NumPy have many kinds of errors for bad bytes
        raise ReadError(path, _DAMAGED) from error


def _about(text: np.ndarray[Any, Any] | None, path: StrPath) -> dict[str, Any]:
    """Return what the file says of itself."""
    if text is None or text.dtype.kind != "U" or text.shape or text.itemsize > 4 * _MOST_TEXT:
        raise ReadError(path, _DAMAGED)
    try:
        about = json.loads(str(text))
    except (ValueError, RecursionError) as error:
        raise ReadError(path, _DAMAGED) from error
    if not isinstance(about, dict) or about.get("kind") != _KIND:
        raise ReadError(path, _DAMAGED)
    if about.get("format") != FORMAT or about.get("side") != SIDE:
        message = f"has format {about.get('format')!r}, this version reads {FORMAT} only"
        raise ReadError(path, f"{message}; train the model again")
    return about
