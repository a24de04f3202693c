"""Draw docs/before_after.png: noisy, clean, and how sure each pixel is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from isingdenoise import denoise
from isingdenoise.io import read_picture
from isingdenoise.plotting import draw_doubt, draw_picture, render

ROOT = Path(__file__).resolve().parents[1]
#: A sample, and the part of it that is shown: pixels have to be seen.
CASES = {
    "text_gaussian": np.s_[20:190, 20:330],
    "horse_gaussian": np.s_[:, :],
    "qr_code_flip": np.s_[:, :],
}


def main() -> None:
    figure = Figure(figsize=(9, 6.6), layout="constrained", dpi=110)
    pictures = {name: read_picture(ROOT / "sample_images" / f"{name}.png") for name in CASES}
    shares = [np.divide(*p.pixels[CASES[name]].shape) for name, p in pictures.items()]
    grid = figure.subplots(len(CASES), 3, height_ratios=shares)
    for line, (name, part) in zip(grid, CASES.items(), strict=True):
        result = denoise(pictures[name].pixels)
        assert result.probability is not None
        draw_picture(line[0], pictures[name].pixels[part], "noisy")
        draw_picture(line[1], result.image[part], "clean")
        draw_doubt(line[2], result.probability[part], "doubt")
    bar = figure.colorbar(grid[0, 2].images[0], ax=list(grid[:, 2]), fraction=0.05, pad=0.02)
    bar.set_label("probability that a pixel is wrong")
    with Image.open(io.BytesIO(render(figure, "png"))) as drawn:
        few = drawn.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    few.save(ROOT / "docs" / "before_after.png", optimize=True)


if __name__ == "__main__":
    main()
