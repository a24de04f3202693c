"""The posterior over clean volumes: an Ising model with a field at every voxel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..model import FIELD_LIMIT
from ..validation import check_real
from .coupling import VolumeCoupling

__all__ = ["VolumeModel", "check_volume"]


@dataclass(frozen=True, eq=False)
class VolumeModel:
    r"""An Ising model on a D x H x W lattice with free borders.

    .. math:: \log p(z, x) = \sum_{\{i,j\}} J_{ij} z_i z_j + \sum_i h_i z_i + c - \log Z_0

    with spins :math:`z_i \in \{-1, +1\}`; every undirected edge counts once. The prior's own
    normaliser log Z0 is never part of a bound here. With no coupling between planes it is D
    models of pictures (`IsingModel`).

    Parameters
    ----------
    field : array_like, shape (D, H, W)
        The field h. Kept as float32 in [-1e8, 1e8], read-only. A read-only array of float32 is
        not copied: what it is a view of must not change.
    coupling : VolumeCoupling or float
        The strengths J; a float means `VolumeCoupling.six`.
    offset : float, default 0
        The constant c, which keeps bounds comparable between noise levels.

    Raises
    ------
    ParameterError
        A field that does not have three axes or is not finite, an invalid coupling or offset.

    Examples
    --------
    >>> import numpy as np
    >>> model = VolumeModel(np.array([[[2.0]], [[-0.5]], [[2.0]]]), 1.0)
    >>> model.energy([[[1]], [[-1]], [[1]]]), model.energy([[[1]], [[1]], [[1]]])
    (-2.5, -5.5)
    """

    field: NDArray[np.float32]
    coupling: VolumeCoupling
    offset: float = 0.0

    def __init__(
        self, field: ArrayLike, coupling: VolumeCoupling | float, offset: float = 0.0
    ) -> None:
        given = check_volume("field", field)
        if not isinstance(coupling, VolumeCoupling):
            coupling = VolumeCoupling.six(coupling)
        kept = given.dtype == np.float32 and given.flags.c_contiguous and not given.flags.writeable
        h = given if kept else np.empty(given.shape, np.float32)
        for z, plane in enumerate(given):
            if np.isnan(plane).any():
                raise ParameterError("field", "holds NaN; a missing voxel has field 0")
            if not kept:
                h[z] = np.clip(plane, -FIELD_LIMIT, FIELD_LIMIT)
            elif np.abs(plane).max() > FIELD_LIMIT:
                raise ParameterError("field", f"holds values beyond {FIELD_LIMIT:g}")
        h.flags.writeable = False
        object.__setattr__(self, "field", h)
        object.__setattr__(self, "coupling", coupling)
        object.__setattr__(self, "offset", check_real("offset", offset))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(D, H, W)."""
        depth, height, width = self.field.shape
        return depth, height, width

    def local_field(self, spins: ArrayLike) -> NDArray[np.float32]:
        """Return a_i = sum_j J_ij s_j + h_i.

        Parameters
        ----------
        spins : array_like, shape (D, H, W)
            Labels or means.

        Returns
        -------
        ndarray, shape (D, H, W), float32
        """
        s = self._check(spins)
        out = np.empty(self.shape, np.float32)
        for z, pull in self._pulls(s):
            out[z] = pull + self.field[z]
        return out

    def energy(self, labels: ArrayLike) -> float:
        """Return E(z) = - sum_edges J_ij z_i z_j - sum_i h_i z_i.

        Parameters
        ----------
        labels : array_like, shape (D, H, W)
            Spins -1 or +1.

        Returns
        -------
        float
        """
        return -self._interaction(self._check(labels))

    def elbo(self, mean: ArrayLike) -> float:
        """Return the evidence lower bound of independent spins with the given means.

        ELBO = sum_edges J mu_i mu_j + sum_i h_i mu_i + sum_i H((1 + mu_i) / 2) + c,
        at most log Z + c with Z the normaliser of the posterior.

        Parameters
        ----------
        mean : array_like, shape (D, H, W)
            Means in [-1, 1].

        Returns
        -------
        float
            In nats.
        """
        mu = self._check(mean)
        entropy = 0.0
        for plane in mu:
            part = plane.astype(np.float64)
            for p in ((1 + part) / 2, (1 - part) / 2):
                # x log x is 0 at 0; the clip only keeps the logarithm finite there
                entropy -= float(np.sum(p * np.log(np.maximum(p, np.finfo(np.float64).tiny))))
        return self._interaction(mu) + entropy + self.offset

    def _interaction(self, s: NDArray[Any]) -> float:
        """Return sum_edges J s_i s_j + sum_i h_i s_i, in float64."""
        total = 0.0
        for z, pull in self._pulls(s):
            total += float(np.sum(s[z] * (pull / 2 + self.field[z])))
        return total

    def _pulls(self, s: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield each plane's number and its sum_j J_ij s_j."""
        depth, height, width = self.shape

        def part(plane: NDArray[np.float64], dy: int, dx: int) -> NDArray[np.float64]:
            return plane[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]

        nothing = np.zeros((height + 2, width + 2))
        below, here = nothing, nothing
        above = np.pad(s[0].astype(np.float64), 1)
        for z in range(depth):
            below, here = here, above
            above = np.pad(s[z + 1].astype(np.float64), 1) if z + 1 < depth else nothing
            total = np.zeros((height, width))
            for (dy, dx), strength in self.coupling.plane.planes:
                total += strength * (part(here, dy, dx) + part(here, -dy, -dx))
            for dy, row in enumerate(self.coupling.between, -1):
                for dx, strength in enumerate(row, -1):
                    if strength:
                        total += strength * (part(above, dy, dx) + part(below, -dy, -dx))
            yield z, total

    def _check(self, spins: ArrayLike) -> NDArray[Any]:
        array = np.asarray(spins)
        if array.shape != self.shape:
            raise ParameterError("spins", f"has shape {array.shape}, the model has {self.shape}")
        if array.dtype.kind not in "biuf":
            raise ParameterError("spins", f"must hold real numbers, not {array.dtype}")
        return array

    def __repr__(self) -> str:
        """Return the size and the strengths, not the field."""
        size = " x ".join(map(str, self.shape))
        return f"VolumeModel({size}, coupling {self.coupling}, offset {self.offset:g})"


def check_volume(name: str, volume: ArrayLike) -> NDArray[Any]:
    """Return an array of three axes of bools or finite real numbers, or NaN; nothing is copied.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    volume : array_like, shape (D, H, W)
        The volume.

    Raises
    ------
    ParameterError
        Another number of axes, empty, another type, or infinite somewhere.
    """
    array = np.asanyarray(volume)
    if isinstance(array, np.ma.MaskedArray):
        raise ParameterError(name, "is masked; pass the data, and where they are known as mask")
    array = np.asarray(array)
    if array.ndim != 3:
        raise ParameterError(name, f"must have three axes (D, H, W), not shape {array.shape}")
    if array.size == 0:
        raise ParameterError(name, f"has no voxels (shape {array.shape})")
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise ParameterError(name, f"must hold bools or real numbers, not {array.dtype}")
    if array.dtype.kind == "f" and any(np.isinf(plane).any() for plane in array):
        raise ParameterError(name, "holds infinite values; only NaN may mark missing voxels")
    return array
