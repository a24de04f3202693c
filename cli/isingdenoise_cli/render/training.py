"""What came out of training, for people and programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .. import console
from .table import print_table

if TYPE_CHECKING:
    from isingdenoise.training.examples import Judged


def print_validation(found: Judged) -> None:
    """Print the table of errors, or the gap of the bound."""
    if found.elbo is not None:
        mean_field, network = found.elbo
        console.result(
            f"evidence lower bound: mean field {mean_field:.6g}, network {network:.6g} nats "
            f"a pixel (gap {mean_field - network:.3g})"
        )
    if found.rows:
        print_table(
            [
                {
                    "pictures": row.kind,
                    "noise": row.noise,
                    "noisy": f"{row.noisy:.2%}",
                    "mean field": f"{row.mean_field:.2%}",
                    "network": f"{row.network:.2%}",
                    "ece": f"{row.ece:.3f}",
                }
                for row in found.rows
            ]
        )


def record(found: Judged) -> dict[str, Any]:
    """Return the same as plain values with stable keys."""
    bound = None if found.elbo is None else dict(zip(("mean_field", "network"), found.elbo,
                                                     strict=True))  # fmt: skip
    return {"validation": [asdict(row) for row in found.rows], "elbo": bound}
