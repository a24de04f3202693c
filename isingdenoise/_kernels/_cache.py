"""Where compiled kernels are kept between runs."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numba
from platformdirs import user_cache_dir


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
