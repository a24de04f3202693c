"""What errors of a card, its driver and its compiler say, in a few words; numba is not loaded."""

from __future__ import annotations

_OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY
#: How numba-cuda says, or NVIDIA's finder of libraries, that NVVM or NVRTC is not installed.
_NO_COMPILER = {"NvvmSupportError", "NvrtcSupportError", "DynamicLibNotFoundError"}
_LONGEST = 200


def failure(error: Exception, shape: tuple[int, int]) -> str | None:
    """Return what an error says of the card; None where it says nothing of it.

    It is told by the modules of its classes: the driver, numba's part for cards and NVIDIA's
    bindings each have kinds of their own, and which there are changes with their releases.

    Parameters
    ----------
    error : Exception
        As it was raised while a card was prepared or computed.
    shape : tuple of int
        (H, W) of the picture.
    """
    homes = [kind.__module__ for kind in type(error).__mro__]
    of_the_card = any(home.startswith(("numba.cuda", "numba_cuda", "cuda.")) for home in homes)
    if not of_the_card and not isinstance(error, ImportError):
        return None
    if any(kind.__name__ in _NO_COMPILER for kind in type(error).__mro__):
        return "has no compiler: pip install 'numba-cuda[cu13]', or [cu12] for an older driver"
    if getattr(error, "code", None) == _OUT_OF_MEMORY or "OUT_OF_MEMORY" in str(error):
        return f"has too little free memory for {shape[1]} x {shape[0]} pixels"
    return f"fails ({in_short(error)})"


def in_short(error: BaseException) -> str:
    """Return the first line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.endswith(":")]
    return (told or [type(error).__name__])[0].rstrip(".")[:_LONGEST]
