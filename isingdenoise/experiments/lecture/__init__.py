"""The lecture's examples, reproduced: each asks one question, and answers it with numbers.

Adding one is an entry of `EXPERIMENTS`: what runs it, the columns of its table, its figure.
"""

from collections.abc import Callable

from ...inference import ICM
from ...plotting import lecture as figures
from .base import Experiment, Findings, Plan
from .damping import COUPLINGS as _DAMPED
from .damping import damping
from .levels import noise_level, noises
from .older import gradients, vae
from .samples import COUPLINGS as _SAMPLED
from .samples import means_or_samples
from .sandwiches import COUPLINGS as _BOUNDED
from .sandwiches import sandwiches
from .states import states
from .strengths import strengths
from .stuck import stuck

__all__ = ["EXPERIMENTS", "Experiment", "Findings", "Plan"]

_STATES = ("picture", "iterations", "bit_error_rate", "bound", "moved")
_PICTURES = 2  # the letter and the page


def _for_each(parts: int) -> Callable[[Plan], int]:
    """Return how long an experiment is that does its parts for each seed."""
    return lambda plan: parts * len(plan.seeds)


#: Every experiment by its name on the command line.
EXPERIMENTS: dict[str, Experiment] = {
    "gaussian": Experiment(
        "How fast does mean field clean a picture under normal noise?",
        states("gaussian"),
        _for_each(_PICTURES),
        _STATES,
        figures.states_figure,
    ),
    "flip": Experiment(
        "How fast does mean field clean a picture with flipped pixels?",
        states("flip"),
        _for_each(_PICTURES),
        _STATES,
        figures.states_figure,
    ),
    ICM.name: Experiment(
        "Where do greedy descent and mean field get stuck?",
        stuck,
        _for_each(_PICTURES),
        ("picture", "engine", "bit_error_rate", "above", "off", "sweeps"),
        figures.stuck_figure,
    ),
    "means-or-samples": Experiment(
        "Is passing means more efficient than passing samples?",
        means_or_samples,
        _for_each(len(_SAMPLED)),
        ("coupling", "engine", "sweeps", "marginal_error", "bit_error_rate"),
        figures.samples_figure,
        seeds=20,
    ),
    "damping": Experiment(
        "How much damping is best, and where do updates of all pixels at once cycle?",
        damping,
        _for_each(len(_DAMPED)),
        ("coupling", "schedule", "damping", "sweeps", "cycles"),
        figures.damping_figure,
        seeds=10,
    ),
    "coupling": Experiment(
        "How strong should the coupling be, and what tells?",
        strengths,
        _for_each(1),
        (
            *("coupling", "engine", "bit_error_rate", "minority", "bound", "bound_less_prior"),
            "held_out",
        ),
        figures.strengths_figure,
        form=".4g",
    ),
    "noise-level": Experiment(
        "Which engine is best at which level of noise?",
        noise_level,
        _for_each(len(noises())),
        ("noise", "level", "engine", "bit_error_rate", "energy"),
        figures.levels_figure,
        seeds=3,
    ),
    "sandwich": Experiment(
        "How tight are the bounds on the log evidence?",
        sandwiches,
        _for_each(len(_BOUNDED)),
        ("coupling", "side", "engine", "gap"),
        figures.sandwich_figure,
    ),
    "gradients": Experiment(
        "Which Monte Carlo gradient of the evidence lower bound varies least?",
        gradients,
        lambda plan: 1,
        (
            *("estimator", "samples", "bias_rms", "bias_rms_noise", "variance", "variance_worst"),
            *("mse", "seconds"),
        ),
        figures.gradients_figure,
        seeds=0,
        takes=("seed", "repeats"),
    ),
    "vae": Experiment(
        "What are KL annealing and a flow worth to a variational autoencoder?",
        vae,
        lambda plan: 4 * plan.steps,
        (
            *("model", "active_units", "reconstruction", "divergence"),
            *("bound_1", "bound_8", "bound_64", "bound_512", "seconds"),
        ),
        figures.bounds_figure_of,
        seeds=0,
        takes=("seed", "steps"),
        form=".2f",
    ),
}
