"""Draw docs/potts.png: a label map, a grey picture and class probabilities, made clean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from isingdenoise.plotting import draw_labels, draw_picture, draw_probability, render
from isingdenoise.segmentation import segment

ROOT = Path(__file__).resolve().parents[1]
SHAPE, LABELS = (160, 240), 5


def scene() -> np.ndarray:
    """Return a label map: fields about points, a disc, and roads of three and one pixels."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    points = rng.uniform(0, 1, (16, 2)) * SHAPE
    nearest = np.argmin((y[..., None] - points[:, 0]) ** 2 + (x[..., None] - points[:, 1]) ** 2, -1)
    labels = nearest % (LABELS - 1)
    labels[np.hypot(y - 90, x - 70) < 30] = 2
    labels[np.abs(y - 0.5 * x - 12) < 1.7] = LABELS - 1
    labels[np.abs(x - 180) < 0.6] = LABELS - 1
    return labels


def main() -> None:
    truth, rng = scene(), np.random.default_rng(1)
    wrong = (truth + rng.integers(1, LABELS, SHAPE)) % LABELS
    noisy = np.where(rng.random(SHAPE) < 0.25, wrong, truth)
    grey = np.clip(np.rint(40 + 44 * truth + 26 * rng.normal(size=SHAPE)), 0, 255).astype(np.uint8)
    votes = rng.normal(size=(LABELS, *SHAPE)) + 1.6 * (truth == np.arange(LABELS)[:, None, None])
    votes = np.exp(1.6 * votes)
    probabilities = votes / votes.sum(axis=0)

    figure = Figure(figsize=(9, 6.6), layout="constrained", dpi=110)
    grid = figure.subplots(3, 3)
    for line, (image, count, name) in zip(
        grid,
        [
            (noisy, None, "label map, a quarter wrong"),
            (grey, LABELS, "grey picture of five levels"),
            (probabilities, None, "class probabilities (the likeliest)"),
        ],
        strict=True,
    ):
        found = segment(image, count, rng=0)
        assert found.probability is not None
        share = np.mean(found.labels != truth)
        if image.ndim == 3:
            draw_labels(line[0], image.argmax(axis=0), LABELS, name)
        elif image.dtype == np.uint8:
            draw_picture(line[0], image, name)
        else:
            draw_labels(line[0], image, LABELS, name)
        draw_labels(line[1], found.labels, LABELS, f"segmented: {share:.1%} wrong")
        draw_probability(line[2], found.probability.max(axis=0), "probability of the label")
        print(f"{name}: {share:.2%} wrong, noise {found.noise.name}, {found.coupling}")
    bar = figure.colorbar(grid[0, 2].images[0], ax=list(grid[:, 2]), fraction=0.05, pad=0.02)
    bar.set_ticks(np.linspace(0, 1, 5).tolist())
    (ROOT / "docs" / "potts.png").write_bytes(render(figure, "png"))


if __name__ == "__main__":
    main()
