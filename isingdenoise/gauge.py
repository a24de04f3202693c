"""Negative strengths that a change of signs makes positive.

With z_i = g_i s_i and g_i = +-1, the strengths become J_ij g_i g_j and the field h_i g_i. A
model is balanced where some g makes every strength positive, which is where each circle of
edges has an even number of negative ones (Harary 1953; in physics, no plaquette is frustrated,
Toulouse 1977). What is known of attractive models then holds for it: the least energy is a
minimum cut, and coupling from the past has an order.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .coupling import Coupling, EdgeCoupling
from .edges import ends
from .model import IsingModel

__all__ = ["attractive", "find_gauge"]


def find_gauge(coupling: Coupling, shape: tuple[int, int]) -> NDArray[np.int8] | None:
    r"""Return signs that make every strength positive; None for a frustrated model.

    .. math:: J_{ij} g_i g_j \ge 0 \quad\text{for all edges}

    Parameters
    ----------
    coupling : Coupling
        The strengths.
    shape : tuple of int
        (H, W) of the picture: edges that leave it do not count.

    Returns
    -------
    ndarray, shape (H, W), int8, or None
        The gauge g, -1 or +1; +1 at the first site of each part that edges connect, row by
        row, so that it is all ones where no strength is negative.

    References
    ----------
    Harary, On the Notion of Balance of a Signed Graph, Michigan Math. J. 2, 1953.

    Examples
    --------
    >>> find_gauge(Coupling.nearest(-1.0), (2, 3)).tolist()
    [[1, -1, 1], [-1, 1, -1]]
    >>> find_gauge(Coupling.eight(-1.0), (2, 2)) is None
    True
    """
    if coupling.shape is None:
        present = [
            (offset, float(np.asarray(strength)))
            for offset, strength in coupling.planes
            if strength != 0 and all(abs(d) < size for d, size in zip(offset, shape, strict=True))
        ]
        for down, right in product((1, -1), repeat=2):  # the sign of a step down, and right
            if all(s * down ** abs(dy) * right ** abs(dx) > 0 for (dy, dx), s in present):
                return _stripes(shape, down, right)
        if {offset for offset, _ in present} >= {(0, 1), (1, 0)}:
            return None  # a diagonal and the two steps beside it are a circle
    elif all(float(np.min(strength)) >= 0 for _, strength in coupling.planes):
        return np.ones(shape, np.int8)
    return _gauge_of_components(coupling, shape)


def attractive(model: IsingModel) -> tuple[IsingModel, NDArray[np.int8]] | None:
    """Return the model without negative strengths that a gauge makes of one, and the gauge.

    Parameters
    ----------
    model : IsingModel
        Any model.

    Returns
    -------
    tuple of IsingModel and ndarray, shape (H, W), int8, or None
        The model in s_i = g_i z_i, whose energies and offset are the same, and g: its labels
        and means times g are those of `model`. None where `model` is frustrated.

    Examples
    --------
    >>> model = IsingModel(np.array([[2.0, -0.5]]), Coupling.nearest(-1.0))
    >>> other, gauge = attractive(model)
    >>> other.field.tolist(), other.coupling.horizontal, gauge.tolist()
    ([[2.0, 0.5]], 1.0, [[1, -1]])
    """
    gauge = find_gauge(model.coupling, model.shape)
    if gauge is None:
        return None
    if all(float(np.min(strength)) >= 0 for _, strength in model.coupling.planes):
        return model, gauge
    return IsingModel(model.field * gauge, _sizes(model.coupling), model.offset), gauge


def _sizes(coupling: Coupling) -> Coupling:
    """Return the coupling of the absolute strengths."""
    sizes = [np.abs(strength) for _, strength in coupling.planes]
    if coupling.shape is None:
        return Coupling(*(float(size) for size in sizes))
    return EdgeCoupling(sizes)


def _stripes(shape: tuple[int, int], down: int, right: int) -> NDArray[np.int8]:
    """Return signs that change at each step down, and at each step right, where these are -1."""
    rows = np.where(np.arange(shape[0]) & 1, down, 1).astype(np.int8)
    columns = np.where(np.arange(shape[1]) & 1, right, 1).astype(np.int8)
    return np.multiply.outer(rows, columns)


def _gauge_of_components(coupling: Coupling, shape: tuple[int, int]) -> NDArray[np.int8] | None:
    """Find a gauge, or that there is none, from the components of the double cover.

    Each site i becomes two, (i, +) and (i, -). A positive edge joins equal signs, a negative
    one unequal signs. The two of a site are joined exactly where a circle through it is
    frustrated; else the one whose component was found first tells the site's sign.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    sites = int(np.prod(shape))
    number = np.arange(sites, dtype=np.int32).reshape(shape)
    begin: list[Any] = []
    end: list[Any] = []
    for offset, strength in coupling.planes:
        here, there = ends(shape, offset)
        signs = np.broadcast_to(np.sign(strength).astype(np.int8), shape)[here]
        edge = signs != 0
        other = np.where(signs[edge] < 0, sites, 0).astype(np.int32)
        i, j = number[here][edge], number[there][edge]
        begin += [i, i + sites]
        end += [j + other, j + (sites - other)]
    pairs = np.concatenate(begin), np.concatenate(end)
    cover = coo_array((np.ones(len(pairs[0]), np.int8), pairs), shape=(2 * sites, 2 * sites))
    labels = connected_components(cover, directed=False)[1].reshape(2, *shape)
    if bool(np.any(labels[0] == labels[1])):
        return None
    return np.where(labels[0] < labels[1], 1, -1).astype(np.int8)
