"""What several test files share. Being here, it also puts this folder on the import path."""

import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from real_pictures import real  # noqa: F401 - a fixture for all

from isingdenoise.errors import EngineRefusalError

# In the background of a shell these are ignored, and processes that tests start and interrupt
# would inherit that.
for _name in ("SIGINT", "SIGHUP", "SIGQUIT"):
    _number = getattr(signal, _name, None)
    if _number is not None and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _name == "SIGINT" else signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skip a test of all engines where one cannot solve its model.

    What an engine may refuse is held by tests/contract/test_refusals.py.
    """
    try:
        return (yield)
    except EngineRefusalError as refusal:
        pytest.skip(f"the engine refuses: {refusal}")


SAMPLES = Path(__file__).resolve().parent.parent / "sample_images"


@pytest.fixture(scope="session")
def sample():
    """Return a function: (name, kind) -> the pixels of a sample picture, read-only."""

    def pixels(name, kind):
        with Image.open(SAMPLES / f"{name}_{kind}.png") as picture:
            array = np.array(picture)
        array.flags.writeable = False
        return array

    return pixels
