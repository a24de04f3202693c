"""How results look in a notebook: pictures that fit, facts that are no markup, a figure."""

import base64
import dataclasses
import html.parser
import io
import re

import numpy as np
import pytest
from command_line import scene
from PIL import Image

from isingdenoise import FlipNoise, denoise
from isingdenoise._notebook import page, png
from isingdenoise.io import CHANGE_COLOURS
from isingdenoise.plotting import render

CLEAN = scene(40, 60)
NOISY = FlipNoise(0.1).sample(CLEAN, np.random.default_rng(1))


def solved(engine="mf"):
    return denoise(NOISY, FlipNoise(0.1), engine=engine, coupling=0.6, rng=0)


def pixels(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"))


def pictures_of(text):
    return [pixels(base64.b64decode(data)) for data in re.findall(r"base64,([^\"]+)", text)]


class Reader(html.parser.HTMLParser):
    """Which tags there are, and the text outside of them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def test_the_png_is_the_clean_picture_in_larger_pixels():
    found = solved()
    shown = pixels(found._repr_png_())
    factor = -(-200 // 60)
    assert shown.shape == (40 * factor, 60 * factor)
    np.testing.assert_array_equal(shown[::factor, ::factor] > 127, found.image)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (801, 1), (401, 402), (1000, 850)])
def test_a_large_picture_is_shrunk_by_averages(shape):
    values = np.random.default_rng(0).random(shape)
    shown = pixels(png(values)) / 255
    assert max(shown.shape) <= 400
    factor = -(-max(shape) // 400)
    assert (
        shown[-1, -1]
        == pytest.approx(
            values[-(shape[0] % factor or factor) :, -(shape[1] % factor or factor) :].mean(),
            abs=0.01,
        )
        or max(shape) < 200
    )
    assert shown.mean() == pytest.approx(values.mean(), abs=0.05)


def test_the_page_has_both_pictures_and_the_facts():
    found = solved()
    text = found._repr_html_()
    clean, sure = pictures_of(text)
    assert clean.shape == sure.shape
    assert sure.min() < 255  # some pixels are in doubt
    words = " ".join(Reader(text).words)
    for fact in (
        "40 x 60",
        "flip: probability 0.1",
        "0.6 on 4 neighbours (given)",
        "mf: converged",
    ):
        assert fact in words
    assert len(text) < 20_000


def test_without_probabilities_there_is_one_picture():
    assert len(pictures_of(solved("icm")._repr_html_())) == 1


def test_nothing_that_is_told_becomes_markup():
    attack = '"><script>alert(1)</script>&amp;'
    found = solved()
    found = dataclasses.replace(
        found,
        solution=dataclasses.replace(found.solution, engine=attack),
    )
    for text in (found._repr_html_(), page({attack: np.zeros((2, 2))}, {attack: attack})):
        reader = Reader(text)
        assert set(reader.tags) == {"div", "figure", "img", "figcaption", "table", "tr", "th", "td"}
        assert attack in "".join(reader.words)


@pytest.mark.parametrize(
    ("engine", "titles"),
    [
        ("mf", ["clean", "doubt", "what changed"]),
        ("icm", ["clean", "what changed", "how it converged"]),
        ("gibbs", ["clean", "doubt", "what changed", "how it converged"]),
        ("map", ["clean", "what changed"]),
    ],
)
def test_the_figure_shows_what_there_is(engine, titles):
    found = solved(engine)
    figure = found.plot()
    drawn = [axes.get_title() for axes in figure.axes]
    assert [title for title in drawn if title != "how it converged" or title in titles] == titles
    changed = figure.axes[titles.index("what changed")].images[0].get_array()
    bytes_of = np.rint(255 * changed)
    white = np.all(bytes_of == CHANGE_COLOURS["black to white"], axis=-1)
    np.testing.assert_array_equal(white, found.change_map > 0)
    assert render(figure, "png").startswith(b"\x89PNG")
