"""`isingdenoise warmup`: compile now, so that nobody waits later."""

from __future__ import annotations

import click

from . import talk


@click.command()
def warmup() -> None:
    """Compile the kernels ahead of the first run.

    They are kept in the user's cache folder, or in $NUMBA_CACHE_DIR.
    """
    from isingdenoise.warmup import warm_up

    total = 0.0
    for name, seconds in warm_up():
        talk.result(f"{name:<30} {seconds:6.2f} s")
        total += seconds
    talk.result(f"{'all kernels are ready':<30} {total:6.2f} s")
