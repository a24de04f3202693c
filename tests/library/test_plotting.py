"""`isingdenoise.plotting`: it draws what it is given, where it is told, and nothing else."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from command_line import scene
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread

from isingdenoise import ENGINES, ICM, FlipNoise, Gibbs, MeanField, denoise, estimate
from isingdenoise.errors import ParameterError
from isingdenoise.experiments import compare
from isingdenoise.io import CHANGE_COLOURS
from isingdenoise.plotting import (
    comparison_figure,
    draw_errors,
    draw_picture,
    draw_probability,
    draw_scores,
    draw_trace,
    palette,
    picture_table,
    render,
    score_figure,
    shrink,
)

PICTURE = scene(16, 24)


@pytest.fixture
def axes():
    return Figure().subplots()


def solved(engine, coupling="auto"):
    noisy = FlipNoise(0.1).sample(PICTURE, np.random.default_rng(1))
    return denoise(noisy, FlipNoise(0.1), engine=engine, coupling=coupling, rng=0).solution


def layout(figure):
    """Return, for each panel in reading order, its title, or None where it is empty."""
    panels = [axes for axes in figure.axes if axes.get_subplotspec() is not None]
    return [axes.get_title() if axes.images else None for axes in panels]


def sides(figure):
    """Return the layouts of the pictures that the engines had, and of what they found."""
    (sheet,) = figure.subfigs
    return [layout(side) for side in sheet.subfigs]


@pytest.mark.parametrize(
    ("image", "low", "high"),
    [
        (PICTURE, 0, 1),
        (np.ones((3, 4), np.bool_), 0, 1),
        (np.array([[10, 20], [30, 250]], np.uint8), 10, 250),
        (np.array([[-2.5, np.nan], [0, 4]], np.float32), -2.5, 4),
    ],
)
def test_a_picture_is_drawn_in_grey_over_its_own_range(axes, image, low, high):
    assert draw_picture(axes, image, "a title") is axes
    (drawn,) = axes.images
    np.testing.assert_array_equal(np.ma.filled(drawn.get_array().astype(float), np.nan), image)
    assert drawn.get_clim() == (low, high)
    assert drawn.get_cmap().name == "gray"
    assert drawn.get_interpolation() == "nearest"
    assert axes.get_title() == "a title"
    assert len(axes.get_xticks()) == len(axes.get_yticks()) == 0
    assert axes.yaxis_inverted()  # the first row on top


def test_a_picture_without_one_known_pixel_is_left_blank(axes):
    draw_picture(axes, np.full((2, 3), np.nan, np.float32))  # and no warning is raised
    assert np.ma.getmaskarray(axes.images[0].get_array()).all()


def test_probabilities_go_from_black_through_the_colour_of_doubt_to_white(axes):
    probability = np.linspace(0.2, 0.8, 12, dtype=np.float32).reshape(3, 4)
    assert draw_probability(axes, probability, "sure") is axes
    (drawn,) = axes.images
    np.testing.assert_array_equal(drawn.get_array(), probability)
    assert drawn.get_clim() == (0, 1)
    colours = drawn.get_cmap()
    assert colours(0.0)[:3] == (0, 0, 0)
    assert colours(1.0)[:3] == (1, 1, 1)
    assert colours(0.5)[:3] == pytest.approx(to_rgb(palette.DOUBT), abs=0.01)
    assert axes.get_title() == "sure"


def test_a_trace_is_drawn_over_the_site_updates(axes):
    solution = solved(MeanField(tol=1e-6))
    assert draw_trace(axes, solution.trace, label="mf") is axes
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), solution.trace.site_updates)
    np.testing.assert_array_equal(line.get_ydata(), solution.trace.residual)
    assert line.get_label() == "mf"
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("site updates", "residual")


def test_rounds_where_nothing_was_computed_are_left_out(axes):
    trace = solved(MeanField(tol=0, max_sweeps=60, bound_every=3), coupling=0.6).trace
    assert len(trace) >= 6
    draw_trace(axes, trace, "lower_bound")
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), trace.site_updates[2::3])
    np.testing.assert_array_equal(line.get_ydata(), trace.lower_bound[2::3])
    assert not np.isnan(line.get_ydata()).any()
    assert axes.get_yscale() == "linear"
    assert axes.get_ylabel() == "lower bound"


def test_the_energy_of_each_chain_is_a_line(axes):
    trace = solved(Gibbs(burn_in=2, sweeps=5, chains=3)).trace
    draw_trace(axes, trace, "energy")
    assert len(axes.lines) == 3
    for chain, line in enumerate(axes.lines):
        np.testing.assert_array_equal(line.get_ydata(), trace.energy[:, chain])


def test_rounds_without_energies_are_left_out_for_all_chains(axes):
    trace = solved(Gibbs(burn_in=2, sweeps=5, chains=2)).trace
    energy = trace.energy.copy()
    energy[[0, 3]] = np.nan
    draw_trace(axes, dataclasses.replace(trace, energy=energy), "energy")
    for line in axes.lines:
        np.testing.assert_array_equal(
            line.get_xdata(), np.delete(trace.site_updates, [0, 3], axis=0)
        )


def test_several_traces_share_axes(axes):
    draw_trace(axes, solved(ICM()).trace, "energy", "icm")
    draw_trace(axes, solved(Gibbs(burn_in=0, sweeps=3, chains=1)).trace, "energy", "gibbs")
    assert [line.get_label() for line in axes.lines] == ["icm", "gibbs"]


def point(horizontal, vertical, diagonal=0.0, score=0.0):
    strengths = {"horizontal": horizontal, "vertical": vertical}
    return {**strengths, "diagonal": diagonal, "antidiagonal": diagonal, "score": score}


def test_scores_are_drawn_over_strength_by_kind(axes):
    curve = [
        point(0.55, 0.55, score=-4),
        point(0.4, 0.4, score=-3),
        point(0.2, 0.8, score=-2.5),
        point(0.5, 0.5, -0.1, score=-2),
        point(0.7, 0.7, 0.3, score=-1),
    ]
    record = {"curve": curve, "score": -2, "coupling": point(0.6, 0.6, -0.12), "factor": 1.2}
    assert draw_scores(axes, record, "a title") is axes
    texts = [line.get_label() for line in axes.lines]
    lines = {text.partition(" (")[0]: line for text, line in zip(texts, axes.lines, strict=True)}
    kinds = ["4 neighbours", "unequal", "negative diagonals", "positive diagonals"]
    assert list(lines) == [*kinds, "best", "in use"]
    assert texts[-1] == "in use (1.2 times the best)"
    places = {name: (list(x.get_xdata()), list(x.get_ydata())) for name, x in lines.items()}
    assert places["4 neighbours"] == ([0.4, 0.55], [-3, -4])
    assert places["unequal"] == (pytest.approx([0.4]), [-2.5])
    assert places["negative diagonals"] == places["best"] == ([0.5], [-2])
    assert places["positive diagonals"] == ([0.7], [-1])
    assert places["in use"][0] == pytest.approx([0.6, 0.6])
    assert len({lines[name].get_marker() for name in kinds}) == 4
    assert axes.get_xscale() == "log"
    assert axes.get_title(loc="right") == "a title"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == texts


def test_what_couplings_must_earn_is_what_the_search_asks_for(axes):
    from isingdenoise.learning import _search

    curve = [point(0.2, 0.8), point(0.5, 0.5, -0.1), point(0.5, 0.5, 0.1)]
    draw_scores(axes, {"curve": curve, "score": 0, "coupling": curve[0], "factor": 1.0})
    nats = [_search._EARN_DIRECTION, _search._EARN_NEGATIVE, _search._EARN_POSITIVE]
    for line, price in zip(axes.lines, nats, strict=False):
        assert f" (must earn {price:g} nats in all)" in line.get_label()
    assert axes.lines[-1].get_label() == "in use"


@pytest.mark.slow
@pytest.mark.parametrize("noisy", [PICTURE, np.ones((1, 1), np.bool_)])
def test_the_scores_of_an_estimate_are_a_figure(noisy):
    found = estimate(noisy, FlipNoise(0.1))
    record = found.record()
    figure = score_figure(record, "in use: 1 on 4 neighbours")
    (axes,) = figure.axes
    drawn = [line for line in axes.lines if not line.get_label().startswith(("best", "in use"))]
    scores = [score for line in drawn for score in line.get_ydata()]
    assert sorted(scores) == sorted(tried["score"] for tried in record["curve"])
    assert render(figure, "png").startswith(b"\x89PNG")
    assert render(score_figure(found), "png") == render(score_figure(record), "png")


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_table_of_one_row(count):
    titles = [f"picture {number}" for number in range(count)]
    figure = picture_table([dict.fromkeys(titles, PICTURE)])
    assert isinstance(figure, Figure)
    assert layout(figure) == titles
    width, height = figure.get_size_inches()
    assert width == pytest.approx(3.2 * count)
    assert height < 3.2


def test_the_picture_stands_apart_from_the_engines():
    figure = picture_table(
        [{"noisy": PICTURE, "clean": ~PICTURE}, {"a": PICTURE, "b": PICTURE, "c": PICTURE}]
    )
    had, found = sides(figure)
    assert had == ["noisy", "clean"]
    assert found == ["a", "b", "c", None, None, None]  # as high as the other side
    empty = [axes for axes in figure.axes if not axes.images]
    assert not any(axes.axison for axes in empty)
    headings = [side.get_suptitle() for side in figure.subfigs[0].subfigs]
    assert headings == ["the picture", "the engines, and what each one found"]


def test_doubt_stands_below_the_pictures_with_one_bar():
    sure = np.array([[0, 0.25, 0.5], [0.75, 0.9, 1]], np.float32)
    picture = sure > 0.5
    figure = picture_table(
        [{"noisy": picture}, {"mf": picture, "icm": picture, "gibbs": picture}], [sure, None, sure]
    )
    had, found = sides(figure)
    assert had == ["noisy", None]
    assert found == ["mf", "icm", "gibbs", "", None, ""]
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels.count("doubt: probability that a pixel is wrong") == 1
    assert labels.count("doubt") == 1
    below = [axes for axes in figure.axes if axes.images and axes.images[0].get_clim() == (0, 0.5)]
    assert len(below) == 2
    for axes in below:
        expected = [[0, 0.25, 0.5], [0.25, 0.1, 0]]
        np.testing.assert_allclose(axes.images[0].get_array(), expected, atol=1e-6)


def test_without_any_probability_there_is_no_row_and_no_bar():
    figure = picture_table([{"a": PICTURE, "b": PICTURE}], [None, None])
    assert layout(figure) == ["a", "b"]
    assert len(figure.axes) == 2


def test_many_engines_stand_in_several_lines():
    figure = picture_table([{f"engine {number}": PICTURE for number in range(7)}])
    assert [title for title in layout(figure) if title] == [f"engine {n}" for n in range(7)]
    assert len(figure.axes) == 10


def test_errors_are_drawn_in_the_colours_of_changes(axes):
    clean = np.array([[False, True, False, True, True]])
    image = np.array([[False, True, True, False, False]])
    known = np.array([[True, True, True, True, False]])
    assert draw_errors(axes, image, clean, "wrong", known) is axes
    (drawn,) = axes.images
    expected = [palette.KEPT_DARK, (1, 1, 1), palette.TO_WHITE, palette.TO_DARK]
    expected.append(to_rgb(palette.MISSING))
    np.testing.assert_allclose(drawn.get_array()[0], expected, atol=1e-6)
    assert tuple(255 * part for part in palette.TO_WHITE) == pytest.approx(
        CHANGE_COLOURS["black to white"]
    )


def test_large_pictures_are_shrunk_to_means(axes):
    page = np.ones((1030, 2100), np.bool_)
    page[::3] = False  # lines of one pixel: every third row
    small = shrink(page)
    assert small.shape == (344, 700)
    np.testing.assert_allclose(small[:-1], 2 / 3, atol=1e-6)
    assert shrink(PICTURE) is PICTURE
    draw_picture(axes, page)
    assert axes.images[0].get_interpolation() == "antialiased"
    grey = np.full((4, 4), np.nan, np.float32)
    grey[0, :3] = [1, 2, 6]
    np.testing.assert_array_equal(shrink(grey, 2), [[1.5, 6], [np.nan, np.nan]])


def test_an_engine_looks_the_same_whoever_stands_beside_it():
    alone, together = palette.styles(["gibbs"]), palette.styles(["mf", "gibbs", "gibbs:chains=1"])
    assert alone["gibbs"] == together["gibbs"]
    assert together["gibbs:chains=1"]["color"] == together["gibbs"]["color"]
    assert together["gibbs:chains=1"]["linestyle"] != together["gibbs"]["linestyle"]
    every = palette.styles([*ENGINES])
    assert len({(look["color"], str(look["linestyle"])) for look in every.values()}) == len(ENGINES)
    pixels = {palette.DOUBT, palette.MISSING, palette.DARKER, palette.WHITER}
    assert not pixels & {look["color"] for look in every.values()}


def test_traces_may_be_drawn_over_time_and_show_errors(axes):
    trace = solved(MeanField(tol=1e-6)).trace
    draw_trace(axes, trace, "residual", against="seconds", color="red")
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), trace.seconds)
    assert line.get_color() == "red"
    assert axes.get_xlabel() == "seconds"
    with pytest.raises(ParameterError, match="not in this trace"):
        draw_trace(axes, trace, "error")
    with pytest.raises(ParameterError, match="site_updates, seconds"):
        draw_trace(axes, trace, against="sweeps")


def test_a_figure_of_a_comparison_has_every_part():
    noisy = FlipNoise(0.1).sample(PICTURE, np.random.default_rng(1))
    engines = ["mf", "icm", Gibbs(burn_in=2, sweeps=4)]
    rows = compare(noisy, FlipNoise(0.1), engines=engines, clean=PICTURE, rng=0, courses=True)
    results = [
        {"title": r.label, "image": r.result.image, "probability": r.result.probability}
        for r in rows
    ]
    courses = {row.label: row.course for row in rows}
    measures = {"bit_error_rate": 0.1, "bit_error_rate_se": 0.01, "seconds": 1, "seconds_se": None}
    summary = [{"label": r.label, "level": n, **measures} for n in (0.05, 0.1) for r in rows]
    figure = comparison_figure(
        {"noisy": noisy}, results, clean=PICTURE, courses=courses, summary=summary, heading="above"
    )
    levels, sheet, traces = figure.subfigs
    assert sheet.get_suptitle() == "above"
    assert [axes.get_title() for axes in levels.axes] == ["wrong pixels", "seconds"]
    assert [len(axes.containers) for axes in levels.axes] == [3, 3]  # one line for each engine
    titles = [axes.get_title().partition(" (")[0] for axes in traces.axes]
    assert titles == ["lower bound", "energy", "residual", "wrong pixels"] * 2
    assert [axes.get_xlabel() for axes in traces.axes[::4]] == ["site updates", "seconds"]
    assert render(figure, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1)])
def test_extreme_shapes_give_figures_of_a_sane_size(shape):
    figure = picture_table([{"thin": np.ones(shape, np.bool_)}], [np.ones(shape, np.float32)])
    width, height = figure.get_size_inches()
    assert 3 < width < 5
    assert 1 < height < 30
    assert render(figure, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("kind", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_figures_are_rendered_to_bytes(kind, start):
    data = render(picture_table([{"a": PICTURE}]), kind)
    assert isinstance(data, bytes)
    assert data.startswith(start)


def test_a_rendered_figure_shows_the_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(render(picture_table([{"": PICTURE}]), "png"))
    grey = imread(tmp_path / "a.png")[..., 0]
    top, left = (n // 2 for n in grey.shape)
    assert grey[top, left] == 0  # the dark hole
    assert np.mean(grey < 0.5) > 0.3


def test_an_unknown_quantity_is_an_error(axes):
    for name in ("temperature", "", "seconds", None):
        with pytest.raises(
            ParameterError, match="one of residual, lower_bound, upper_bound, energy"
        ) as error:
            draw_trace(axes, solved(ICM()).trace, name)
        assert error.value.parameter == "quantity"


@pytest.mark.process
@pytest.mark.slow
def test_drawing_leaves_pyplot_and_the_settings_alone():
    code = """
import sys
import matplotlib
import numpy as np
from isingdenoise.plotting import picture_table, render

def settings():  # looking at the backend would itself load pyplot
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}

before = settings()
render(picture_table([{"a": np.eye(4) > 0}], [np.eye(4)]), "png")
assert "matplotlib.pyplot" not in sys.modules
assert settings() == before
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)
