"""Whether there is a graphics card that kernels could run on; asking loads no numba."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from functools import cache

from ...errors import ParameterError

#: What brings numba's compiler for cards.
EXTRA = 'pip install "isingdenoise[gpu]"'
_LIBRARIES = {"win32": "nvcuda.dll"}
_NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE


def simulated() -> bool:
    """Tell whether numba is told to simulate a card: for tests, and only where gpu is asked for."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in {"", "0"}


def lacking() -> str | None:
    """Return what keeps kernels from a card, in a few words with what helps; None: nothing known.

    The driver is asked by its own library, in a millisecond where there is none: numba would
    take most of a second to be loaded, and then say the same.
    """
    if importlib.util.find_spec("numba_cuda") is None:
        return f"needs numba-cuda; {EXTRA}"
    return None if simulated() else _asked_of_the_driver()


def check() -> None:
    """Refuse where something is lacking.

    Raises
    ------
    ParameterError
        With what it is.
    """
    reason = lacking()
    if reason is not None:
        raise ParameterError("backend", f"gpu {reason}")


@cache
def _asked_of_the_driver() -> str | None:
    """Return why the driver offers no card; None where it offers one."""
    library = _LIBRARIES.get(sys.platform, "libcuda.so.1")
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return f"finds no NVIDIA driver ({library}) on this machine; use cpu or auto"
    count = ctypes.c_int(0)
    failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if failed and failed != _NO_DEVICE:
        return f"finds a driver that does not start (CUDA error {failed}); use cpu or auto"
    if failed or not count.value:
        return "finds no graphics card that CUDA can use; use cpu or auto"
    return None


def described() -> str:
    """Return in a few words which backends there are, for lists."""
    reason = lacking()
    if reason is not None:
        return f"cpu; gpu {reason.partition(';')[0]}"
    return "cpu, gpu (the simulator)" if simulated() else "cpu, gpu"
