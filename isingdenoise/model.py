"""The posterior over clean pictures: an Ising model with a field at every pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .coupling import Coupling
from .errors import ParameterError
from .validation import check_image, check_real

__all__ = ["FIELD_LIMIT", "IsingModel"]

#: Fields are clipped to this size: far beyond where tanh is 1, far below float32's end.
FIELD_LIMIT = 1e8

_ROWS = 64  # NumPy works on so many rows at a time, so that temporaries stay small


@dataclass(frozen=True, eq=False)
class IsingModel:
    r"""An Ising model on an H x W grid with free borders.

    .. math:: \log p(z, x) = \sum_{\{i,j\}} J_{ij} z_i z_j + \sum_i h_i z_i + c - \log Z_0

    with spins :math:`z_i \in \{-1, +1\}`; every undirected edge counts once.
    The prior's own normaliser log Z0 is never part of a bound here.

    Parameters
    ----------
    field : array_like, shape (H, W)
        The field h. Kept as float32 in [-1e8, 1e8], read-only.
    coupling : Coupling or float
        The strengths J; a float means `Coupling.nearest`.
    offset : float, default 0
        The constant c, which keeps bounds comparable between noise levels.

    Raises
    ------
    ParameterError
        A field that is not two-dimensional and finite, an invalid coupling or offset.

    Examples
    --------
    >>> import numpy as np
    >>> from isingdenoise import Coupling, MeanField
    >>> model = IsingModel(np.array([[2.0, -0.5, 2.0]]), Coupling.nearest(1.0))
    >>> model.energy([[1, -1, 1]]), model.energy([[1, 1, 1]])
    (-2.5, -5.5)
    >>> MeanField().solve(model).labels
    array([[1, 1, 1]], dtype=int8)
    """

    field: NDArray[np.float32]
    coupling: Coupling
    offset: float = 0.0

    def __init__(self, field: ArrayLike, coupling: Coupling | float, offset: float = 0.0) -> None:
        array = check_image("field", field)
        if array.dtype.kind == "f" and bool(np.isnan(array).any()):
            raise ParameterError("field", "holds NaN; a missing pixel has field 0")
        clipped = np.clip(array, -FIELD_LIMIT, FIELD_LIMIT)  # a copy in any case
        h = clipped.astype(np.float32, order="C", copy=False)
        h.flags.writeable = False
        object.__setattr__(self, "field", h)
        if not isinstance(coupling, Coupling):
            coupling = Coupling.nearest(coupling)
        if coupling.shape not in {None, h.shape}:
            message = f"is for a picture of {coupling.shape}, this one has {h.shape}"
            raise ParameterError("coupling", message)
        object.__setattr__(self, "coupling", coupling)
        object.__setattr__(self, "offset", check_real("offset", offset))

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.field.shape
        return height, width

    def tempered(self, beta: float) -> IsingModel:
        """Return the model of p(z, x)^beta: field, coupling and offset times `beta`.

        Parameters
        ----------
        beta : float
            Inverse temperature, at least 0.
        """
        beta = check_real("beta", beta, low=0.0)
        scaled = self.field.astype(np.float64) * beta
        return IsingModel(scaled, self.coupling.scaled(beta), self.offset * beta)

    def local_field(self, spins: ArrayLike) -> NDArray[np.float32]:
        """Return a_i = sum_j J_ij s_j + h_i.

        Parameters
        ----------
        spins : array_like, shape (H, W)
            Labels or means.

        Returns
        -------
        ndarray, shape (H, W), float32
        """
        s = self._check(spins)
        out = np.empty(self.shape, np.float32)
        for band, around in self._bands(s):
            out[band] = _neighbour_sum(around, self.coupling, band) + self.field[band]
        return out

    def energy(self, labels: ArrayLike) -> float:
        """Return E(z) = - sum_edges J_ij z_i z_j - sum_i h_i z_i.

        Parameters
        ----------
        labels : array_like, shape (H, W)
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
        mean : array_like, shape (H, W)
            Means in [-1, 1].

        Returns
        -------
        float
            In nats.
        """
        mu = self._check(mean)
        entropy = 0.0
        for start in range(0, mu.shape[0], _ROWS):
            part = mu[start : start + _ROWS].astype(np.float64)
            for p in ((1 + part) / 2, (1 - part) / 2):
                # x log x is 0 at 0; the clip only keeps the logarithm finite there
                entropy -= float(np.sum(p * np.log(np.maximum(p, np.finfo(np.float64).tiny))))
        return self._interaction(mu) + entropy + self.offset

    def _interaction(self, s: NDArray[Any]) -> float:
        """Return sum_edges J s_i s_j + sum_i h_i s_i, in float64."""
        total = 0.0
        for band, around in self._bands(s):
            pull = _neighbour_sum(around, self.coupling, band) / 2 + self.field[band]
            total += float(np.sum(around[1:-1, 1:-1] * pull))
        return total

    def _bands(self, s: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield bands of rows, as float64 with a border of what lies around (0 outside)."""
        for start in range(0, self.shape[0], _ROWS):
            band = slice(start, min(start + _ROWS, self.shape[0]))
            yield band, _bordered(s, band)

    def _check(self, spins: ArrayLike) -> NDArray[Any]:
        array = np.asarray(spins)
        if array.shape != self.shape:
            raise ParameterError("spins", f"has shape {array.shape}, the model has {self.shape}")
        if array.dtype.kind not in "biuf":
            raise ParameterError("spins", f"must hold real numbers, not {array.dtype}")
        return array

    def __repr__(self) -> str:
        """Return the size and the strengths, not the field."""
        height, width = self.shape
        return f"IsingModel({height} x {width}, coupling {self.coupling}, offset {self.offset:g})"


def _bordered(image: NDArray[Any], band: slice) -> NDArray[np.float64]:
    """Return a band of rows as float64, with a border of what lies around it (0 outside)."""
    height, width = image.shape
    around = np.zeros((band.stop - band.start + 2, width + 2))
    top, bottom = max(band.start - 1, 0), min(band.stop + 1, height)
    around[top - band.start + 1 : bottom - band.start + 1, 1:-1] = image[top:bottom]
    return around


def _neighbour_sum(s: NDArray[np.float64], coupling: Coupling, band: slice) -> NDArray[np.float64]:
    """Return sum_j J_ij s_j inside a bordered array, whose rows are a band of the picture."""
    height, width = s.shape[0] - 2, s.shape[1] - 2
    total = np.zeros((height, width))
    for (dy, dx), strength in coupling.planes:
        ahead = np.s_[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        behind = np.s_[1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        if isinstance(strength, float):
            total += strength * (s[ahead] + s[behind])
        else:  # an edge's strength stands where it begins
            total += strength[band] * s[ahead] + _bordered(strength, band)[behind] * s[behind]
    return total
