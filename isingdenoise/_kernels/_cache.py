"""Where compiled kernels are kept between runs."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
from platformdirs import user_cache_dir

fcntl: Any = None
with suppress(ImportError):  # Windows has none
    import fcntl


def cache_directory() -> Path | None:
    """Return a writable folder for compiled kernels, or None if there is none.

    The folder's name holds a digest of the kernels' sources: numba looks only
    at the file a function stands in, and would go on using a kernel whose
    helper in another file has changed.

    Returns
    -------
    pathlib.Path or None
        The first of `$NUMBA_CACHE_DIR`, the user's cache folder and the
        temporary folder that can be written to.
    """
    leaf = f"isingdenoise-{_digest()}"
    for parent in _candidates():
        folder = parent / leaf
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


def guard(dispatcher: Any, folder: Path) -> None:
    """Make a dispatcher's cache safe against other processes and damaged files.

    numba reads, changes and writes a function's index without a lock: of two
    processes that start cold at once, one may file its kernel under the name
    that the other's index gives to another. And what it cannot unpickle, it
    raises. Here saving takes turns, and a file that cannot be loaded is
    compiled again.

    Parameters
    ----------
    dispatcher : numba dispatcher
        With caching enabled.
    folder : pathlib.Path
        Where the cache is, and the lock.
    """
    cache = dispatcher._cache
    load, save, flush = cache.load_overload, cache.save_overload, cache.flush

    def load_or_forget(signature: Any, context: Any) -> Any:
        try:
            return load(signature, context)
        except Exception:  # whatever pickle makes of damaged bytes
            with suppress(OSError), _turn(folder):
                flush()
            return None

    def save_in_turn(signature: Any, data: Any) -> None:
        # A full disk or a folder that is gone costs the next run a compilation.
        with suppress(OSError), _turn(folder):
            save(signature, data)

    cache.load_overload, cache.save_overload = load_or_forget, save_in_turn


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, where the system has such locks."""
    if fcntl is None:
        yield
        return
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _candidates() -> list[Path]:
    given = os.environ.get("NUMBA_CACHE_DIR")
    places = [Path(given)] if given else []
    # Without a home folder platformdirs answers with a path that starts at "~".
    user = Path(user_cache_dir("isingdenoise", appauthor=False))
    if user.is_absolute():
        places.append(user)
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    return [*places, Path(tempfile.gettempdir()) / f"isingdenoise-{owner}"]


def _digest() -> str:
    text = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        text.update(source.read_bytes())
    return text.hexdigest()[:16]
