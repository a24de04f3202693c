"""Learned priors from files of weights."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

from ..errors import ReadError
from .archive import FaultError, Stored, channels_of, numbers, read_stored
from .machine import Machine, machine_layers
from .network import Layer, Network, expected_layers

__all__ = ["machine_of", "prior_of", "read_machine", "read_network", "shipped", "shipped_machine"]

_MOST_PLANES, _MOST_BLOCKS = 1024, 64
_WEIGHTS = Path(__file__).parent / "weights"
_Read = TypeVar("_Read")


def read_network(path: str | os.PathLike[str]) -> Network:
    """Read a network from its weights.

    Parameters
    ----------
    path : str or os.PathLike
        An archive of NumPy (`.npz`): of each layer `NAME.weight`, shape (out, in, k, k), float16
        or float32, and `NAME.bias`, shape (out,); `format`, a whole number, 1; `about`,
        a mapping as JSON. Channels and blocks are read off the shapes.

    Returns
    -------
    Network

    Raises
    ------
    ReadError
        There is no such file, it is too large, or it does not hold these arrays.
    """
    try:
        return _network(read_stored(path))
    except FaultError as fault:
        raise ReadError(os.fspath(path), f"holds no network: {fault}") from None


def read_machine(path: str | os.PathLike[str]) -> Machine:
    """Read a Boltzmann machine from its weights.

    Parameters
    ----------
    path : str or os.PathLike
        An archive as of `read_network`, with the layers `fine` and `coarse`, and `visible.bias`
        and `visible.pull`, shape (1,).

    Raises
    ------
    ReadError
        There is no such file, it is too large, or it does not hold these arrays.
    """
    try:
        return _machine(read_stored(path))
    except FaultError as fault:
        raise ReadError(os.fspath(path), f"holds no Boltzmann machine: {fault}") from None


@cache
def shipped() -> Network:
    """Return the network that comes with the package.

    Raises
    ------
    ReadError
        Its file is missing or damaged.
    """
    return read_network(_there(_WEIGHTS / "learned.npz"))


@cache
def shipped_machine() -> Machine:
    """Return the Boltzmann machine that comes with the package.

    Raises
    ------
    ReadError
        Its file is missing or damaged.
    """
    return read_machine(_there(_WEIGHTS / "boltzmann.npz"))


def prior_of(path: str | None) -> Network:
    """Return the network of a file, read once as long as the file stays as it is.

    Parameters
    ----------
    path : str or None
        The file; None means the one that comes with the package.

    Raises
    ------
    ReadError
        As from `read_network`.
    """
    return shipped() if path is None else _read_once(read_network, path)


def machine_of(path: str | None) -> Machine:
    """Return the Boltzmann machine of a file, as `prior_of` returns a network."""
    return shipped_machine() if path is None else _read_once(read_machine, path)


def _there(path: Path) -> Path:
    """Return the path of weights of the package, if they are there."""
    if not path.exists():
        raise ReadError(path, "is missing; install the package anew, or give your own weights")
    return path


def _read_once(read: Callable[[str], _Read], path: str) -> _Read:
    """Return what is read from a file, again only where the file has changed."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return read(path)  # it says what is wrong
    stamp = status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
    kept: _Read = _kept(read, path, stamp)
    return kept


@lru_cache(maxsize=4)
def _kept(read: Callable[[str], Any], path: str, stamp: tuple[int, ...]) -> Any:
    """Return what is read from a file of this stamp."""
    return read(path)


def _network(stored: Stored) -> Network:
    """Return the network that arrays are the weights of.

    Raises
    ------
    FaultError
        They are not.
    """
    arrays = stored.arrays
    if "fine.weight" in arrays:
        raise FaultError("these are the weights of a Boltzmann machine, for engine boltzmann")
    planes = (
        channels_of(arrays, "in"),
        channels_of(arrays, "down0"),
        channels_of(arrays, "down1"),
    )
    middle = 0
    while f"mid{middle}.a.weight" in arrays and middle <= _MOST_BLOCKS:
        middle += 1
    if middle > _MOST_BLOCKS or max(planes) > _MOST_PLANES:
        raise FaultError(f"more than {_MOST_PLANES} channels or {_MOST_BLOCKS} blocks")
    layers = {name: _layer(arrays, name, shape) for name, shape in expected_layers(planes, middle)}
    _nothing_left(arrays)
    return Network(stored.name, planes, middle, layers, stored.digest, stored.about)


def _machine(stored: Stored) -> Machine:
    """Return the Boltzmann machine that arrays are the weights of.

    Raises
    ------
    FaultError
        They are not.
    """
    arrays = stored.arrays
    if "in.weight" in arrays:
        raise FaultError("these are the weights of a network, for engine amortised")
    planes = channels_of(arrays, "fine"), channels_of(arrays, "coarse")
    if max(planes) > _MOST_PLANES:
        raise FaultError(f"more than {_MOST_PLANES} planes")
    fine, coarse = (_layer(arrays, name, shape) for name, shape in machine_layers(planes))
    bias, pull = (float(numbers(arrays, f"visible.{name}", (1,))[0]) for name in ("bias", "pull"))
    _nothing_left(arrays)
    return Machine(stored.name, fine, coarse, bias, pull, stored.digest, stored.about)


def _layer(arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> Layer:
    """Take a layer out of `arrays`."""
    weight = numbers(arrays, f"{name}.weight", shape)
    return Layer(weight, numbers(arrays, f"{name}.bias", shape[:1]))


def _nothing_left(arrays: Mapping[str, object]) -> None:
    """Refuse arrays that nothing takes."""
    if arrays:
        raise FaultError(f"no layer takes {min(arrays)!r}")
