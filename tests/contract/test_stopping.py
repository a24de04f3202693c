"""A callback ends a solve, of every engine of `ENGINES`, as those of SciPy do."""

import numpy as np
import pytest
from engines import few

from isingdenoise import ENGINES, Coupling, IsingModel, Status, denoise

MODEL = IsingModel(np.random.default_rng(5).normal(size=(9, 12)), Coupling(0.4, 0.3))


class StopAfter:
    """Ask for the end after some rounds; count the calls."""

    def __init__(self, rounds):
        self.rounds, self.calls = rounds, 0

    def __call__(self, step):
        self.calls += 1
        if self.calls >= self.rounds:
            raise StopIteration


@pytest.mark.parametrize("name", ENGINES)
def test_a_callback_ends_the_solve_after_a_round(name):
    engine = few(name)
    whole = engine.solve(MODEL, rng=1)
    stop = StopAfter(1)
    found = engine.solve(MODEL, rng=1, callback=stop)
    assert stop.calls == 1
    assert found.labels.shape == MODEL.shape
    assert set(np.unique(found.labels)) <= {-1, 1}
    if found.status is not Status.STOPPED:  # one round is all, or there is no answer before the end
        assert len(found.trace) == len(whole.trace)
        assert found.status is whole.status
        np.testing.assert_array_equal(found.labels, whole.labels)
        return
    assert len(found.trace) == 1 < len(whole.trace)
    assert found.advice == ()
    assert found.energy == pytest.approx(MODEL.energy(found.labels), rel=1e-5, abs=1e-5)
    if found.mean is not None:
        np.testing.assert_array_equal(found.labels > 0, found.mean >= 0)


def test_most_engines_end_before_they_are_done():
    ended = [
        name
        for name in ENGINES
        if few(name).solve(MODEL, rng=1, callback=StopAfter(1)).status is Status.STOPPED
    ]
    assert len(ended) >= 8


def test_a_sampler_that_is_stopped_has_the_means_of_what_it_kept():
    engine = ENGINES["gibbs"](burn_in=3, sweeps=50, chains=2)
    for rounds in (2, 5):
        found = engine.solve(MODEL, rng=1, callback=StopAfter(rounds))
        assert found.status is Status.STOPPED
        assert found.work.sweeps == rounds
        assert np.abs(found.mean).max() > 0.5  # of the labels, where nothing was kept
    kept = ENGINES["gibbs"](burn_in=3, sweeps=2, chains=2).solve(MODEL, rng=1)
    np.testing.assert_array_equal(found.mean, kept.mean)


def test_denoise_tells_that_it_was_stopped_and_warns_of_nothing():
    noisy = np.kron(np.eye(4), np.ones((12, 12))) > 0
    noisy ^= np.random.default_rng(0).random((48, 48)) < 0.1
    found = denoise(noisy, "flip", coupling=0.6, callback=StopAfter(1))
    assert found.solution.status is Status.STOPPED
    assert "stopped after" in repr(found)


def test_other_errors_of_a_callback_go_through():
    def broken(step):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        denoise(np.eye(8) > 0, "flip", coupling=0.6, callback=broken)
