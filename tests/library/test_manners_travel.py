"""What the library hands out can be copied, pickled and read elsewhere; numbers at the edge."""

import copy
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, is_dataclass

import numpy as np
import pytest
from engines import few

from isingdenoise import (
    ENGINES,
    NOISE_MODELS,
    Calibration,
    Coupling,
    GaussianNoise,
    IsingModel,
    MeanField,
    Status,
    denoise,
    estimate,
)

X = np.random.default_rng(4).normal(size=(24, 25)) + np.where(np.arange(25) < 12, -1, 1)


def used(engine):
    """Return a result whose probability has been asked for."""
    result = denoise(X, engine=few(engine), rng=1)
    _ = result.probability
    return result


THINGS = {
    **{f"result {name}": lambda name=name: used(name) for name in ENGINES},
    "unused result": lambda: denoise(X, coupling=0.5),
    "solution": lambda: used("mf").solution,
    "trace": lambda: used("gibbs").solution.trace,
    "estimate": lambda: estimate(X),
    "model": lambda: IsingModel(X, Coupling.eight(0.3), 1.5),
    "coupling": lambda: Coupling(0.1, 0.2, 0.3, -0.4),
    "calibration": lambda: Calibration(0.1, 0.9),
    **{f"engine {name}": kind for name, kind in ENGINES.items()},
    **{f"noise {name}": kind for name, kind in NOISE_MODELS.items()},
}
WAYS = {
    **{f"pickle {p}": lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in range(2, 6)},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def same(a, b):
    """Compare two things field by field, arrays by their bits."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)
        )
    return a == b or (a != a and b != b)  # noqa: PLR0124 - NaN


@pytest.mark.parametrize("thing", THINGS)
def test_a_copy_is_equal_frozen_and_short_in_print(thing):
    original = THINGS[thing]()
    for how, way in WAYS.items():
        other = way(original)
        assert same(other, original), how
        assert repr(other) == repr(original)
        assert len(repr(original)) < (2000 if thing in ("estimate", "trace") else 500)
        if hasattr(original, "probability") and "result" in thing:
            assert same(other.probability, original.probability), how
            assert same(other.change_map, original.change_map), how
        name = next((field.name for field in fields(other)), "anything")  # there may be none
        with pytest.raises(FrozenInstanceError):
            setattr(other, name, 1)


def test_the_comparison_tells_things_apart():
    assert not same(Coupling.nearest(0.1), Coupling.nearest(0.2))
    assert not same(denoise(X, coupling=0.5), denoise(X, coupling=0.6))


READ = """
import pickle, sys
things = pickle.load(sys.stdin.buffer)
for thing in things:
    repr(thing)
result = things[0]
print(result.image.sum(), result.probability.sum(), result.change_map.sum(), "numba" in sys.modules)
"""


@pytest.mark.process
@pytest.mark.slow
def test_a_pickle_is_read_without_numba():
    result = denoise(X)  # with a calibration, its probability not yet made
    data = pickle.dumps([result, *(make() for make in THINGS.values())])
    done = subprocess.run([sys.executable, "-c", READ], input=data, capture_output=True, check=True)
    told = [str(a.sum()) for a in (result.image, result.probability, result.change_map)]
    assert done.stdout.decode().split() == [*told, "False"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sigma", [1e-30, 1e-8, 1e-3])
@pytest.mark.parametrize("J", [0.0, 50.0, -50.0, Coupling.eight(50.0)], ids=str)
def test_where_noise_vanishes_the_picture_stays(engine, sigma, J):
    x = np.where(X > 0, 1.0, -1.0)
    found = denoise(x, GaussianNoise(sigma), engine=few(engine), coupling=J, rng=1)
    np.testing.assert_array_equal(found.image, x > 0)
    assert np.isfinite(found.solution.energy)
    assert np.isfinite(found.model.field).all()
    if found.probability is not None:
        np.testing.assert_allclose(found.probability, x > 0, atol=1e-6)


@pytest.mark.parametrize("J", [-0.6, -5.0, -50.0, Coupling.eight(-3.0)], ids=str)
@pytest.mark.parametrize("damping", [0.1, 0.5, 0.99])
def test_negative_couplings_with_jacobi_end(J, damping):
    engine = MeanField(schedule="jacobi", damping=damping, max_sweeps=300)
    found = denoise(X, GaussianNoise(1.0), engine=engine, coupling=J)
    assert found.solution.status in (Status.CONVERGED, Status.MAX_SWEEPS)
    assert found.solution.work.sweeps <= 300
    assert np.isfinite(found.solution.mean).all()
    assert (found.solution.diagnostics["residual"] <= engine.tol) == (
        found.solution.status is Status.CONVERGED
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
@pytest.mark.parametrize("J", [50.0, -50.0, "auto"])
def test_small_and_empty_pictures(engine, shape, J):
    one = np.full(shape, np.nan)
    one.flat[-1] = 1.0
    for x in (one, np.ones(shape), np.arange(float(np.prod(shape))).reshape(shape)):
        noise = GaussianNoise(1.0, (-1.0, 1.0)) if np.nanmax(x) <= 1 else GaussianNoise(1.0, (0, 9))
        found = denoise(x, noise, engine=few(engine), coupling=J, rng=1)
        assert found.image.shape == shape
        assert np.isfinite(found.solution.energy)
        if found.probability is not None:
            assert np.isfinite(found.probability).all()
