"""Environment variables that decide over life and death, checked before they do."""

from __future__ import annotations

import os

from .errors import ParameterError

__all__ = ["check_environment"]

#: More than this exhausts a machine before numba notices.
_MOST_THREADS = 1024
_THREADS = "NUMBA_NUM_THREADS"


def check_environment() -> None:
    """Refuse settings with which numba fails to load, or takes the process with it.

    It is called when kernels are first needed, before numba is imported.

    Raises
    ------
    ParameterError
        `NUMBA_NUM_THREADS` is no whole number from 1 to 1024.
    """
    given = os.environ.get(_THREADS)
    if given is None:
        return
    try:
        threads = int(given)
    except ValueError:
        threads = 0
    if not 1 <= threads <= _MOST_THREADS:
        raise ParameterError(
            _THREADS,
            f"this environment variable must be a whole number from 1 to {_MOST_THREADS}, "
            f"not {given[:40]!r}; correct or unset it",
        )
