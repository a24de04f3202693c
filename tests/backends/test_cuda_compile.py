"""Kernels compile for real cards, where NVIDIA's compiler is at hand; no card is needed for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cuda_compile
import pytest

pytest.importorskip("numba_cuda", reason="the extra [gpu] is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.process]

GENERATION = "8.0"


@pytest.fixture(scope="module")
def compiled():
    env = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    done = subprocess.run(
        [sys.executable, Path(cuda_compile.__file__), GENERATION],
        env=env, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    if done.returncode == cuda_compile.NO_COMPILER:
        pytest.skip(f"numba {done.stdout.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_kernel_compiles_for_a_card(compiled):
    assert len(compiled) == 4 * 6 + 10
    assert all(told["length"] > 1000 and told["target"] for told in compiled.values())


def test_what_a_site_does_is_inlined(compiled):
    """A call, or numbers in memory of a thread's own, would cost more than the site itself."""
    assert not {name: told for name, told in compiled.items() if told["calls"] or told["local"]}
