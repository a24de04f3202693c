"""Make the figures and numbers of docs/experiments/ again: all of them, or those named."""

from __future__ import annotations

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
            gallery.make(name, Path(folder))
            numbers = (Path(folder) / f"{name}.csv").read_bytes()
            with Image.open(Path(folder) / f"{name}.png") as figure:
                few = figure.convert("RGB").quantize(64, dither=Image.Dither.NONE)
        target = ROOT / "docs" / "experiments" / name
        few.save(target.with_suffix(".png"), optimize=True)
        target.with_suffix(".csv").write_bytes(numbers)


if __name__ == "__main__":
    main(sys.argv[1:])
