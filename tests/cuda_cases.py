"""Run as a program: solves small models on the CPU and on numba's simulator of a card.

    NUMBA_ENABLE_CUDASIM=1 python tests/cuda_cases.py OUT.npz

The simulator is a thread of Python for each thread of a block, so pictures are tiny, and a
process of its own: what numba is told, it is told when it is loaded.
"""

import sys
from dataclasses import replace

import numpy as np

from isingdenoise import Coupling, IsingModel
from isingdenoise.inference import ICM, Gibbs, MeanField

TOL = 1e-5
#: Odd and even sizes; one row and one column, which lack planes.
MODELS = {
    "four": ((12, 13), 4, False),
    "eight": ((13, 12), 8, False),
    "edges": ((7, 6), 4, True),
    "eight edges": ((6, 7), 8, True),
    "row": ((1, 7), 4, False),
    "column": ((5, 1), 8, False),
    "pixel": ((1, 1), 4, False),
}
ENGINES = {
    "mf": MeanField(tol=TOL),
    "checkerboard": MeanField(tol=1e-3, schedule="checkerboard", bound_every=1),
    "jacobi": MeanField(tol=1e-2, schedule="jacobi", damping=0.7),
    "icm": ICM(),
    "gibbs": Gibbs(burn_in=2, sweeps=3, chains=2),
}
CASES = [
    *((model, "mf") for model in MODELS),
    *((model, "gibbs") for model in ("four", "eight", "edges", "row", "column")),
    *((model, "icm") for model in MODELS),
    *((model, "checkerboard") for model in ("four", "eight edges")),
    *((model, "jacobi") for model in ("edges", "column")),
]


def model_of(name):
    """Return a model with fields and strengths at which neighbours matter."""
    shape, neighbours, edges = MODELS[name]
    rng = np.random.default_rng(len(name))
    strength = Coupling.nearest(0.5) if neighbours == 4 else Coupling.eight(0.3)
    if neighbours == 4 and not edges:
        strength = Coupling(0.4, 0.6)
    if edges:
        strength = Coupling.contrast(rng.normal(size=shape), strength, 0.5)
    return IsingModel(rng.normal(size=shape).astype(np.float32), strength, 0.7)


def told(solution):
    """Return what is compared of a solution, as arrays."""
    none = np.zeros(0)
    return {
        "labels": solution.labels,
        "mean": none if solution.mean is None else solution.mean,
        "energy": solution.energy,
        "bound": np.nan if solution.lower_bound is None else solution.lower_bound,
        "status": solution.status.value,
        "updates": solution.trace.site_updates,
        "bounds": solution.trace.lower_bound,
        "energies": solution.trace.energy,
        "residual": solution.diagnostics.get("residual", np.nan),
    }


def main(out):
    """Solve all cases, and write what comes out."""
    from numba import cuda

    assert hasattr(cuda, "simulator"), "no simulator"
    sys.setswitchinterval(1e-5)  # its threads wait for one another by turns
    found = {}
    for model, engine in CASES:
        for backend in ("cpu", "gpu"):
            solver = replace(ENGINES[engine], backend=backend, parallel=False)
            start = np.full(model_of(model).shape, 0.25) if engine == "jacobi" else None
            solution = solver.solve(model_of(model), rng=3, init=start)
            for key, value in told(solution).items():
                found[f"{model}/{engine}/{backend}/{key}"] = value
    from isingdenoise.backends.cuda.check import agrees

    for name, work in (("four", "means"), ("eight edges", "modes"), ("eight", "draws")):
        found[f"check/{work}"] = agrees(model_of(name).coupling, work)
    np.savez(out, **found)


if __name__ == "__main__":
    main(sys.argv[1])
