"""Cells of a table: one number or text each, whatever the noise model and however many pages."""

from dataclasses import asdict

import numpy as np
import pytest
from isingdenoise_cli.render.text import fit_line, page_lines

from isingdenoise import NOISE_MODELS, FlipPerLevelNoise, LaplaceNoise, denoise
from isingdenoise.learning import LEFT_ALONE, Fit
from isingdenoise.pipeline import cells, columns, figures, page_record, plain, rounded

COUPLING = {"horizontal": 0.5, "vertical": 0.25, "diagonal": 0.125, "antidiagonal": 0.125}


FIT = Fit(
    "gaussian",
    {"flip": 12.0, "gaussian": 412.34},
    kept=40,
    notes=("the light is even", "stars are left alone"),
)


def record(model):
    return plain({"name": model.name, **asdict(model)})


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_every_model_fills_flat_cells_and_has_its_levels(name):
    row = cells(record(NOISE_MODELS[name]()), COUPLING)
    assert tuple(row) == columns()
    assert (row["level_black"], row["level_white"]) == NOISE_MODELS[name]().levels
    assert all(value is None or type(value) in (int, float, str) for value in row.values())
    assert (row["coupling_vertical"], row["coupling_diagonal"]) == (0.25, 0.125)


def test_parameters_have_the_numbers_of_their_options():
    row = cells(record(FlipPerLevelNoise(0.01, 0.2)), None)
    assert (row["flip_prob"], row["flip_prob_white"], row["sigma"]) == (0.01, 0.2, None)
    row = cells(record(LaplaceNoise(9.0, (60, 190))), None)
    assert row["sigma"] == pytest.approx(9 * np.sqrt(2), rel=1e-3)  # what --sigma would take


def test_several_pages_are_means_and_all_names():
    pages = [record(NOISE_MODELS["flip"](0.1)), record(NOISE_MODELS["flip"](0.2))]
    row = cells(pages, [COUPLING, COUPLING], [None, None])
    assert (row["noise"], row["flip_prob"], row["assumed"]) == ("flip", pytest.approx(0.15), None)
    row = cells([*pages, record(NOISE_MODELS["gaussian"](3.0))], None)
    assert (row["noise"], row["sigma"]) == ("flip, gaussian", 3.0)


@pytest.mark.parametrize("odd", [None, [], {}, 3, "x", {"name": "gone"}, [None], {"name": []}])
def test_what_a_journal_lacks_stays_empty(odd):
    row = cells(odd, odd, odd)
    assert tuple(row) == columns()
    assert row["sigma"] is None


def test_numbers_are_rounded():
    assert rounded(0.123456) == 0.1235
    assert rounded(123456) == 123456
    assert rounded(float("nan")) is rounded(None) is None


def test_what_was_assumed_is_told_everywhere_and_nothing_where_there_is_none():
    result = denoise(np.eye(16, dtype=bool), FlipPerLevelNoise(0.1, 0.1), coupling=0.3)
    assert result.fit is None
    assert page_line(result) is None
    object.__setattr__(result, "fit", FIT)
    line = page_line(result)
    assert line == (
        "gaussian leads leaving it alone by 412.3 nats (flip 12); 40 pixels kept, whose pattern "
        "repeats; the light is even; stars are left alone"
    )
    told = figures(result)
    assert told["fit"]["evidence"] == {"flip": 12.0, "gaussian": 412.34}
    row = cells(told["noise"], told["coupling"], told["fit"])
    expected = ("gaussian", 412.3, 40, "the light is even; stars are left alone")
    assert (row["assumed"], row["nats"], row["kept"], row["notes"]) == expected


def test_leaving_alone_says_that_nothing_beats_it():
    alone = Fit(LEFT_ALONE, {"flip": -4.0}, notes=("so",))
    ((what, words),) = fit_line({"fit": alone.record()})
    assert (what, words) == ("fit", "left alone; flip -4 nats; so")


def page_line(result):
    lines = dict(page_lines(page_record(result, chosen=True, background=None)))
    return lines.get("fit")
