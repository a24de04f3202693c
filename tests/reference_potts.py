"""Slow, obvious float64 versions of what the engines of label maps compute: their judge.

Sites are numbered row by row, and swept in the order of `reference.COLOURS`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from reference import COLOURS, edges

from isingdenoise import Coupling
from isingdenoise.potts import PottsModel


def matrix(model):
    """Return J as a symmetric matrix over sites."""
    sites = model.shape[0] * model.shape[1]
    J = np.zeros((sites, sites))
    for i, j, strength in edges(model):
        J[i, j] = J[j, i] = strength
    return J


def colours(model):
    """List the site numbers of each colour, in the order of a sweep."""
    number = np.arange(model.shape[0] * model.shape[1]).reshape(model.shape)
    return [number[y::2, x::2].reshape(-1) for y, x in COLOURS]


def unary(model):
    """Return the log likelihoods as a float64 matrix, sites x labels."""
    return model.unary.astype(np.float64).reshape(model.labels, -1).T


def one_hot(labels, count):
    """Return labels as probabilities 0 and 1, sites x labels."""
    return np.eye(count)[np.asarray(labels).reshape(-1)]


def as_planes(q, model):
    """Return a matrix, sites x labels, as (K, H, W)."""
    return q.T.reshape(model.unary.shape)


def softmax(a):
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def energy(model, labels):
    """Return - sum_edges J [z = z] - sum l, edge by edge."""
    z = np.asarray(labels).reshape(-1)
    agreeing = sum(J for i, j, J in edges(model) if z[i] == z[j])
    return -agreeing - float(sum(unary(model)[i, z[i]] for i in range(z.size)))


def elbo(model, probability):
    """Return the lower bound on log Z, edge by edge."""
    q = np.asarray(probability, np.float64).reshape(model.labels, -1).T
    entropy = -sum(p * np.log(p) for p in q.reshape(-1) if p > 0)
    pairs = sum(J * float(q[i] @ q[j]) for i, j, J in edges(model))
    return pairs + float(np.sum(q * unary(model))) + entropy + model.offset


@dataclass(frozen=True, eq=False)
class ExactPotts:
    """All K^n states of a model of at most 20,000 of them."""

    model: PottsModel

    @cached_property
    def states(self):
        k, n = self.model.labels, self.model.shape[0] * self.model.shape[1]
        assert k**n <= 20_000
        return np.arange(k**n)[:, None] // k ** np.arange(n) % k

    @cached_property
    def energies(self):
        z, l = self.states, unary(self.model)  # noqa: E741 - the field's own name
        total = -l[np.arange(z.shape[1]), z].sum(axis=1)
        for i, j, J in edges(self.model):
            total -= J * (z[:, i] == z[:, j])
        return total

    @cached_property
    def log_z(self):
        """Log of the sum over states, with the offset."""
        low = self.energies.min()
        return float(np.log(np.sum(np.exp(low - self.energies))) - low) + self.model.offset

    @cached_property
    def probability(self):
        """Exact posterior probabilities, (K, H, W)."""
        low = self.energies.min()
        w = np.exp(low - self.energies)
        shares = [w @ (self.states == k) / w.sum() for k in range(self.model.labels)]
        return np.reshape(shares, self.model.unary.shape)

    @cached_property
    def least(self):
        """The least energy."""
        return float(self.energies.min())


def mean_field_sweep(model, probability, damping=1.0):
    """Return the probabilities after one checkerboard sweep, and the largest step met."""
    J, l = matrix(model), unary(model)  # noqa: E741
    q = np.array(probability, np.float64).reshape(model.labels, -1).T
    largest = 0.0
    for sites in colours(model):
        step = softmax(l[sites] + J[sites] @ q) - q[sites]
        q[sites] += damping * step
        largest = max([largest, *np.abs(step).reshape(-1)])
    return as_planes(q, model), largest


def jacobi_sweep(model, probability, damping):
    """Return the probabilities after one damped sweep in which all sites move at once."""
    q = np.array(probability, np.float64).reshape(model.labels, -1).T
    target = softmax(unary(model) + matrix(model) @ q)
    return as_planes((1 - damping) * q + damping * target, model)


def icm_sweep(model, labels):
    """Return the labels after one sweep, how many changed, and the energy given up."""
    J, l, z = matrix(model), unary(model), np.array(labels).reshape(-1)  # noqa: E741
    flips, drop = 0, 0.0
    for sites in colours(model):
        for i in sites:
            a = l[i] + J[i] @ one_hot(z, model.labels)
            best = int(np.argmax(a))
            if a[best] > a[z[i]]:  # a tie keeps the old label
                drop += a[best] - a[z[i]]
                z[i], flips = best, flips + 1
    return z.reshape(model.shape), flips, drop


def gibbs_sweep(model, labels, uniforms):
    """Return the labels after one sweep, and the conditional probabilities drawn from."""
    J, l, z = matrix(model), unary(model), np.array(labels).reshape(-1)  # noqa: E741
    u, p = (uniforms.reshape(-1) + 1) / 2, np.empty((z.size, model.labels))
    for sites in colours(model):
        for i in sites:
            p[i] = softmax(l[i] + J[i] @ one_hot(z, model.labels))
            z[i] = min(int(np.sum(u[i] >= np.cumsum(p[i]))), model.labels - 1)
    return z.reshape(model.shape), as_planes(p, model)


def random_potts(seed, shape, labels, *, neighbours=4, size=0.8, spread=1.0, sign=1):
    """Return a model with random log likelihoods and unequal strengths of one sign."""
    rng = np.random.default_rng(seed)
    J = sign * size * np.array([1.0, 0.8, 0.5, 0.3])[: neighbours // 2]
    l = spread * rng.normal(size=(labels, *shape)) - 0.5  # noqa: E741
    return PottsModel(l, Coupling(*J))
