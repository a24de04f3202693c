"""A Boltzmann machine with hidden spins: what it consists of, its energy and its bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..model import IsingModel
from .network import Layer

__all__ = ["BEFORE", "CELL", "FOLD", "INNER", "STEPS", "Machine", "machine_layers"]

#: Sweeps of the pixels alone, then rounds, and sweeps of the pixels in each: as trained.
BEFORE, STEPS, INNER = 16, 4, 2
#: Pixels of a side that become channels at half the size, and again at a quarter.
FOLD = 2
#: Side of a cell of the coarse hidden spins, in pixels.
CELL = FOLD * FOLD
#: Side of the filters between pixels and fine hidden spins, and between these and coarse ones.
_FINE, _COARSE = 5, 3

_Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Machine:
    r"""A convolutional Boltzmann machine: an Ising model with planes of hidden spins.

    Beside the pixels z there are fine hidden spins u, at half the size, and coarse ones v, at a
    quarter:

    .. math:: E(z, u, v) = -\sum_i (h_i + b) z_i - s \sum_{(i,j)} J_{ij} z_i z_j
              - u \cdot (W * z + c) - v \cdot (V * u + d)

    W are filters of 5 x 5 over the pixels, V of 3 x 3 over the fine spins, both with four of
    what is below as channels; the field h and the couplings J are the picture's, s and
    all others are trained. Without hidden spins, and with s = 1 and b = 0, it is `IsingModel`.

    Parameters
    ----------
    name : str
        Where it comes from.
    fine, coarse : Layer
        W with c, shape (planes, 4, 5, 5), and V with d, shape (planes, 4 fine planes, 3, 3).
    bias, pull : float
        b and s.
    digest : str
        SHA-256 of the file, in hexadecimal.
    about : mapping
        What its maker says of it.

    References
    ----------
    Ackley, Hinton and Sejnowski, Cognitive Science 9, 1985. Salakhutdinov and Hinton, Deep
    Boltzmann Machines, AISTATS 2009. Lee, Grosse, Ranganath and Ng, ICML 2009, for filters.
    """

    name: str
    fine: Layer
    coarse: Layer
    bias: float = 0.0
    pull: float = 1.0
    digest: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def planes(self) -> tuple[int, int]:
        """How many planes of fine and coarse hidden spins there are."""
        return len(self.fine.bias), len(self.coarse.bias)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return weights and biases under the names of a file."""
        return {
            "fine.weight": self.fine.weight,
            "fine.bias": self.fine.bias,
            "coarse.weight": self.coarse.weight,
            "coarse.bias": self.coarse.bias,
            "visible.bias": np.array([self.bias], np.float32),
            "visible.pull": np.array([self.pull], np.float32),
        }

    def shapes(self, shape: tuple[int, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the shapes of fine and coarse hidden spins of a picture of shape (H, W)."""
        fine, coarse = self.planes
        height, width = (-(-side // CELL) for side in shape)
        return (fine, FOLD * height, FOLD * width), (coarse, height, width)

    def surroundings(self, steps: int) -> int:
        """Pixels beyond which none matters to another after so many rounds."""
        near = FOLD * (_FINE // 2) + FOLD - 1  # from a pixel to a fine spin, and back
        far = CELL * (_COARSE // 2) + CELL - 1  # from a fine spin to a coarse one, and back
        pixel, coarse = BEFORE, 0
        for _ in range(steps):
            fine = max(near + pixel, far + coarse)
            pixel, coarse = max(near + fine, pixel) + INNER, far + fine
        return pixel + 1

    def pulled(self, pull: float) -> float:
        """Return the most that a pixel can be pulled by, if neighbours pull by so much."""
        hidden = np.abs(self.fine.weight).sum((0, 2, 3), dtype=np.float64).max()
        return abs(self.pull) * pull + float(hidden) + abs(self.bias)

    def memory(self, tile: int, pixels: int) -> int:
        """Return about the bytes of the maps for tiles of a side, or for a smaller picture."""
        side = tile + 6 * CELL
        cells = min(side * side, pixels + 64 * side) / CELL**2
        fine, coarse = self.planes
        numbers = 4 * (4 + fine) + 4 * fine + coarse
        return int(1.2 * 4 * numbers * cells) + (1 << 22)

    def energy(
        self, model: IsingModel, labels: ArrayLike, fine: ArrayLike, coarse: ArrayLike
    ) -> float:
        """Return E(z, u, v), with the field and the couplings of `model`.

        Parameters
        ----------
        model : IsingModel
            The picture's.
        labels : array_like, shape (H, W)
            z, -1 and +1.
        fine, coarse : array_like, of the shapes that `shapes` tells
            u and v, -1 and +1.
        """
        u, v = self._checked(model, fine, coarse)
        given, above = self.fields(model, labels, u)
        visible = self._visible(model).energy(labels)
        return visible - float((u * given).sum()) - float((v * above).sum())

    def elbo(self, model: IsingModel, mean: ArrayLike, fine: ArrayLike, coarse: ArrayLike) -> float:
        r"""Return the evidence lower bound of independent spins with these means.

        .. math:: -E(\mu, \mu_u, \mu_v) + \sum H(\mu) + \sum H(\mu_u) + \sum H(\mu_v) + c \le
                  \log \sum_{z, u, v} e^{-E(z, u, v)} + c

        Parameters and c are as of `energy` and `IsingModel`, means in [-1, 1].
        """
        u, v = self._checked(model, fine, coarse)
        given, above = self.fields(model, mean, u)
        return self._visible(model).elbo(mean) + sum(
            IsingModel(f.reshape(-1, f.shape[2]), 0.0).elbo(m.reshape(-1, m.shape[2]))
            for f, m in ((given, u), (above, v))
        )

    def fields(
        self, model: IsingModel, mean: ArrayLike, fine: ArrayLike
    ) -> tuple[_Doubles, _Doubles]:
        """Return what pixels give fine hidden spins, W * z + c, and these coarse ones, V * u + d.

        Without coarse spins, tanh of the first are the means of the fine ones given the pixels'.
        """
        z = np.asarray(mean, np.float64)
        room = [(0, -side % CELL) for side in model.shape]
        padded = np.pad(z, room)[None]  # pixels beyond the picture give nothing
        u = np.asarray(fine, np.float64)
        return _convolved(_folded(padded), self.fine), _convolved(_folded(u), self.coarse)

    def _visible(self, model: IsingModel) -> IsingModel:
        """Return the part of the model that knows no hidden spins."""
        biased = model.field + np.float32(self.bias)
        return IsingModel(biased, model.coupling.scaled(self.pull), model.offset)

    def _checked(self, model: IsingModel, *hidden: ArrayLike) -> list[_Doubles]:
        """Return hidden spins as arrays of the shapes they must have."""
        arrays = [np.asarray(spins, np.float64) for spins in hidden]
        for name, spins, shape in zip(
            ("fine", "coarse"), arrays, self.shapes(model.shape), strict=True
        ):
            if spins.shape != shape:
                raise ParameterError(name, f"must have shape {shape}, not {spins.shape}")
        return arrays


def machine_layers(planes: tuple[int, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of the weights of both layers, for so many planes."""
    fine, coarse = planes
    yield "fine", (fine, FOLD**2, _FINE, _FINE)
    yield "coarse", (coarse, FOLD**2 * fine, _COARSE, _COARSE)


def _folded(maps: _Doubles) -> _Doubles:
    """Return maps (C, H, W) with four pixels as channels: 4 c + 2 dy + dx at half the size."""
    c, height, width = maps.shape
    cells = maps.reshape(c, height // FOLD, FOLD, width // FOLD, FOLD)
    return cells.transpose(0, 2, 4, 1, 3).reshape(-1, height // FOLD, width // FOLD)


def _convolved(maps: _Doubles, layer: Layer) -> _Doubles:
    """Return maps (C, H, W) after a layer, with zeros beyond the border."""
    reach = layer.weight.shape[2] // 2
    height, width = maps.shape[1:]
    padded = np.pad(maps, ((0, 0), (reach, reach), (reach, reach)))
    out = np.tile(layer.bias.astype(np.float64)[:, None, None], (1, height, width))
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            part = padded[:, dy : dy + height, dx : dx + width]
            out += np.tensordot(layer.weight[:, :, dy, dx].astype(np.float64), part, 1)
    return out
