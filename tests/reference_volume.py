"""Slow, obvious float64 versions of what engines of volumes compute: their judge.

Voxels are numbered plane by plane and row by row. Nothing here knows how the library stores a
volume, except for the order in which a sweep visits the voxels: `colours`.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from isingdenoise import Coupling
from isingdenoise.volumes import VolumeCoupling, VolumeModel

#: (row parity, column parity) of the voxels of a plane that a sweep visits, in turn.
PARITIES = ((0, 0), (1, 1), (0, 1), (1, 0))


def edges(model):
    """List (i, j, J_ij), every undirected edge once."""
    depth, height, width = model.shape
    c = model.coupling.plane
    steps = [
        (0, 0, 1, c.horizontal),
        (0, 1, 0, c.vertical),
        (0, 1, 1, c.diagonal),
        (0, 1, -1, c.antidiagonal),
    ]
    for dy, dx in product((-1, 0, 1), (-1, 0, 1)):
        steps.append((1, dy, dx, model.coupling.between[dy + 1][dx + 1]))
    number = np.arange(model.field.size).reshape(model.shape)
    found = []
    for z, y, x in product(range(depth), range(height), range(width)):
        for dz, dy, dx, strength in steps:
            there = (z + dz, y + dy, x + dx)
            if strength and all(0 <= a < n for a, n in zip(there, model.shape, strict=True)):
                found.append((number[z, y, x], number[there], strength))
    return found


def matrix(model):
    """Return J as a symmetric matrix over voxels."""
    J = np.zeros((model.field.size, model.field.size))
    for i, j, strength in edges(model):
        J[i, j] = J[j, i] = strength
    return J


def field(model):
    """Return h as a float64 vector over voxels."""
    return model.field.astype(np.float64).reshape(-1)


def colours(model):
    """List the numbers of the voxels that are updated at once, in the order of a sweep."""
    number = np.arange(model.field.size).reshape(model.shape)
    table = np.array(model.coupling.between)
    coupled = table.any()
    table[1, 1] = 0

    def part(parity, z):
        y, x = PARITIES[parity % 4]
        return number[z, y::2, x::2].reshape(-1)

    depth = model.shape[0]
    if table.any():  # oblique: one parity at even planes, then at odd ones
        return [
            np.concatenate([part(k, z) for z in range(first, depth, 2)] or [np.zeros(0, int)])
            for k in range(4)
            for first in (0, 1)
        ]
    if model.coupling.plane.neighbours == 8:
        return [
            np.concatenate([part(k + 2 * z * coupled, z) for z in range(depth)]) for k in range(4)
        ]
    return [
        np.concatenate(
            [part(2 * k + 2 * z * coupled + more, z) for z in range(depth) for more in (0, 1)]
        )
        for k in range(2)
    ]


def energy(model, spins):
    """Return - sum_edges J z z - sum h z, edge by edge."""
    z = np.asarray(spins, np.float64).reshape(-1)
    return -sum(J * z[i] * z[j] for i, j, J in edges(model)) - float(field(model) @ z)


def elbo(model, mean):
    """Return the lower bound on log Z + c, edge by edge."""
    mu = np.asarray(mean, np.float64).reshape(-1)
    entropy = 0.0
    for p in np.concatenate([(1 + mu) / 2, (1 - mu) / 2]):
        entropy -= p * np.log(p) if p > 0 else 0.0
    return -energy(model, mu) + entropy + model.offset


def mean_field_sweep(model, mean, damping=1.0):
    """Return the means after one sweep, colour by colour."""
    J, h, mu = matrix(model), field(model), np.array(mean, np.float64).reshape(-1)
    for voxels in colours(model):
        mu[voxels] += damping * (np.tanh(J[voxels] @ mu + h[voxels]) - mu[voxels])
    return mu.reshape(model.shape)


def icm_sweep(model, labels):
    """Return the labels after one sweep, and how many changed."""
    J, h, z = matrix(model), field(model), np.array(labels, np.float64).reshape(-1)
    changed = 0
    for voxels in colours(model):
        flip = (J[voxels] @ z + h[voxels]) * z[voxels] < 0
        z[voxels[flip]] *= -1
        changed += int(flip.sum())
    return z.reshape(model.shape).astype(np.int8), changed


@dataclass(frozen=True, eq=False)
class Exact:
    """All 2^n states of a model of at most 18 voxels."""

    model: VolumeModel

    @cached_property
    def states(self):
        n = self.model.field.size
        assert n <= 18
        bits = np.arange(1 << n)[:, None] >> np.arange(n) & 1
        return (2 * bits - 1).astype(np.int8)

    @cached_property
    def energies(self):
        z = self.states
        total = -(z @ field(self.model))
        for i, j, J in edges(self.model):
            total -= J * (z[:, i] * z[:, j])
        return total

    @cached_property
    def log_z(self):
        """log sum_z exp(-E(z)), without the offset."""
        low = self.energies.min()
        return float(np.log(np.sum(np.exp(low - self.energies))) - low)

    @cached_property
    def mean(self):
        """Exact posterior mean of every spin, (D, H, W)."""
        probabilities = np.exp(-self.energies - self.log_z)
        return (probabilities @ self.states).reshape(self.model.shape)


def random_coupling(seed, neighbours, size=0.3, sign=1):
    """Return strengths of their own for every direction; 10 and 0 are 8 and 4 in planes alone."""
    rng = np.random.default_rng(seed)
    planes = rng.uniform(0.3, 1, 4) * size * sign
    table = rng.uniform(0.3, 1, (3, 3)) * size * sign
    reach = {4: -1, 6: 0, 10: 0, 18: 1, 26: 2}[neighbours]
    far = np.abs([-1, 0, 1])[:, None] + np.abs([-1, 0, 1])
    table[far > reach] = 0
    if neighbours in (4, 6):
        planes[2:] = 0
    return VolumeCoupling(Coupling(*planes), table.tolist())


def random_volume(seed, shape, neighbours=6, size=0.3, sign=1, spread=1.0, offset=0.0):
    """Return a model with a random field and strengths of their own for every direction."""
    h = np.random.default_rng(seed).normal(0, spread, shape)
    return VolumeModel(h, random_coupling(seed, neighbours, size, sign), offset)


def spheres(shape, seed=0, share=0.3, radii=(4, 9)):
    """Return a volume of solid spheres, bool."""
    rng = np.random.default_rng(seed)
    found = np.zeros(shape, bool)
    grids = np.ogrid[tuple(slice(n) for n in shape)]
    while found.mean() < share:
        centre, radius = rng.uniform(0, 1, 3) * shape, rng.uniform(*radii)
        found |= sum((g - c) ** 2 for g, c in zip(grids, centre, strict=True)) < radius**2
    return found
