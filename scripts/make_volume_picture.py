"""Draw docs/volumes.png: a plane of a noisy stack, cleaned by itself and with the others."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from isingdenoise.plotting import draw_picture, render
from isingdenoise.volumes import denoise_volume

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
SHAPE, SIGMA = (32, 128, 128), 1.5


def main() -> None:
    from scripts.benchmark_volume import spheres

    clean = spheres(SHAPE, seed=5)
    noisy = 2.0 * clean - 1 + SIGMA * np.random.default_rng(6).normal(size=SHAPE)
    planes, volume = (denoise_volume(noisy, between=factor) for factor in (0.0, "auto"))
    z = SHAPE[0] // 2
    shown = {
        "what is there": clean,
        f"seen: sigma {SIGMA:g}": noisy,
        f"each plane by itself: {np.mean(planes.image != clean):.1%} wrong": planes.image,
        f"as a volume: {np.mean(volume.image != clean):.1%} wrong": volume.image,
    }
    figure = Figure(figsize=(12, 3.3), layout="constrained", dpi=110)
    for axes, (name, stack) in zip(figure.subplots(1, 4), shown.items(), strict=True):
        grey = (
            np.clip(np.rint(64 * (stack[z] + 2)), 0, 255) if "sigma" in name else 255.0 * stack[z]
        )
        draw_picture(axes, grey.astype(np.uint8), name)
    print(volume)
    (ROOT / "docs" / "volumes.png").write_bytes(render(figure, "png"))


if __name__ == "__main__":
    main()
