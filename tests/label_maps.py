"""Label maps to make noisy and to restore."""

import numpy as np


def cells(shape, labels, seed=0, count=None):
    """Return a map of the nearest of some random points, whose labels go round."""
    rng = np.random.default_rng(seed)
    count = count or 5 * labels
    y, x = np.mgrid[: shape[0], : shape[1]]
    points = rng.uniform(0, 1, (count, 2)) * shape
    distance = (y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2
    return np.arange(count)[np.argmin(distance, axis=-1)] % labels


def flipped(labels, count, share, seed=1):
    """Return a map of which a share of labels is another one."""
    rng = np.random.default_rng(seed)
    other = (labels + rng.integers(1, count, labels.shape)) % count
    return np.where(rng.random(labels.shape) < share, other, labels)


def grey(labels, sigma, step=30.0, seed=1):
    """Return grey values 50, 50 + step, ... with normal noise of `sigma` steps."""
    return 50 + step * (labels + sigma * np.random.default_rng(seed).normal(size=labels.shape))
