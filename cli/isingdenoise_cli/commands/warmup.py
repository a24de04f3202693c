"""`isingdenoise warmup`: compile now, so that nobody waits later."""

from __future__ import annotations

import click

from .. import console
from .. import options as o

HELP = """Compile the kernels ahead of the first run.

Compiled kernels are stored in the user's cache folder, or in
$NUMBA_CACHE_DIR.
"""


@click.command(help=HELP)
@o.json_option
def warmup(as_json: bool) -> None:
    """Compile the kernels ahead of the first run."""
    from isingdenoise.warmup import kernel_folder, warm_up

    kernels = []
    total = 0.0
    for name, seconds in warm_up():
        kernels.append({"name": name, "seconds": seconds})
        total += seconds
        if not as_json:
            console.result(f"{name:<30} {seconds:6.2f} s")
    if as_json:
        from ..render.json import print_json

        print_json({"kernels": kernels, "seconds": total, "folder": kernel_folder()})
        return
    console.result(f"{'all kernels are ready':<30} {total:6.2f} s")
