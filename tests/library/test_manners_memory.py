"""What a solve takes, and what is said before that it will take."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from isingdenoise import (
    Coupling,
    FlipNoise,
    GaussianNoise,
    Gibbs,
    MeanField,
    ParameterError,
    denoise,
    memory_to_denoise,
)

SHAPE = 1000, 1100
KNOWN = {"bool": FlipNoise(0.1), "grey": GaussianNoise(30.0, (80.0, 170.0))}
GIBBS = Gibbs(burn_in=1, sweeps=2)
CASES = {
    "mf": ("mf", {"coupling": 0.6}),
    "mf, 8 neighbours": ("mf", {"coupling": Coupling.eight(0.4)}),
    "jacobi": (MeanField(schedule="jacobi", damping=0.5, max_sweeps=3), {"coupling": 0.6}),
    "icm": ("icm", {"coupling": 0.6}),
    "gibbs": (GIBBS, {"coupling": 0.6}),
    "estimated coupling": ("mf", {}),
    "estimated": ("mf", {"noise": "auto", "background": None}),
    "light": ("mf", {"background": "auto", "coupling": 0.6}),
}


def picture(dtype, shape=SHAPE):
    rng = np.random.default_rng(0)
    blocks = rng.random((shape[0] // 16 + 1, shape[1] // 16 + 1)) < 0.5
    bright = np.kron(blocks, np.ones((16, 16), bool))[: shape[0], : shape[1]]
    if dtype == "bool":
        return bright ^ (rng.random(shape, np.float32) < 0.1)
    x = np.where(bright, np.float32(170), np.float32(80))
    x += 30 * rng.standard_normal(shape, np.float32)
    return np.clip(x, 0, 255).astype(dtype)


def peak(x, engine, options):
    """Return the most memory that NumPy held at once, and then still with the probability."""
    tracemalloc.start()
    try:
        result = denoise(x, engine=engine, rng=0, **options)
        solved = tracemalloc.get_traced_memory()[1]
        assert result.probability is None or result.probability.shape == x.shape
        return solved, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the result is black all over")  # in light the levels lie off
@pytest.mark.parametrize(
    ("case", "dtype"),
    [(case, dtype) for case in ("mf", "icm", "gibbs") for dtype in ("bool", "uint8", "float32")]
    + [("mf, 8 neighbours", "uint8"), ("jacobi", "bool"), ("light", "uint8")]
    + [(case, d) for case in ("estimated coupling", "estimated") for d in ("bool", "uint8")],
)
def test_the_estimate_holds_and_is_not_far_off(case, dtype):
    engine, options = CASES[case]
    x = picture(dtype)
    if case == "light":
        x = x if dtype == "bool" else (x * np.linspace(0.5, 1, SHAPE[1]) ** 2).astype(dtype)
    options = {"noise": KNOWN["bool" if dtype == "bool" else "grey"], **options}
    # loads kernels, which large pictures have of their own
    denoise(x, engine=engine, rng=0, **{**options, "coupling": 0.6})
    solved, most = peak(x, engine, options)
    once = memory_to_denoise(0)
    told = memory_to_denoise(x.size, engine, dtype=x.dtype, **options) - once
    assert most <= told <= 1.3 * most
    without = memory_to_denoise(x.size, engine, dtype=x.dtype, probability=False, **options) - once
    assert solved <= without <= told


CHILD = """
import sys, resource
import numpy as np
from isingdenoise import GaussianNoise, denoise
import isingdenoise.api
side = int(sys.argv[1])
x = np.zeros((side, side), np.uint8)
x[...] = 80 + 90 * (np.arange(side) // 16 % 2).astype(np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
denoise(x, GaussianNoise(30.0, (80.0, 170.0)), coupling=0.6).probability
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts in KiB there")
def test_the_whole_process_stays_within_the_estimate():
    side = 3000
    denoise(np.eye(9), "flip", engine=MeanField(parallel=True))  # compiled before
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(side)], capture_output=True, text=True, check=True
    )
    taken = int(done.stdout)
    known = {"noise": KNOWN["grey"], "coupling": 0.6}
    assert taken <= memory_to_denoise(side * side, **known)


def test_an_a0_page_of_two_values_fits_into_8_gib():
    pixels = 558_000_000
    told = pixels + memory_to_denoise(pixels, dtype=bool, probability=False)
    assert told < 8 << 30


def test_more_of_everything_takes_more():
    assert memory_to_denoise(10**6) < memory_to_denoise(10**7) < memory_to_denoise(10**9)
    many = 10**8
    known = {"noise": KNOWN["grey"], "coupling": 0.6}
    light = np.ones((1, 1))
    assert memory_to_denoise(many, background=light, **known) > memory_to_denoise(many, **known)
    assert memory_to_denoise(many, Gibbs(chains=9)) > memory_to_denoise(many, Gibbs(chains=2))
    for wrong in (-1, 1.5, "many"):
        with pytest.raises(ParameterError, match=r"^pixels: "):
            memory_to_denoise(wrong)
    with pytest.raises(ParameterError, match=r"^engine: "):
        memory_to_denoise(1, "annealing")
