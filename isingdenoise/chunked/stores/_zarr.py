"""zarr and dask, loaded when they are needed."""

from __future__ import annotations

from typing import Any

from ...errors import IsingDenoiseError

__all__ = ["load_dask", "load_zarr"]

_LACKING = "{} is needed for pictures in parts; install it with: pip install 'isingdenoise[zarr]'"


def load_zarr() -> Any:
    """Return the module `zarr`.

    Raises
    ------
    IsingDenoiseError
        It is not installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise IsingDenoiseError(_LACKING.format("zarr")) from error
    return zarr


def load_dask() -> Any:
    """Return the module `dask.array`, and the scheduler on threads.

    Named "threads" it would be looked up, and `distributed` be imported for it.

    Raises
    ------
    IsingDenoiseError
        It is not installed.
    """
    try:
        import dask.array
        import dask.threaded
    except ImportError as error:
        raise IsingDenoiseError(_LACKING.format("dask")) from error
    return dask.array, dask.threaded.get
