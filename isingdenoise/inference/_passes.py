"""Passes of the transfer matrix over the rows of a model: sums, best states, draws."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..backends import Message, Transfer

#: Messages of so many rows are held; of longer pictures about 2 sqrt(rows), the others being
#: made again from these.
HELD = 32


def rows_held(rows: int) -> int:
    """Return how many rows' messages a pass holds at most."""
    return rows if rows <= HELD else 2 * (math.isqrt(rows - 1) + 1) + 1


class Passes:
    """One pass forward over a transfer matrix, and then one of several backward.

    Parameters
    ----------
    transfer : Transfer
        The rows.
    soft : float
        1 for sums, 0 for the largest.
    """

    def __init__(self, transfer: Transfer, soft: float = 1.0) -> None:
        self.transfer, self.soft = transfer, soft
        rows = transfer.rows
        self.stride = 1 if rows <= HELD else math.isqrt(rows - 1) + 1
        self.kept: list[Message] = []
        self.largest = [transfer.most]
        self.mean = np.zeros(transfer.links.field.shape)

    @property
    def log_z(self) -> float:
        """The logarithm of the sum of all weights, after the pass forward."""
        return math.fsum(self.largest)

    def turned(self, found: NDArray[Any]) -> NDArray[Any]:
        """Return a fresh copy of rows as they lie in the picture."""
        return np.array(np.swapaxes(found, -1, -2) if self.transfer.turned else found, order="C")

    def forward(self) -> Iterator[None]:
        """Go over the rows, and yield after each."""
        message = self.transfer.start()
        for row in range(self.transfer.rows):
            message, largest = self.transfer.forward(row, message, self.soft)
            self.largest.append(largest)
            last = row == self.transfer.rows - 1
            if row % self.stride == self.stride - 1 or last:
                self.kept.append(message)
            if last and self.soft:
                self.largest.append(math.log(float(np.exp(message).sum())))
            yield

    def messages(self) -> Iterator[tuple[int, Message]]:
        """Yield (row, message of the rows up to it), the last row first; once only."""
        while self.kept:
            last = self.kept.pop()
            first = len(self.kept) * self.stride
            block = [*self._again(first, min(first + self.stride, self.transfer.rows) - 1), last]
            while block:
                yield first + len(block) - 1, block.pop()

    def _again(self, first: int, end: int) -> list[Message]:
        """Make the messages of rows first to end - 1 again from that of the row before."""
        made = []
        before = self.kept[-1] if self.kept else self.transfer.start()
        for row in range(first, end):
            before, _ = self.transfer.forward(row, before, self.soft)
            made.append(before)
        return made

    def backward(self) -> Iterator[None]:
        """Go back over the rows, find the means of each, and yield after it."""
        after = np.zeros(1 << self.transfer.width)
        for row, message in self.messages():
            self.mean[row] = _means(message + after, self.transfer.width)
            if row:
                after = self.transfer.backward(row, after)
            yield

    def draw(self, number: int, rng: np.random.Generator) -> NDArray[np.int8]:
        """Return `number` independent states, (number, rows, width)."""
        transfer = self.transfer
        found = np.empty((number, transfer.rows, transfer.width), np.int8)
        groups = np.zeros(number, np.int64)  # draws that share the row below share the weights
        pulls = np.zeros((1, transfer.width))
        for row, message in self.messages():
            uniform, drawn = rng.random(number), np.empty(number, np.int64)
            for group, pull in enumerate(pulls):
                which = np.flatnonzero(groups == group)
                weight = message + _linear(pull)
                total = np.cumsum(np.exp(weight - weight.max()))
                at = np.minimum(uniform[which] * total[-1], np.nextafter(total[-1], 0))
                drawn[which] = np.searchsorted(total, at, side="right")
            states, groups = np.unique(drawn, return_inverse=True)
            spins = _spins(states, transfer.width)
            found[:, row] = spins[groups]
            pulls = transfer.pull(row, spins) if row else pulls
        return found

    def best(self) -> NDArray[np.int8]:
        """Return a state of largest weight after a pass with soft 0, (rows, width)."""
        transfer = self.transfer
        found = np.empty((transfer.rows, transfer.width), np.int8)
        pull = np.zeros(transfer.width)
        for row, message in self.messages():
            weight = message + _linear(pull)
            state = weight.size - 1 - int(np.argmax(weight[::-1]))  # on a tie the bright one
            found[row] = _spins(np.array([state]), transfer.width)[0]
            pull = transfer.pull(row, found[row : row + 1])[0] if row else pull
        return found


def _spins(states: NDArray[np.int64], width: int) -> NDArray[np.int8]:
    """Return the spins of each state, (n, width): that in column x is bit width - 1 - x."""
    bits = states[:, None] >> np.arange(width - 1, -1, -1) & 1
    return (2 * bits - 1).astype(np.int8)


def _linear(pull: NDArray[np.float64]) -> Message:
    """Return sum_x s_x c_x for each state s of a row, less its largest, by doubling."""
    total = np.zeros(1)
    for c in pull[::-1]:
        total = np.concatenate([total - 2 * max(c, 0.0), total + 2 * min(c, 0.0)])
    return total


def _means(weight: Message, width: int) -> NDArray[np.float64]:
    """Return the mean of each spin of a row from logarithms of its states' weights.

    Each state is set against its contrary before anything is summed: turning all signs then
    turns the means exactly, and without a field they are 0.
    """
    p = np.exp(weight - weight.max())
    total = float((p[: p.size // 2] + p[::-1][: p.size // 2]).sum())
    means = np.empty(width)
    for column in range(width):
        half = p.size // 2
        dark, bright = p[:half], p[half:]
        means[column] = float((bright - dark[::-1]).sum()) / total
        p = dark + bright
    return np.clip(means, -1, 1)
