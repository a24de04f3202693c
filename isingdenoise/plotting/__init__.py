"""Drawing on matplotlib Axes: functions that draw and return, no pyplot state.

Nothing outside this package imports matplotlib, and it does so inside its functions. Colours and
what they mean stand in `palette`.
"""

from .comparison import comparison_figure, picture_table
from .fits import draw_fit, draw_residual, fit_figure
from .gradients import draw_gradients, gradient_figure
from .labels import draw_labels
from .pictures import draw_doubt, draw_errors, draw_picture, draw_probability, shrink
from .rendering import render
from .results import draw_changes, result_figure
from .scores import draw_scores, score_figure
from .series import draw_series
from .surroundings import load_unswayed
from .traces import draw_trace
from .vae import bounds_figure, draw_bounds, draw_elbo, vae_figure

__all__ = [
    "bounds_figure",
    "comparison_figure",
    "draw_bounds",
    "draw_changes",
    "draw_doubt",
    "draw_elbo",
    "draw_errors",
    "draw_fit",
    "draw_gradients",
    "draw_labels",
    "draw_picture",
    "draw_probability",
    "draw_residual",
    "draw_scores",
    "draw_series",
    "draw_trace",
    "fit_figure",
    "gradient_figure",
    "load_unswayed",
    "picture_table",
    "render",
    "result_figure",
    "score_figure",
    "shrink",
    "vae_figure",
]
