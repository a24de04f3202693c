"""Each warning stands at the line that called the package, or is collected."""

import inspect
import threading
import warnings

import numpy as np
import pytest

from isingdenoise import (
    NOISE_MODELS,
    EstimationWarning,
    FlipNoise,
    GaussianNoise,
    NoiseSpec,
    denoise,
    estimate,
)
from isingdenoise.experiments import compare
from isingdenoise.messages import collected, warn

RNG = np.random.default_rng(0)
CONSTANT = np.full((12, 12), 9, np.uint8)
TWO_VALUED = np.where(RNG.random((32, 32)) < 0.5, 200, 50).astype(np.uint8)
CLOSE = np.where(np.arange(32) < 16, 101, 104) * np.ones((32, 1))
CLOSE = np.rint(CLOSE + 0.4 * RNG.normal(size=(32, 32))).astype(np.uint8)
GREY = RNG.integers(0, 256, (32, 32)).astype(np.uint8)
BLANK = np.rint(200 + 5 * RNG.normal(size=(64, 64))).astype(np.uint8)
ONES = (GREY > 127).astype(np.uint8)

# What is warned of, and the picture and the noise that cause it.
CAUSES = {
    "all pixels are equal": (CONSTANT, "gaussian"),
    "all pixels are equal, flip": (CONSTANT, "flip"),
    "all pixels are equal, auto": (CONSTANT, "auto"),
    "all pixels are equal, salt-pepper": (CONSTANT, "salt-pepper"),
    "all pixels are equal, poisson": (CONSTANT, "poisson"),
    "no noise about the two grey values": (TWO_VALUED, "gaussian"),
    "are close": (CLOSE, "gaussian"),
    "are close, laplace": (CLOSE, "laplace"),
    "is grey": (GREY, "flip"),
    "one grey level only": (BLANK, "gaussian"),
    "one grey level only, laplace": (BLANK, "laplace"),
    "one grey level only, auto": (BLANK, "auto"),
    "holds only 0 and 1": (ONES, "probability"),
}
WAYS = {
    "denoise": lambda x, noise: denoise(x, noise, coupling=0.4),
    "denoise, all estimated": denoise,
    "of a spec": lambda x, noise: denoise(x, NoiseSpec(noise), coupling=0.4),
    "estimate": estimate,
    "compare": lambda x, noise: compare(x, noise, engines=["icm"], coupling=0.4),
}


def check(caught, message, called):
    """Insist that all warnings stand at a line of this file, and on this message."""
    assert any(message.partition(",")[0] in str(one.message) for one in caught)
    for one in caught:
        assert one.category is EstimationWarning
        assert one.filename == __file__
        first = inspect.getsourcelines(called)[1] if called.__module__ == __name__ else None
        if first is not None:
            assert one.lineno == first


@pytest.mark.slow
@pytest.mark.parametrize("message", CAUSES)
@pytest.mark.parametrize("way", ["denoise", "of a spec"])
def test_each_warning_stands_where_the_package_was_called(message, way):
    x, noise = CAUSES[message]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WAYS[way](x, noise)
    check(caught, message, WAYS[way])


@pytest.mark.parametrize("way", WAYS)
def test_whatever_was_called(way):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WAYS[way](CONSTANT, "gaussian")
    check(caught, "all pixels are equal", WAYS[way])


def test_a_model_asked_by_itself():
    for kind in (GaussianNoise, FlipNoise, NOISE_MODELS["laplace"]):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            line = inspect.currentframe().f_lineno + 1
            kind.from_image(CONSTANT)
        assert [(one.filename, one.lineno) for one in caught] == [(__file__, line)]


def test_each_line_of_the_caller_is_warned_once_by_default():
    """Python shows a warning once for each line: the line must not be the package's own."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            denoise(CONSTANT, "gaussian", coupling=0.4)
        denoise(CONSTANT, "gaussian", coupling=0.4)
    assert len(caught) == 2


def test_what_is_collected_is_not_warned_of_and_stays_on_its_thread():
    heard = []

    def elsewhere():
        with collected() as messages:
            denoise(TWO_VALUED, "gaussian", coupling=0.4)
        heard.extend(messages)

    with collected() as outer:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        warn("once")
        warn("once")
        with collected() as inner:
            warn("inside")
    assert outer == ["once"]
    assert inner == ["inside"]
    assert ["no noise" in message for message in heard] == [True]
