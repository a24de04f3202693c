"""The commands and examples of README and pages, and a folder of the files they speak of."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = {
    "noisy.png": "letter_a_gaussian.png",
    "fax.png": "letter_a_flip.png",
    "page.png": "small_text_gaussian.png",
    "code.png": "qr_code_flip.png",
    "mask_noisy.png": "mask_flip.png",
    "micrograph.png": "mask_gaussian.png",
    "scans/letter.png": "letter_a_flip.png",
    "scans/code.png": "qr_code_flip.png",
}


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language, code cells not among them."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """Return the lines of all blocks of shell, comments left out."""
    lines = (line for block in blocks(text, "sh") for line in block.splitlines())
    return [command for line in lines if (command := line.split("#")[0].strip())]


def furnish(folder: Path) -> Path:
    """Put everything into a folder that the pages take for granted."""
    rng = np.random.default_rng(0)
    (folder / "scans").mkdir()
    for name, sample in SAMPLES.items():
        shutil.copy(ROOT / "sample_images" / sample, folder / name)
    with Image.open(folder / "mask_noisy.png") as mask:
        noisy = np.asarray(mask)
    with Image.open(ROOT / "sample_images" / "letter_a_clean.png") as letter:
        bright = np.asarray(letter)
    p = 1 / (1 + np.exp(-rng.normal(np.where(bright, 1.0, -1.0), 1.0)))
    np.save(folder / "probabilities.npy", p.astype(np.float32))
    known = np.full(noisy.shape, 255, np.uint8)
    known[100:104, 100:140] = 0
    Image.fromarray(known).save(folder / "known.png")
    with Image.open(folder / "page.png") as page:
        dots = np.zeros((page.height, page.width), np.uint8)
    dots[40:42, 40:42] = 255
    Image.fromarray(dots).save(folder / "dots.png")
    bars = np.repeat(np.tile(rng.random(32) < 0.5, (64, 1)), 4, axis=1)
    Image.fromarray(bars ^ (rng.random(bars.shape) < 0.2)).save(folder / "bars.png")
    furnish_labels(folder, rng)
    furnish_stacks(folder, rng)
    return folder


def furnish_labels(folder: Path, rng: np.random.Generator) -> None:
    """Put a label map, a grey picture of four levels and class probabilities into a folder."""
    labels = np.add.outer(np.arange(48) // 24 * 2, np.arange(64) // 32).astype(np.uint8)
    wrong = rng.random(labels.shape) < 0.1
    classes = np.where(wrong, rng.integers(0, 4, labels.shape), labels).astype(np.uint8)
    Image.fromarray(classes).save(folder / "classes.png")
    grey = np.clip(rng.normal(50 + 50 * labels, 20), 0, 255).astype(np.uint8)
    Image.fromarray(grey).save(folder / "slide.png")
    score = 2.0 * (labels == np.arange(4)[:, None, None]) + rng.normal(size=(4, 48, 64))
    each = np.exp(score)
    np.save(folder / "softmax.npy", (each / each.sum(axis=0)).astype(np.float32))


def furnish_stacks(folder: Path, rng: np.random.Generator) -> None:
    """Put a noisy ball into a folder, as pages of a TIFF and as an array of three axes."""
    z, y, x = np.ogrid[-6:6, -16:16, -16:16]
    ball = 4 * z**2 + y**2 + x**2 < 121
    grey = np.clip(rng.normal(90 + 80 * ball, 50), 0, 255).astype(np.uint8)
    first, *others = map(Image.fromarray, grey)
    first.save(folder / "stack.tif", save_all=True, append_images=others)
    np.save(folder / "scan.npy", ball ^ (rng.random(ball.shape) < 0.1))


def run(words: list[str], folder: Path, timeout: float = 900) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, as printed: the installed one is found first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
