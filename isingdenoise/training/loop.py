"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ReadError
from ..prior import Machine, Network
from .batches import Batch, Example, batch
from .machine import UnrolledMachine
from .network import Denoiser, load_arrays
from .objectives import objective_of
from .plan import Plan

__all__ = ["Progress", "Trainer"]

_AVERAGING = 0.999
_CLIP = 1.0
_WARMUP = 0.02  # of all steps


@dataclass(frozen=True)
class Progress:
    """Where a run is: steps done, and the loss averaged over the last ones."""

    step: int
    loss: float


class Trainer:
    """A network in training: steps, and what is kept to go on from.

    Parameters
    ----------
    plan : Plan
        What to do.
    source : callable
        The example of a number.
    start : Network or Machine, optional
        Weights to start from, of the planes and blocks that the plan has; random ones otherwise.
    """

    def __init__(self, plan: Plan, source: Example, start: Network | Machine | None = None) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.source = plan, source
        self.network = network_of(plan).to(memory_format=torch.channels_last)
        if start is not None:
            load_arrays(self.network, start.arrays())
        self.average = network_of(plan)
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=1e-3
        )
        self.objective = objective_of(plan)
        self.step = 0

    def run(self, walk: Iterable[object], said: Callable[[Progress], None], every: int) -> None:
        """Take a step for each item of `walk`; tell of progress every so many, and at the end."""
        total, count = torch.zeros(()), 0
        with ThreadPoolExecutor(1) as drawing:  # while a step is taken, the next one is drawn
            ahead = drawing.submit(self._batch, self.step)
            for _ in walk:
                made, ahead = ahead.result(), self._ahead(drawing)
                total += self._step(made)
                count += 1
                if self.step % every == 0 or self.step == self.plan.steps:
                    said(Progress(self.step, float(total) / count))
                    total, count = torch.zeros(()), 0
            ahead.cancel()

    def _ahead(self, drawing: ThreadPoolExecutor) -> Future[Batch]:
        """Have the next batch drawn; after the last there is none to draw."""
        return drawing.submit(self._batch, min(self.step + 1, self.plan.steps - 1))

    def _batch(self, step: int) -> Batch:
        return batch(step, self.plan.size, self.source, self.plan.small)

    def _step(self, made: Batch) -> Tensor:
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate * _schedule(self.step / self.plan.steps)
        field, clean, weight, coupling = (torch.from_numpy(array) for array in made)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.plan.precision == "bfloat16"):
            half_log_odds = self.network(field, coupling)
        loss, told = self.objective(half_log_odds, field, clean, weight)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimiser.step()
        self.step += 1
        self._follow()
        return told

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average of the weights; at the beginning it follows fast."""
        keep = min(_AVERAGING, (1 + self.step) / (10 + self.step))
        for slow, fast in zip(self.average.parameters(), self.network.parameters(), strict=True):
            slow.lerp_(fast, 1 - keep)

    def save(self, path: Path) -> None:
        """Keep all that is needed to go on."""
        state = {
            "plan": asdict(self.plan),
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        part = path.with_name(path.name + ".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from what `save` kept.

        Raises
        ------
        ReadError
            It is no such file, or that of another plan.
        """
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True)
            kept = Plan(**state["plan"])
        except OSError:
            raise
        except Exception as error:  # whatever unpickling raises
            raise ReadError(path, "holds no training to go on with") from error
        if kept != self.plan:
            changed = ", ".join(name for name, value in asdict(kept).items()
                                if value != getattr(self.plan, name))  # fmt: skip
            raise ReadError(path, f"is of a training with another {changed}; give the same")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])


def network_of(plan: Plan) -> nn.Module:
    """Return what a plan trains, with random weights."""
    if plan.kind == "machine":
        return UnrolledMachine(plan.planes)
    return Denoiser(plan.planes, plan.middle)


def _schedule(share: float) -> float:
    """Return the learning rate at a share of the run: up, then a cosine down to 0."""
    if share < _WARMUP:
        return (share + 1e-4) / _WARMUP
    return 0.5 * (1 + math.cos(math.pi * (share - _WARMUP) / (1 - _WARMUP)))
