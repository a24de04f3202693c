"""Noise models to test, pictures to test them on, and the judges that several tests share."""

import dataclasses

import numpy as np
from scipy import stats

from isingdenoise import (
    NOISE_MODELS,
    FlipNoise,
    FlipPerLevelNoise,
    GaussianNoise,
    GaussianPerLevelNoise,
    LaplaceNoise,
    PoissonNoise,
    ProbabilityNoise,
    SaltPepperNoise,
)

ENDS = (0.0, 255.0)
EXAMPLES = {
    "gaussian": GaussianNoise(),
    "gaussian, own levels": GaussianNoise(20.0, (60.0, 190.0)),
    "gaussian, clipped": GaussianNoise(60.0, (64.0, 191.0), ENDS),
    "gaussian-per-level": GaussianPerLevelNoise((0.5, 1.5)),
    "gaussian-per-level, clipped": GaussianPerLevelNoise((60.0, 25.0), (64.0, 191.0), ENDS),
    "laplace": LaplaceNoise(),
    "laplace, clipped": LaplaceNoise(40.0, (64.0, 191.0), ENDS),
    "flip": FlipNoise(),
    "flip, own levels": FlipNoise(0.3, ENDS),
    "flip-per-level": FlipPerLevelNoise(0.05, 0.2),
    "salt-pepper, two values": SaltPepperNoise(0.1, 0.2),
    "salt-pepper, four values": SaltPepperNoise(0.1, 0.2, 0.0, (64.0, 191.0), ENDS),
    "salt-pepper, three values": SaltPepperNoise(0.1, 0.2, 0.0, (0.0, 191.0), ENDS),
    "salt-pepper, grey": SaltPepperNoise(0.1, 0.2, 40.0, (64.0, 191.0), ENDS),
    "poisson": PoissonNoise(),
    "poisson, few": PoissonNoise((0.4, 3.0)),
    "poisson, many": PoissonNoise((250.0, 330.0)),
    "probability": ProbabilityNoise(),
    "probability, unsure": ProbabilityNoise(0.2),
}
#: A parameter of each model that is not the true one.
WRONG = {
    "gaussian": lambda noise: {"sigma": 0.4 * noise.sigma},
    "gaussian-per-level": lambda noise: {"sigmas": noise.sigmas[::-1]},
    "laplace": lambda noise: {"scale": 2 * noise.scale},
    "flip": lambda noise: {"probability": 0.01},
    "flip-per-level": lambda noise: {"black": 0.3, "white": 0.01},
    "salt-pepper": lambda noise: {"salt": 0.3, "pepper": 0.02, "sigma": 0.5 * noise.sigma},
    "poisson": lambda noise: {"rates": (0.5 * noise.rates[0], 2 * noise.rates[1])},
    "probability": lambda noise: {},
}
#: Models that make something of any picture; the others ask for counts or probabilities.
ANY_PICTURE = [name for name in NOISE_MODELS if name not in ("poisson", "probability")]
STEP = 0.5  # width of a histogram's cells, in standard deviations of the draws


def half_and_half(shape=(120, 160)):
    """Return spins with wide dark and bright parts."""
    y, x = np.indices(shape)
    return np.where((x // 40 + y // 30) % 3 == 0, 1, -1)


def likelihood(noise, x, side):
    return np.exp(noise.log_likelihood(x)[(side + 1) // 2])


def expected_log_likelihood(noise, x, mean):
    minus, plus = noise.log_likelihood(x)
    return float(np.nansum((1 - mean) / 2 * minus + (1 + mean) / 2 * plus))


def parameters(noise):
    """Return the parameters as numbers by name, limits left out."""
    found = {}
    for field in dataclasses.fields(noise):
        if field.name != "limits":
            for k, value in enumerate(np.atleast_1d(getattr(noise, field.name))):
                found[f"{field.name}[{k}]"] = float(value)
    return found


def assert_close(found, noise, tolerance):
    """Compare parameters: a level's error counts in units of the levels' distance."""
    span = noise.levels[1] - noise.levels[0]
    for (name, one), other in zip(
        parameters(found).items(), parameters(noise).values(), strict=True
    ):
        scale = span if name.startswith("levels") else abs(other)
        assert abs(one - other) <= tolerance * scale, (name, found, noise)


def expected_counts(noise, draws, side, n):
    """Return the cells of a histogram, counted and as the likelihood has them."""
    values, counts = np.unique(draws, return_counts=True)
    if noise.name == "poisson":
        found = np.bincount(draws.astype(int), minlength=700)
        return found, n * likelihood(noise, np.arange(found.size), side)
    atoms = values[counts > 20].astype(np.float64)  # values that repeat have a mass of their own
    inside = draws[~np.isin(draws, atoms)].astype(np.float64)
    masses = [likelihood(noise, np.array([v]), side)[0] for v in atoms]
    found = [counts[values == v][0] for v in atoms]
    if inside.size:
        low, high = (extreme([inside, *atoms[:, None]]) for extreme in (_least, _largest))
        edges = np.linspace(low, high, 1 + max(8, int((high - low) / (STEP * inside.std()))))
        gap = 2e-6 * (high - low)  # what counts as an end of the scale is no part of a cell
        fine = np.linspace(edges[:-1] + gap, edges[1:] - gap, 201)
        masses += np.trapezoid(likelihood(noise, fine, side), fine, axis=0).tolist()
        found += np.histogram(inside, edges)[0].tolist()
    return np.array(found), n * np.array(masses)


def _least(parts):
    return min(part.min() for part in parts)


def _largest(parts):
    return max(part.max() for part in parts)


def chi_square(found, expected):
    """Return the p-value, cells with few expected taken together."""
    kept = expected > 10
    found, expected = (np.append(cells[kept], cells[~kept].sum()) for cells in (found, expected))
    statistic = float(np.sum((found - expected) ** 2 / np.maximum(expected, 1)))
    return stats.chi2.sf(statistic, found.size)


def as_8_bit(grey):
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def test_every_noise_model_has_an_example():
    assert {noise.name for noise in EXAMPLES.values()} == set(NOISE_MODELS)
    assert all(type(noise) is NOISE_MODELS[noise.name] for noise in EXAMPLES.values())
