"""Label maps as figures."""

import numpy as np
from matplotlib.figure import Figure

from isingdenoise.plotting import draw_labels, render


def test_a_label_map_has_one_colour_for_each_label_and_blanks():
    labels = np.array([[0, 1, 2], [3, -1, 0]])
    figure = Figure()
    axes = draw_labels(figure.subplots(), labels, 5, "map")
    (image,) = axes.images
    colours = image.to_rgba(image.get_array())
    assert len({tuple(c) for c in colours.reshape(-1, 4)}) == 5  # and the blank one
    assert colours[1, 1, 3] == 0
    assert image.get_clim() == (0, 4)  # the same colours, whichever labels are there
    assert axes.get_title() == "map"
    assert render(figure, "png").startswith(b"\x89PNG")
    draw_labels(Figure().subplots(), np.zeros((2, 2), int), 1)
