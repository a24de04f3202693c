"""Learning a variational autoencoder: stochastic ascent of the ELBO, with annealing of its KL."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..validation import check_int, check_real
from ._torch import Tensor, load, on_one_thread
from .bounds import elbo_terms
from .model import SIDE, Architecture, Vae

__all__ = ["Row", "Trained", "Training", "train", "train_stepwise"]

_MOST_SEED = 2**63 - 1
_LARGEST_NORM = 200.0  # of a gradient: a batch early on must not throw the weights far away


@dataclass(frozen=True)
class Training:
    """How to learn.

    Attributes
    ----------
    steps : int
        Steps of Adam, at least 1.
    batch_size : int
        Patches a step, at least 1.
    learning_rate : float
        Of the first step, above 0; it falls to a tenth of it along a half cosine.
    warmup : int
        Steps over which the weight of the divergence rises from 0 to 1, at least 0.
    every : int
        Steps that a row of the trace is the mean of, at least 1.

    Raises
    ------
    ParameterError
        A number is out of range.

    Notes
    -----
    The annealing is that of S. Bowman et al., "Generating sentences from a continuous
    space", CoNLL 2016; D. Kingma and J. Ba, "Adam", ICLR 2015.
    """

    steps: int = 4000
    batch_size: int = 64
    learning_rate: float = 2e-3
    warmup: int = 800
    every: int = 100

    def __post_init__(self) -> None:
        for name, low in (("steps", 1), ("batch_size", 1), ("warmup", 0), ("every", 1)):
            object.__setattr__(self, name, check_int(name, getattr(self, name), low=low))
        rate = check_real("learning_rate", self.learning_rate, low=0, low_open=True)
        object.__setattr__(self, "learning_rate", rate)

    def weight(self, step: int) -> float:
        """Return the weight of the divergence at a step, in [0, 1]."""
        return min(1.0, step / self.warmup) if self.warmup else 1.0


@dataclass(frozen=True)
class Row:
    """Means over the patches of some steps, in nats a patch.

    Attributes
    ----------
    step : int
        The last of them, from 1.
    weight : float
        Of the divergence, at that step.
    reconstruction : float
        E_q log p(x | z).
    divergence : float
        KL(q || p).
    elbo : float
        The first less the second, whatever the weight was.
    """

    step: int
    weight: float
    reconstruction: float
    divergence: float
    elbo: float

    def record(self) -> dict[str, Any]:
        """Return the row as plain values with stable keys."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Trained:
    """A model and how it came to be.

    Attributes
    ----------
    model : Vae
        What was learned.
    trace : tuple of Row
        In the order of the steps.
    """

    model: Vae
    trace: tuple[Row, ...]


def train(
    patches: ArrayLike,
    architecture: Architecture | None = None,
    training: Training | None = None,
    *,
    seed: int = 0,
) -> Trained:
    r"""Learn a variational autoencoder of two-level patches.

    Each step draws a batch and one z of each patch, and follows the gradient of

    .. math:: E_q \log p(x | z) - \beta \, \mathrm{KL}(q(z | x) \| p(z))

    that passes through :math:`z = m(x) + s(x) \epsilon`; beta rises from 0 to 1 over the
    warmup, so that latent numbers come into use before they cost anything.

    Parameters
    ----------
    patches : array_like of bool, shape (n, 32, 32)
        True is bright.
    architecture : Architecture, optional
        Sizes of the networks.
    training : Training, optional
        Steps and rates.
    seed : int
        Of the weights, the batches and the draws: the same seed gives the same model.

    Returns
    -------
    Trained

    Raises
    ------
    ParameterError
        The patches have another shape or number, or the seed is out of range.
    IsingDenoiseError
        PyTorch is not installed.
    """
    steps = train_stepwise(patches, architecture, training, seed=seed)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Trained = end.value
            return found


def train_stepwise(
    patches: ArrayLike,
    architecture: Architecture | None = None,
    training: Training | None = None,
    *,
    seed: int = 0,
) -> Generator[int, None, Trained]:
    """Learn as `train` does, and yield the number of each step when it is done.

    Parameters
    ----------
    patches, architecture, training, seed
        As of `train`.

    Yields
    ------
    int
        1, 2, up to `training.steps`.

    Returns
    -------
    Trained
        The value of the generator when it ends.
    """
    data = rows_of(patches)
    torch = load()
    plan = training or Training()
    source = generator_of(seed)
    model = Vae.initial(architecture or Architecture(), source)
    weights = list(model.parameters.values())
    for weight in weights:
        weight.requires_grad_(True)
    adam = torch.optim.Adam(weights, lr=plan.learning_rate)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(adam, plan.steps, plan.learning_rate / 10)
    sums, trace = np.zeros(2), []
    for step in range(1, plan.steps + 1):
        with on_one_thread():
            chosen = torch.randint(len(data), (plan.batch_size,), generator=source)
            x = data[chosen].float()
            adam.zero_grad(set_to_none=True)
            sums += _step(model, x, plan.weight(step), source)
            torch.nn.utils.clip_grad_norm_(weights, _LARGEST_NORM)
            adam.step()
            rates.step()
        if step % plan.every == 0 or step == plan.steps:
            trace.append(_row(step, plan, sums))
            sums = np.zeros(2)
        yield step
    for weight in weights:
        weight.requires_grad_(False)
    return Trained(model, tuple(trace))


def _step(model: Vae, x: Tensor, weight: float, source: Tensor) -> NDArray[np.float64]:
    """Put the gradient of a batch into the weights; return both terms of its ELBO."""
    noise = load().randn((1, len(x), model.architecture.latent), generator=source)
    found = elbo_terms(model.belief(x), lambda z: model.log_likelihood(x, z), noise)
    reconstruction, divergence = (term.mean() for term in found)
    (weight * divergence - reconstruction).backward()
    return np.array([reconstruction.item(), divergence.item()])


def _row(step: int, plan: Training, sums: Sequence[float] | NDArray[np.float64]) -> Row:
    count = step % plan.every or plan.every
    reconstruction, divergence = (float(total) / count for total in sums)
    elbo = reconstruction - divergence
    return Row(step, plan.weight(step), reconstruction, divergence, elbo)


def rows_of(patches: ArrayLike) -> Tensor:
    """Return patches as rows of bool, shape (n, 1024).

    Raises
    ------
    ParameterError
        They are no two-level patches of 32 x 32, or there are none.
    """
    array = np.asarray(patches)
    if array.ndim != 3 or array.shape[1:] != (SIDE, SIDE) or not len(array):
        message = f"must be of shape (n, {SIDE}, {SIDE}) with n at least 1, not {array.shape}"
        raise ParameterError("patches", message)
    if array.dtype != np.bool_:
        raise ParameterError("patches", f"must be bool, not {array.dtype}")
    return load().from_numpy(np.array(array.reshape(len(array), -1)))


def generator_of(seed: int) -> Tensor:
    """Return PyTorch's source of random numbers for a seed.

    Raises
    ------
    ParameterError
        The seed is negative, too large or no whole number.
    """
    number = check_int("seed", seed, low=0, high=_MOST_SEED)
    return load().Generator().manual_seed(number)
