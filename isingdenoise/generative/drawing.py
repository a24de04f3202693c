"""Pictures that a model draws: from the prior, and on the way from one picture to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..validation import check_int
from ._torch import Tensor, load, on_one_thread
from .model import SIDE, Vae
from .training import generator_of, rows_of

__all__ = ["interpolate", "sample", "sample_ways"]

_DRAWS = 64


def sample(model: Vae, count: int, *, seed: int = 0) -> NDArray[np.float32]:
    """Draw latent numbers from the prior and decode them.

    Parameters
    ----------
    model : Vae
        The model.
    count : int
        How many patches, at least 1.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray of float32, shape (count, 32, 32)
        P(bright | z) of each pixel.

    Raises
    ------
    ParameterError
        A number is out of range.
    """
    number = check_int("count", count, low=1)
    torch = load()
    z = torch.randn((number, model.architecture.latent), generator=generator_of(seed))
    return _decoded(model, z)


def sample_ways(model: Vae, count: int, steps: int, *, seed: int = 0) -> NDArray[np.float32]:
    """Draw pairs of latent numbers from the prior and decode the way from one to the other.

    Parameters
    ----------
    model : Vae
        The model.
    count, steps : int
        How many ways, at least 1, and patches on each, both ends included, at least 2.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray of float32, shape (count, steps, 32, 32)
        P(bright | z) of each pixel.

    Raises
    ------
    ParameterError
        A number is out of range.
    """
    number = check_int("count", count, low=1)
    many = check_int("steps", steps, low=2)
    torch = load()
    ends = torch.randn((2, number, model.architecture.latent), generator=generator_of(seed))
    way = torch.stack([_between(ends[0], ends[1], k / (many - 1)) for k in range(many)], 1)
    return _decoded(model, way)


def interpolate(
    model: Vae, first: ArrayLike, second: ArrayLike, steps: int = 8, *, seed: int = 0
) -> NDArray[np.float32]:
    r"""Decode the way from the belief about one picture to that about another.

    The ends are E_q z, from 64 draws each; between them the way turns at even speed,

    .. math:: z(t) = \frac{\sin((1 - t) \omega)}{\sin \omega} z_0
              + \frac{\sin(t \omega)}{\sin \omega} z_1

    with omega the angle between both (K. Shoemake, SIGGRAPH 1985), since the prior has
    most of its weight at one distance from 0: the straight line leaves it.

    Parameters
    ----------
    model : Vae
        The model.
    first, second : array_like of bool, shape (32, 32)
        The pictures.
    steps : int
        Patches on the way, both ends included, at least 2.
    seed : int
        Of the draws.

    Returns
    -------
    ndarray of float32, shape (steps, 32, 32)
        P(bright | z) of each pixel.

    Raises
    ------
    ParameterError
        A picture has another shape or is not two-level, or `steps` is out of range.
    """
    many = check_int("steps", steps, low=2)
    pictures = [np.asarray(first), np.asarray(second)]
    for name, picture in zip(("first", "second"), pictures, strict=True):
        if picture.shape != (SIDE, SIDE):
            raise ParameterError(name, f"must be {SIDE} x {SIDE}, not of shape {picture.shape}")
    rows = rows_of(np.stack(pictures))
    torch = load()
    noise = torch.randn((_DRAWS, 2, model.architecture.latent), generator=generator_of(seed))
    with torch.no_grad(), on_one_thread():
        one, two = model.belief(rows.float()).draw(noise)[0].mean(0)
    way = torch.stack([_between(one, two, k / (many - 1)) for k in range(many)])
    return _decoded(model, way)


def _between(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Return what lies between at a share of the angle; on a line where there is none."""
    torch = load()
    lengths = first.norm(dim=-1, keepdim=True) * second.norm(dim=-1, keepdim=True)
    cosine = (first * second).sum(-1, keepdim=True) / lengths.clamp(min=1e-12)
    angle = cosine.clamp(-1, 1).arccos()
    sine = angle.sin()
    turned = ((1 - share) * angle).sin() * first + (share * angle).sin() * second
    line = (1 - share) * first + share * second
    return torch.where(sine > 1e-4, turned / sine.clamp(min=1e-4), line)


def _decoded(model: Vae, z: Tensor) -> NDArray[np.float32]:
    with load().no_grad(), on_one_thread():
        found = model.log_odds(z).sigmoid()
    array: NDArray[np.float32] = found.numpy().reshape(*z.shape[:-1], SIDE, SIDE)
    return array
