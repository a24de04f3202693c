"""Make the figures and numbers of docs/experiments/ again: all of them, or those named."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

import gallery  # noqa: E402 - it lies beside the pages


def main(names: list[str]) -> None:
    for name in names or gallery.names():
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder)
            gallery.make(name, made)
            with Image.open(made / f"{name}.png") as figure:
                few = figure.convert("RGB").quantize(64, dither=Image.Dither.NONE)
            few.save(made / f"{name}.png", optimize=True)
            for kind in gallery.KINDS:
                shutil.copy(made / f"{name}.{kind}", ROOT / "docs" / "experiments")


if __name__ == "__main__":
    main(sys.argv[1:])
