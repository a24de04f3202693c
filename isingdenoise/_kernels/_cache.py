"""Where compiled kernels are kept between runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numba
from numba.core.caching import NullCache
from numba.core.runtime import nrt
from platformdirs import user_cache_dir

from ..environment import warn_of
from ._trust import UntrustedError, identity, real_folder, trusted_folder

fcntl: Any = None
with suppress(ImportError):  # Windows has none
    import fcntl


class _Run:
    """What this process keeps for itself."""

    lock = threading.Lock()
    told = False
    folder: Path | None = None


def cache_directory() -> Path | None:
    """Return a writable folder for compiled kernels, or None if there is none.

    The folder's name holds a digest of the kernels' sources: numba looks only
    at the file a function stands in, and would go on using a kernel whose
    helper in another file has changed.

    Returns
    -------
    pathlib.Path or None
        The first of `$NUMBA_CACHE_DIR`, the user's cache folder and the
        temporary folder that can be written to. Where others could have put
        something into it, a fresh folder for this process alone.
    """
    leaf = f"isingdenoise-{_digest()}"
    for top in _candidates():
        try:
            folder = trusted_folder(top, leaf)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except UntrustedError as found:
            return _folder_of_this_run(found)
        except OSError:
            continue
    return None


def is_temporary(folder: Path | None) -> bool:
    """Tell whether a folder is gone when the process ends."""
    return folder is not None and folder == _Run.folder


def guard(dispatcher: Any, folder: Path) -> None:
    """Make a dispatcher's cache safe against other processes and damaged files.

    numba reads, changes and writes a function's index without a lock: of two
    processes that start cold at once, one may file its kernel under the name
    that the other's index gives to another. And what it cannot unpickle, it
    raises. Here saving takes turns, and a file that cannot be loaded is
    compiled again. What is somewhere else than in the folder, or in another
    folder that has taken its place, is neither read nor written.

    Parameters
    ----------
    dispatcher : numba dispatcher
        With caching enabled.
    folder : pathlib.Path
        Where the cache is, and the lock.
    """
    cache, checked = dispatcher._cache, identity(folder)
    if checked is None or not Path(cache.cache_path).is_relative_to(folder):
        dispatcher._cache = NullCache()  # numba has places of its own to turn to
        return
    save, flush = cache.save_overload, cache.flush

    def load_or_forget(signature: Any, context: Any) -> Any:
        if identity(folder) != checked:
            return None
        try:
            return _load(cache, signature, context)
        except Exception:  # whatever pickle makes of damaged bytes
            with suppress(OSError), _turn(folder):
                flush()
            return None

    def save_in_turn(signature: Any, data: Any) -> None:
        # A full disk or a folder that is gone costs the next run a compilation.
        with suppress(OSError), _turn(folder):
            if identity(folder) == checked:
                save(signature, data)

    cache.load_overload, cache.save_overload = load_or_forget, save_in_turn
    cache._cache_file._open_for_write = _replacing


@contextmanager
def _replacing(path: str) -> Iterator[BinaryIO]:
    """Write a file that takes its name when it is whole: a new one, for the user alone."""
    descriptor, name = tempfile.mkstemp(prefix=".", dir=Path(path).parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).replace(path)
    except BaseException:  # Ctrl-C, too
        with suppress(OSError):
            Path(name).unlink()
        raise


def _load(cache: Any, signature: Any, context: Any) -> Any:
    """Return a kernel from the cache, None if it is not there.

    numba's own way is to load all that a compiler needs first, SciPy among it, which takes
    longer than everything else. A kernel that is compiled needs the runtime alone, and what
    has to be compiled after all has the rest loaded then.
    """
    nrt.rtsys.initialize(context)
    found = None
    with cache._guard_against_spurious_io_errors():  # it may swallow what is raised
        found = cache._load_overload(signature, context)
    return found


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, where the system has such locks."""
    if fcntl is None:
        yield
        return
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.open(folder / "lock", flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _candidates() -> Iterator[Path]:
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        yield Path(given)
    # Without a home folder platformdirs answers with a path that starts at "~".
    user = Path(user_cache_dir("isingdenoise", appauthor=False))
    if user.is_absolute():
        yield user
    owner = os.geteuid() if hasattr(os, "geteuid") else "user"
    try:
        temporary = tempfile.gettempdir()
    except OSError:  # there is none
        return
    yield Path(temporary) / f"isingdenoise-{owner}"


def _folder_of_this_run(found: UntrustedError) -> Path | None:
    """Return a folder that only this process uses, and say once why it is needed."""
    with _Run.lock:
        if not _Run.told:
            _Run.told = True
            warn_of(
                found.path,
                f"{found.reason}, and compiled kernels are code: none are taken from there, "
                "each run compiles its own; set NUMBA_CACHE_DIR to a folder that you alone can "
                "write in",
            )
        if _Run.folder is None:
            with suppress(OSError, UntrustedError):
                place = real_folder(Path(tempfile.gettempdir()))
                _Run.folder = Path(tempfile.mkdtemp(prefix="isingdenoise-", dir=place))
                _remove_at_the_end(_Run.folder)
        return _Run.folder


def _remove_at_the_end(folder: Path) -> None:
    """Remove a folder when this process ends, a child of multiprocessing too, but not its own."""
    from multiprocessing.util import Finalize

    last = -1  # after children have ended
    Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=last)


def _in_a_forked_child() -> None:
    """Need a folder of one's own from now on: the parent removes the one it made."""
    _Run.lock, _Run.folder = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_forked_child)


def _digest() -> str:
    text = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        text.update(source.read_bytes())
    return text.hexdigest()[:16]
