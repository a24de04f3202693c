"""Other people's methods, each with the parameter that suits the clean picture best."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from quality.drawings import Picture
from quality.pictures import SETTINGS, corrupt

from isingdenoise import NoiseModel

EXCERPT = 256  # side of the part that BM3D is tuned on


@dataclass(frozen=True)
class Noisy:
    """One noisy picture as the methods want it.

    `raw` uint8 or bool; `unit` float32 with the true levels at 0 and 1; `sigma`
    the standard deviation of the noise on that scale.
    """

    raw: npt.NDArray[Any]
    unit: npt.NDArray[np.float32]
    sigma: float
    kind: str
    noise: NoiseModel

    @classmethod
    def of(cls, clean: Picture, setting: str, seed: int) -> Noisy:
        raw, kind, noise = corrupt(clean, setting, seed)
        amount = SETTINGS[setting].amount
        if kind == "flip":
            return cls(raw, raw.astype(np.float32), (amount * (1 - amount)) ** 0.5, kind, noise)
        low, high = noise.levels
        unit = ((raw.astype(np.float64) - low) / (high - low)).astype(np.float32)
        return cls(raw, unit, amount / 2, kind, noise)

    @property
    def threshold(self) -> Picture:
        return self.unit >= 0.5

    def excerpt(self, window: tuple[slice, slice]) -> Noisy:
        return Noisy(self.raw[window], self.unit[window], self.sigma, self.kind, self.noise)


Method = Callable[[Noisy, Any], Picture]


def steps(low: float, high: float, ratio: float) -> list[float]:
    """Return a geometric grid from `low` to at least `high`."""
    count = int(np.ceil(np.log(high / low) / np.log(ratio) - 1e-9))
    return [float(f"{low * ratio**k:.4g}") for k in range(count + 1)]


def median(noisy: Noisy, size: int) -> Picture:
    import cv2

    raw = noisy.raw
    grey = raw if raw.dtype == np.uint8 else np.where(raw, np.uint8(255), np.uint8(0))
    low, high = noisy.noise.levels if raw.dtype == np.uint8 else (0, 255)
    return np.asarray(cv2.medianBlur(grey, size) >= (low + high) / 2)


def gaussian(noisy: Noisy, width: float) -> Picture:
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(noisy.unit, width) >= 0.5)


def total_variation(noisy: Noisy, weight: float) -> Picture:
    from skimage.restoration import denoise_tv_chambolle

    smooth = denoise_tv_chambolle(noisy.unit, weight=weight, eps=2e-5, max_num_iter=100)
    return np.asarray(smooth >= 0.5)


def non_local_means(noisy: Noisy, setting: tuple[int, bool, float]) -> Picture:
    """Filter with `setting`: pixels of a patch, whether sigma is told, h over sigma."""
    from skimage.restoration import denoise_nl_means

    patch, told, h = setting
    smooth = denoise_nl_means(
        noisy.unit,
        patch_size=patch,
        patch_distance=6,
        h=h * noisy.sigma,
        sigma=noisy.sigma if told else 0.0,
        fast_mode=True,
    )
    return np.asarray(smooth >= 0.5)


def bm3d(noisy: Noisy, gain: float, quick: bool = False) -> Picture:
    """Filter as if sigma were `gain` times the true one; `quick` is the low-complexity profile."""
    import bm3d as package
    from bm3d.profiles import BM3DProfile, BM3DProfileLC

    profile = BM3DProfileLC() if quick else BM3DProfile()
    profile.num_threads = 1  # the same at every run
    return np.asarray(package.bm3d(noisy.unit, gain * noisy.sigma, profile) >= 0.5)


def exact_map(noisy: Noisy, coupling: float) -> Picture:
    """Return the exact mode of the posterior with the true noise, by a minimum cut."""
    import maxflow

    from isingdenoise.noise import field_and_offset

    field = field_and_offset(noisy.noise, noisy.raw)[0].astype(np.float64)
    graph = maxflow.Graph[float](field.size, 2 * field.size)
    nodes = graph.add_grid_nodes(field.shape)
    graph.add_grid_edges(nodes, 2 * coupling)
    graph.add_grid_tedges(nodes, 2 * np.maximum(field, 0), 2 * np.maximum(-field, 0))
    graph.maxflow()
    return ~np.asarray(graph.get_grid_segments(nodes))


@dataclass(frozen=True)
class Peer:
    """A method, the module it needs, its grids and how it is tuned.

    `coarse` is for `search`. `seeds` (None: all) is how many noisy pictures it is tuned
    on, `evaluated` on how many it is judged.
    """

    method: Method
    module: str
    grids: Sequence[Sequence[Any]]
    coarse: int = 1
    seeds: int | None = None
    evaluated: int | None = None


COUPLINGS = steps(0.1, 4.0, 1.07)
PEERS = {
    "cut": Peer(exact_map, "maxflow", [COUPLINGS], coarse=8, seeds=1),
    "median": Peer(median, "cv2", [range(1, 42, 2)]),
    "blur": Peer(gaussian, "scipy", [steps(0.25, 6, 1.12)], coarse=4),
    "tv": Peer(total_variation, "skimage", [steps(0.02, 8, 1.16)], coarse=4, seeds=1),
    "nlm": Peer(
        non_local_means,
        "skimage",
        [
            [(patch, told, h) for h in steps(*((0.05, 0.9) if told else (0.15, 1.8)), 1.2)]
            for patch, told in ((3, False), (5, False), (5, True), (7, True))
        ],
        coarse=3,
        seeds=1,
    ),
    "bm3d": Peer(bm3d, "bm3d", [steps(0.35, 3, 1.17)], coarse=4, seeds=1, evaluated=1),
}


def search(
    score: Callable[[Any], float], grids: Sequence[Sequence[Hashable]], coarse: int
) -> tuple[Any, bool]:
    """Return the best value, and whether it lies at an end of its grid.

    Every `coarse`-th value of all grids is tried, then, on the grid with the
    best of them, half as far to both sides, and so on.
    """
    known: dict[tuple[int, int], float] = {}

    def at(place: tuple[int, int]) -> float:
        if place not in known:
            known[place] = score(grids[place[0]][place[1]])
        return known[place]

    first = [(g, k) for g, grid in enumerate(grids)
             for k in sorted({*range(0, len(grid), coarse), len(grid) - 1})]  # fmt: skip
    g, best = min(first, key=at)
    last, step = len(grids[g]) - 1, coarse
    while step > 1:
        step = (step + 1) // 2
        beside = [k for k in (best, best - step, best + step) if 0 <= k <= last]
        best = min(beside, key=lambda k: at((g, k)))
    return grids[g][best], best in (0, last)


def tune(peer: Peer, noisy: Iterable[Noisy], clean: Picture) -> tuple[Any, bool]:
    """Return the value with the least bit errors over `noisy`, and whether at a grid's end."""
    pictures = list(noisy)
    method = peer.method
    if method is bm3d:
        top, left = (max(0, (side - EXCERPT) // 2) for side in clean.shape)
        window = (slice(top, top + EXCERPT), slice(left, left + EXCERPT))
        clean = clean[window]
        pictures = [picture.excerpt(window) for picture in pictures]

        def method(picture: Noisy, value: Any) -> Picture:
            return bm3d(picture, value, quick=True)

    def errors(value: Any) -> float:
        return float(np.mean([np.mean(method(x, value) != clean) for x in pictures]))

    return search(errors, peer.grids, peer.coarse)
