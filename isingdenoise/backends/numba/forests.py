"""The upper bound of tree-reweighted belief propagation, in its dual form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..._kernels import forests

if TYPE_CHECKING:
    from .lattice import Lattice, Planes
    from .passing import Passing

#: What float32 may lose of a sum, of its size and of each site: bounds are raised by so much.
_SLACK = 5e-7
#: How the columns of a chain move from row to row, by direction; rows are transposed first.
_SHIFTS = (0, 0, 1, -1)


def upper_bound(
    lattice: Lattice, fields: Iterable[NDArray[np.float32]], weights: tuple[float, ...]
) -> float:
    """Return sum_T rho_T log Z_T + c over the forests of all directions with a weight.

    `fields` are those of these forests, (H, W) each. The sum is at least log Z + c
    whatever the messages are: what sites hear along a forest is left
    out of its fields theta_T, so that sum_T rho_T theta_T = h.
    """
    bound = 0.0
    forests = [(d, rho) for d, rho in enumerate(weights) if rho > 0]
    for (d, rho), theta in zip(forests, fields, strict=True):
        bound += rho * _log_z(lattice, theta, d, 1 / rho)
    slack = _SLACK * (abs(bound) + lattice.sites)
    return bound + slack + lattice.model.offset


def forest_field(passing: Passing, total: Planes, d: int, share: float) -> NDArray[np.float32]:
    """Return the fields of the forest of a direction, (H, W)."""
    theta = passing.message[2 * d] + passing.message[2 * d + 1]
    theta *= np.float32(-share)
    theta += total
    image: NDArray[np.float32] = passing.lattice.unpack(theta)
    return image


def _log_z(lattice: Lattice, theta: NDArray[np.float32], d: int, share: float) -> float:
    strength: Any = dict(enumerate(s for _, s in lattice.model.coupling.planes)).get(d, 0.0)
    coupling, edges = np.float32(0), None
    if isinstance(strength, float):
        coupling = np.float32(strength * share)
    else:
        edges = strength
    if d == 0:
        theta, edges = theta.T, None if edges is None else edges.T
    theta = _plain(theta)
    edges = None if edges is None else _plain(edges)
    height, width = theta.shape
    shift = _SHIFTS[d]
    number = width + abs(shift) * (height - 1)
    carry, chains = np.zeros(number, np.float32), np.zeros(number)
    lattice.run(forests.log_z, theta, coupling, edges, np.float32(share), shift, carry, chains)
    return float(chains.sum())


def _plain(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return it in one layout, so that the kernel is compiled once: contiguous and read-only."""
    plain = np.ascontiguousarray(image).view()
    plain.flags.writeable = False
    return plain
