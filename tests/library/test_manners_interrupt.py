"""Ctrl-C in a long solve, a callback that fails, and a callback that meddles."""

import os
import subprocess
import sys

import numpy as np
import pytest
from engines import few
from reference import assert_same_solution

from isingdenoise import ENGINES, GaussianNoise, IsingModel, MeanField, denoise
from isingdenoise.backends.numba import work_list

CHILD = """
import os, signal, sys, threading, time
import numpy as np
from isingdenoise import GaussianNoise, Gibbs, MeanField, denoise, estimate

what, side = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)
bright = np.kron(rng.random((side // 16, side // 16)) < 0.5, np.ones((16, 16), bool))
x = (np.where(bright, 170, 80) + rng.integers(-60, 61, bright.shape)).clip(0, 255).astype(np.uint8)
noise = GaussianNoise(35.0, (80.0, 170.0))
engines = {"mf": MeanField(tol=1e-6), "icm": "icm", "gibbs": Gibbs(sweeps=10**6)}

def work():
    if what == "estimate":
        return estimate(x, noise)
    return denoise(x, noise, coupling=0.6, engine=engines[what], rng=1)

def digest():
    engine = Gibbs(burn_in=2, sweeps=5) if what == "gibbs" else engines.get(what, "mf")
    result = denoise(x[:512, :512], noise, coupling=0.6, engine=engine, rng=3)
    return result.image.tobytes(), result.solution.energy

before = digest()
sent = []

def send():
    time.sleep(1.0)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)

sender = threading.Thread(target=send)
sender.start()
try:
    while True:  # some are done sooner than the signal comes
        work()
except KeyboardInterrupt:
    waited = time.perf_counter() - sent[0]
sender.join()
print(waited, before == digest(), signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("what", ["mf", "icm", "gibbs", "estimate"])
def test_ctrl_c_in_a_long_solve_is_heard_at_once_and_leaves_all_as_it_was(what):
    done = subprocess.run(
        [sys.executable, "-c", CHILD, what, "2048"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    waited, same, handler = done.stdout.split()
    assert float(waited) < 5  # 0.1 s and less where nothing else runs
    assert (same, handler) == ("True", "True")


@pytest.mark.slow
@pytest.mark.parametrize("eight", [False, True])
def test_a_large_picture_in_several_calls_comes_out_the_same(eight, monkeypatch):
    from isingdenoise import Coupling

    coupling = Coupling.eight(0.3) if eight else 0.5
    model = IsingModel(np.random.default_rng(1).normal(scale=0.5, size=(211, 300)), coupling)
    engine = MeanField(tol=1e-6)
    whole = engine.solve(model)
    calls = []
    run = work_list.tiles.sweep_tiles
    monkeypatch.setattr(work_list, "_AT_ONCE", 1)
    monkeypatch.setattr(
        work_list.tiles,
        "sweep_tiles",
        lambda *a, parallel: (calls.append(1), run(*a, parallel=parallel)),
    )
    assert_same_solution(engine.solve(model), whole)
    assert len(calls) > 20  # it was cut


X = np.random.default_rng(4).normal(size=(24, 25)) + np.where(np.arange(25) < 12, -1, 1)
KNOWN = {"noise": GaussianNoise(1.0), "coupling": 0.5, "rng": 2}


def bits(result):
    mean = result.solution.mean
    return result.image.tobytes(), None if mean is None else mean.tobytes(), result.solution.energy


class Mine(BaseException):
    """Not even an `Exception`."""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("error", [Mine("x"), KeyboardInterrupt(), SystemExit(3), ValueError()])
def test_what_a_callback_raises_comes_out_unchanged(engine, error):
    options = {"engine": few(engine), **KNOWN}
    expected = bits(denoise(X, **options))

    def fail(step):
        raise error

    with pytest.raises(type(error)) as caught:
        denoise(X, callback=fail, **options)
    assert caught.value is error
    assert bits(denoise(X, **options)) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_callback_returns_or_writes_changes_nothing(engine):
    options = {"engine": few(engine), **KNOWN}
    rounds = []

    def meddle(step):
        rounds.append(step.round)
        step.snapshot()[...] = 0
        return True

    assert bits(denoise(X, callback=meddle, **options)) == bits(denoise(X, **options))
    assert rounds


@pytest.mark.parametrize("outer", ENGINES)
@pytest.mark.parametrize("inner", ENGINES)
def test_a_callback_may_denoise(outer, inner):
    options = {"engine": few(outer), **KNOWN}
    other = {"engine": few(inner), **KNOWN}
    expected, alone = bits(denoise(X, **options)), bits(denoise(-X, **other))
    found = []

    def again(step):
        if len(found) < 2:
            found.append(bits(denoise(-X, **other)))

    assert bits(denoise(X, callback=again, **options)) == expected
    assert set(found) == {alone}
