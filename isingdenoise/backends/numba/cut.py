"""The minimum cut of a model."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..._kernels import cut, cut_network
from ..._kernels.network import DEMAND, SUPPLY, TREE, WAITING, WORK, Network
from ...model import IsingModel

#: Bits of the largest pull at a pixel: rounding to whole numbers is far below that of float32,
#: and sums of a few fit in 64 bits.
_BITS = 50
#: The finest scale, for strengths of next to nothing.
_FINEST = 200


class Cut:
    """A network whose minimum cut tells the state of least energy.

    Parameters
    ----------
    model : IsingModel
        The model.
    gauge : ndarray, shape (H, W), int8, or None
        Signs that make its strengths positive. None makes two sites of each pixel, one for its
        spin and one for the contrary: the roof dual of a frustrated model.
    """

    def __init__(self, model: IsingModel, gauge: NDArray[np.int8] | None) -> None:
        self.shape, self.gauge = model.shape, gauge
        height, width = model.shape
        layers = 2 if gauge is None else 1
        self.layers = layers
        self.network = _empty((height + 2) * (width + 2) * layers, model.coupling.neighbours)
        pull = max(model.coupling.pull, 2.0**-_FINEST)
        scale = 2.0 ** min(_BITS - math.frexp(pull)[1], _FINEST)
        steps: list[np.int64] = []
        for direction, (offset, strength) in enumerate(model.coupling.planes):
            step = np.int64(layers * (offset[0] * (width + 2) + offset[1]))
            steps += [step, -step]
            edges = np.asarray(strength)
            cut_network.join(
                self.network, layers, model.shape, step, 2 * direction, offset,
                np.atleast_2d(edges), scale,
            )  # fmt: skip
        self.steps = tuple(steps)
        signs = np.ones((1, 1), np.int8) if gauge is None else gauge
        cut_network.supply(self.network, layers, model.field, signs, scale)
        cut_network.begin(self.network, self.steps)

    def run(self, effort: int) -> tuple[int, int]:
        """Push flow; return how many sites were looked at, and how many wait.

        Parameters
        ----------
        effort : int
            About how many to look at before it returns.
        """
        state = self.network.state
        before = int(state[WORK])
        cut.run(self.network, self.steps, effort)
        return int(state[WORK]) - before, int(state[WAITING])

    def labels(self) -> NDArray[np.int8]:
        """Return the labels so far, (H, W), 0 where the roof dual leaves them open.

        At the end they are those of least energy; where several states have it, that with the
        most spins along the gauge.
        """
        height, width = self.shape
        trees = self.network.mark[:: self.layers, TREE]
        trees = trees.reshape(height + 2, width + 2)[1:-1, 1:-1]
        labels: NDArray[np.int8] = -(trees == DEMAND).astype(np.int8)
        if self.gauge is None:
            labels += trees == SUPPLY
        else:
            labels *= 2
            labels += 1
            labels *= self.gauge
        return labels


def _empty(sites: int, neighbours: int) -> Network:
    return Network(
        room=np.zeros((sites, neighbours), np.int64),
        supply=np.zeros(sites, np.int64),
        mark=np.zeros((sites, 4), np.uint8),
        seen=np.zeros((sites, 2), np.int32),
        queue=np.zeros(sites, np.int32),
        orphans=np.zeros(sites, np.int32),
        state=np.zeros(6, np.int64),
    )
