"""Figures of the variational autoencoder: what is drawn is what was found."""

import numpy as np
from matplotlib.figure import Figure

from isingdenoise.plotting import bounds_figure, draw_bounds, draw_elbo, render, vae_figure

TRACE = [
    {
        "step": step,
        "weight": min(1.0, step / 200),
        "reconstruction": -500.0 / step - 40,
        "divergence": 20.0,
        "elbo": -500.0 / step - 60,
    }
    for step in range(100, 600, 100)
]
RECORDS = [
    {"model": name, "active_units": active, "latent": 8, "flow": 0, "seconds": 1.0}
    | {f"bound_{size}": -80 + active + np.log(size) for size in (8, 1, 64)}
    for name, active in (("plain", 3), ("annealed", 7))
]


def axes():
    return Figure().subplots()


def lines(drawn):
    return {line.get_label(): line.get_xydata() for line in drawn.get_lines()}


def test_both_terms_add_up_to_the_elbo():
    place = axes()
    assert draw_elbo(place, TRACE, "title") is place
    one, two, both = lines(place).values()
    np.testing.assert_allclose(one[:, 1] + two[:, 1], both[:, 1])
    np.testing.assert_array_equal(both[:, 0], [row["step"] for row in TRACE])
    assert place.get_title() == "title"
    low, high = place.get_ylim()
    assert low < both[-1, 1] < high


def test_where_the_divergence_counts_less_the_background_is_grey():
    assert [patch.get_label() for patch in draw_elbo(axes(), TRACE).patches] == ["KL annealed"]
    assert not draw_elbo(axes(), TRACE[2:]).patches
    assert not draw_elbo(axes(), []).patches


def test_bounds_stand_over_their_samples_in_order():
    place = draw_bounds(axes(), RECORDS)
    found = lines(place)
    assert list(found) == ["plain: 3 of 8 active", "annealed: 7 of 8 active"]
    np.testing.assert_array_equal(found["plain: 3 of 8 active"][:, 0], [1, 8, 64])
    assert [text.get_text() for text in place.get_xticklabels()] == ["1", "8", "64"]
    assert place.get_xscale() == "log"
    assert render(bounds_figure(RECORDS), "svg").startswith(b"<?xml")


def test_a_figure_has_a_panel_for_the_trace_and_for_each_picture():
    pictures = {"one": np.eye(4, dtype=np.float32), "two": np.zeros((4, 9), np.float32)}
    with_trace, without = vae_figure(TRACE, pictures), vae_figure((), pictures)
    for figure, titles in ((with_trace, ["", "one", "two"]), (without, ["one", "two"])):
        shown = [place for place in figure.axes if place.axison]
        assert [place.get_title() for place in shown] == titles
        np.testing.assert_array_equal(shown[-2].images[0].get_array(), pictures["one"])
    assert render(with_trace, "png").startswith(b"\x89PNG")
