"""What needs many samples, or another number of threads than this process has."""

import hashlib
import os
import subprocess
import sys

import numba
import numpy as np
import pytest
import reference

from isingdenoise import Coupling, IsingModel
from isingdenoise._kernels import gibbs
from isingdenoise.backends.numba import Lattice

SAMPLES, BATCH = 1_000_000, 1_000
KEY = (np.uint32(20), np.uint32(26))


@numba.njit
def batches(sweep, labels, scratch, field, shape, coupling, diagonal, key, means):
    """Run the kernel's chain; write the mean of each batch of sweeps."""
    for batch in range(means.shape[0]):
        total = np.zeros_like(field)
        for k in range(BATCH):
            counter = (np.uint32(batch * BATCH + k), np.uint32(0))
            sweep(
                labels, total, scratch, field, shape, coupling, diagonal,
                np.float32(1), counter, key,
            )  # fmt: skip
        means[batch] = total / np.float32(BATCH)


def marginals(model):
    """Return mean and standard error of every site over a million sweeps, by batch means."""
    lattice = Lattice(model, False)
    labels = lattice.signs(lattice.field)
    scratch = np.zeros((gibbs.GROUPS, lattice.field.shape[2] + 4), np.float32)
    means = np.empty((SAMPLES // BATCH, *lattice.field.shape), np.float32)
    batches(gibbs.sweep.serial, labels, scratch, *lattice.parameters, KEY, means)
    means = means[10:].astype(np.float64)  # burnt in
    pictures = np.array([lattice.unpack(m.astype(np.float32)) for m in means])
    return pictures.mean(axis=0), pictures.std(axis=0, ddof=1) / np.sqrt(len(pictures))


@pytest.mark.slow
@pytest.mark.parametrize("coupling", [Coupling.nearest(0.3), Coupling.eight(0.25, -0.1)], ids=str)
def test_a_million_samples_agree_with_enumeration(coupling):
    rng = np.random.default_rng(4)
    model = IsingModel(rng.normal(scale=0.4, size=(4, 4)), coupling)
    found, error = marginals(model)
    assert np.abs((found - reference.Exact(model).mean) / error).max() < 4
    moved = IsingModel(model.field + 0.01, coupling)  # the control: a hundredth off is seen
    assert np.abs((found - reference.Exact(moved).mean) / error).max() > 6


SOLVE = """
import sys, numpy as np
from isingdenoise import ENGINES, Coupling, IsingModel
from isingdenoise.inference import objection_to, on_threads
field = np.random.default_rng(1).normal(size=(121, 173)) + 0.5
for engine in ENGINES.values():
    if "parallel" not in engine.__dataclass_fields__:
        continue
    for coupling in (Coupling.nearest(0.5), Coupling.eight(0.3)):
        model, solver = IsingModel(field, coupling), on_threads(engine().quick(), True)
        if objection_to(solver, model) is not None:
            continue
        found = solver.solve(model, rng=5)
        sys.stdout.buffer.write(found.labels.tobytes())
        if found.mean is not None:
            sys.stdout.buffer.write(found.mean.tobytes())
"""


@pytest.mark.process
@pytest.mark.slow
def test_any_number_of_threads_gives_the_same_bits():
    """Also with more threads than cores; each process fixes its own number at the start."""
    digests = set()
    for threads in ("1", "2", "4"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", SOLVE],
            env={**os.environ, "NUMBA_NUM_THREADS": threads},
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        assert len(done.stdout) > 121 * 173
        digests.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(digests) == 1
