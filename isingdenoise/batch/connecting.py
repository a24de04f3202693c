"""The way to a scheduler of Dask's distributed, and what travels on it."""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import ClusterError, printable

__all__ = ["Request", "call", "connected", "not_on_stderr"]

_LOGGERS = (
    *("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application"),
    "asyncio",
)


@dataclass(eq=False)
class Request:
    """A task that was handed in: its future, and what is fetched of it."""

    future: Any
    answer: Future[Any]
    is_dropped: bool = False


def connected(where: Any, address: str, seconds: float) -> Any:
    """Return a client of a scheduler.

    Parameters
    ----------
    where : str or distributed.LocalCluster
        The scheduler.
    address : str
        What the user calls it.
    seconds : float
        How long it has for an answer.

    Raises
    ------
    ClusterError
        It does not answer, or not as a scheduler does.
    """
    import distributed

    client: Any = distributed.Client
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared by `Cluster.check`
            return client(where, timeout=seconds, set_as_default=False)
    except Exception as error:
        what = printable(str(error) or type(error).__name__)[:200]
        reason = f"no scheduler answers there ({what}); start one with 'dask scheduler'"
        raise ClusterError(address, reason) from error


def call(function: Callable[[Any], Any], argument: Any) -> bytes:
    """Return a pickle that calls a function when it is loaded."""
    return pickle.dumps(_Call(function, argument))


class _Call:
    """Becomes the result of a function where it is unpickled."""

    def __init__(self, function: Callable[[Any], Any], argument: Any) -> None:
        self._reduced = function, (argument,)

    def __reduce__(self) -> Any:
        return self._reduced


@contextmanager
def not_on_stderr() -> Iterator[None]:
    """Leave what the libraries log to the handlers of the root logger, if there are any."""
    before = []
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        before.append((logger, logger.handlers, logger.propagate, logger.level))
        logger.handlers, logger.propagate = [logging.NullHandler()], True
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, handlers, propagate, level in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
