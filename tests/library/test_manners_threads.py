"""Many threads and processes: the bits of calls in a row, and nothing of the process changed."""

import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from isingdenoise import (
    EstimationWarning,
    FlipNoise,
    GaussianNoise,
    Gibbs,
    MeanField,
    denoise,
    estimate,
)

LARGE = 700, 500  # solved by parallel kernels


def noisy(shape, seed):
    rng = np.random.default_rng(seed)
    bright = np.kron(rng.random((shape[0] // 9 + 1, shape[1] // 9 + 1)) < 0.5, np.ones((9, 9)))
    x = 90 + 80 * bright[: shape[0], : shape[1]] + 40 * rng.standard_normal(shape)
    return np.clip(x, 0, 255).astype(np.uint8)


WORK = [
    (noisy((60 + k, 71), k), engine, noise, coupling)
    for k in range(4)
    for engine, noise, coupling in [
        ("mf", "auto", "auto"),
        (MeanField(parallel=True), "gaussian", 0.5),
        ("icm", "gaussian", 0.4),
        (Gibbs(burn_in=5, sweeps=20, parallel=True), GaussianNoise(40.0, (90.0, 170.0)), 0.5),
        ("mf", FlipNoise(0.3, (90.0, 170.0)), 0.7),
        (MeanField(schedule="jacobi", damping=0.5), FlipNoise(0.2, (90.0, 170.0)), 0.4),
    ]
]


def bits(result):
    probability = result.probability
    return (
        *(result.image.tobytes(), result.solution.energy, result.noise, result.coupling),
        None if probability is None else probability.tobytes(),
    )


def clean(k):
    """Do one piece of work; at the top of the module, so that processes find it."""
    x, engine, noise, coupling = WORK[k]
    return bits(denoise(x, noise, engine=engine, coupling=coupling, rng=k))


def large():
    return bits(denoise(noisy(LARGE, 9), GaussianNoise(40.0, (90.0, 170.0)), coupling=0.5, rng=0))


@pytest.mark.slow
def test_eight_threads_while_a_large_picture_is_solved():
    alone, alone_large = [clean(k) for k in range(len(WORK))], large()
    order = list(range(len(WORK))) * 2
    random.Random(0).shuffle(order)
    with ThreadPoolExecutor(8) as pool:
        futures = [(k, pool.submit(clean, k)) for k in order]
        here = [large() for _ in range(3)]
        for k, future in futures:
            assert future.result(timeout=120) == alone[k]
    assert set(here) == {alone_large}


def state():
    """Return what belongs to the process and is no business of ours."""
    import numba

    return {
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "errstate": np.geterr(),
        "call": np.geterrcall(),
        "random": pickle.dumps(np.random.get_state()),  # noqa: NPY002 - the old one
        "python's random": random.getstate(),
        "numba's threads": numba.get_num_threads(),
        "numba's cache": numba.config.CACHE_DIR,
        "signals": [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)],
        "environment": dict(os.environ),
        "folder": os.getcwd(),  # noqa: PTH109
        "print": np.get_printoptions(),
        "threads": {t.name for t in threading.enumerate() if not t.daemon},
        "switch": sys.getswitchinterval(),
        "recursion": sys.getrecursionlimit(),
        "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
    }


@pytest.mark.slow
def test_nothing_of_the_process_is_changed():
    for k in range(6):
        clean(k)  # kernels are loaded
    large()
    before = state()
    for k in range(len(WORK)):
        clean(k)
        assert state() == before
    estimate(WORK[0][0])
    large()
    assert state() == before


@pytest.mark.slow
def test_nothing_of_the_process_is_changed_while_threads_work():
    clean(0)
    before, stop, seen = state(), threading.Event(), []

    def watch():
        while not stop.is_set():
            seen.append((list(warnings.filters), warnings.showwarning))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(clean, range(len(WORK))))
    finally:
        stop.set()
        watcher.join()
    assert len(seen) > 10
    assert all(s == (before["filters"], before["showwarning"]) for s in seen)
    assert state() == before


def test_the_watch_sees_what_catch_warnings_does():
    """The control: that is how filters are changed behind another thread's back."""
    before = state()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert state() != before
    np.random.seed(1)  # noqa: NPY002
    assert state()["random"] == pickle.dumps(np.random.get_state())  # noqa: NPY002


def test_warnings_come_to_the_thread_that_caused_them():
    flat = np.full((20, 20), 7, np.uint8)
    with pytest.warns(EstimationWarning, match="all pixels are equal"):
        denoise(flat)
    with ThreadPoolExecutor(2) as pool, pytest.warns(EstimationWarning):
        pool.submit(denoise, flat).result(timeout=60)


FORK = """
import os, sys, numpy as np
from isingdenoise import GaussianNoise, Gibbs, MeanField, denoise
x = np.random.default_rng(0).normal(size=(400, 300)) + 1
def work(engine):
    return denoise(x, GaussianNoise(1.0), engine=engine, coupling=0.5, rng=1).image.tobytes()
engines = MeanField(parallel=True), "icm", Gibbs(burn_in=1, sweeps=2, parallel=True)
expected = [work(engine) for engine in engines]
import numba
child = os.fork()
if child == 0:
    os._exit(0 if [work(engine) for engine in engines] == expected else 7)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(numba.threading_layer(), status, [work(engine) for engine in engines] == expected)
"""


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("layer", ["omp", "workqueue", "tbb"])
def test_a_child_forked_after_a_parallel_solve_gives_the_same_bits(layer):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NUMBA_THREADING_LAYER": layer},
    )
    if "No threading layer could be loaded" in done.stderr:
        pytest.skip(f"no {layer} here")
    assert done.stdout.split() == [layer, "0", "True"], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_processes_give_the_same_bits_and_their_results_come_back(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    chosen = [0, 1, 2, 3]
    expected = [clean(k) for k in chosen]
    context = multiprocessing.get_context(method)
    with warnings.catch_warnings():  # Python 3.12 warns of forks of a process with threads
        warnings.simplefilter("ignore", DeprecationWarning)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            assert [
                f.result(timeout=120) for f in [pool.submit(clean, k) for k in chosen]
            ] == expected
            whole = pool.submit(denoise, WORK[1][0], "gaussian", coupling=0.5).result(timeout=120)
    assert bits(whole) == bits(denoise(WORK[1][0], "gaussian", coupling=0.5))
