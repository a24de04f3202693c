"""Draw docs/before_after.png: noisy, clean, and how sure each pixel is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from isingdenoise import denoise
from isingdenoise.io import read_picture
from isingdenoise.plotting import draw_picture, draw_probability, render

ROOT = Path(__file__).resolve().parents[1]
CASES = {"horse": "gaussian", "qr_code": "flip"}


def main() -> None:
    figure = Figure(figsize=(9, 6.2), layout="constrained", dpi=110)
    grid = figure.subplots(2, 3)
    for line, (name, noise) in zip(grid, CASES.items(), strict=True):
        pixels = read_picture(ROOT / "sample_images" / f"{name}_{noise}.png").pixels
        result = denoise(pixels, noise)
        assert result.probability is not None
        changed = f"cleaned: {result.changed:.0%} of the pixels turned"
        draw_picture(line[0], pixels, f"noisy ({noise})")
        draw_picture(line[1], result.image, changed)
        draw_probability(line[2], result.probability, "P(bright)")
    bar = figure.colorbar(grid[0, 2].images[0], ax=list(grid[:, 2]), fraction=0.05, pad=0.02)
    bar.set_ticks(np.linspace(0, 1, 5).tolist())
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs" / "before_after.png").write_bytes(render(figure, "png"))


if __name__ == "__main__":
    main()
