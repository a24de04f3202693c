"""`gradients`, `vae`: experiments of other parts of the package, as entries of the registry."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

from ...gradient_experiment import at_two_places
from .base import Findings, Plan, Records

__all__ = ["gradients", "vae"]


def gradients(plan: Plan) -> Generator[None, None, Findings]:
    """Compare Monte Carlo gradients of the evidence lower bound with the exact one."""
    found = at_two_places(repeats=plan.repeats, rng=plan.seed)
    yield
    tables = {where: [row.record() for row in rows] for where, rows in found.items()}
    notes = []
    for where, records in tables.items():
        one = [row for row in records if row["samples"] == min(r["samples"] for r in records)]
        best = min(one, key=lambda row: row["variance"])
        notes.append(
            f"{where}: of one sample {best['estimator']} has the least variance, "
            f"{best['variance']:.2g}"
        )
    return _placed(tables, notes)


def vae(plan: Plan) -> Generator[None, None, Findings]:
    """Learn four variational autoencoders of glyphs that differ in KL annealing and in a flow."""
    from ...generative import annealing_and_flow

    learning = annealing_and_flow(steps=plan.steps, seed=plan.seed)
    while True:
        try:
            next(learning)
        except StopIteration as end:
            records = [row.record() for row in end.value]
            most = max(map(_samples, records[0]))
            best = max(records, key=lambda row: float(row[f"bound_{most}"]))
            note = f"highest bound on log p, by {most} samples: {best['model']}"
            return _placed({"glyphs not learned from": records}, [note])
        yield


def _samples(name: str) -> int:
    """Return of how many samples a column's bound is; 0 of other columns."""
    return int(name.removeprefix("bound_")) if name.startswith("bound_") else 0


def _placed(tables: Mapping[str, Records], notes: Sequence[str]) -> Findings:
    """Return tables that differ in where they were measured; rows have the place first."""
    rows: list[dict[str, Any]] = [
        {"place": where, **record} for where, records in tables.items() for record in records
    ]
    return Findings(rows, tables, notes=notes)
