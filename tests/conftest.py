"""What several test files share. Being here, it also puts this folder on the import path."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
