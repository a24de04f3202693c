"""One column of one cell: a picture, a noise, a method, all seeds."""

from __future__ import annotations

import hashlib
import importlib.util
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from quality.drawings import Picture
from quality.peers import COUPLINGS, PEERS, Noisy, Peer, search, tune
from quality.pictures import SETTINGS
from quality.scores import Truth, score

from isingdenoise import ENGINES, DenoiseResult, EngineRefusalError, IsingModel, MeanField, denoise
from isingdenoise.noise import field_and_offset, unit_scale

Record = dict[str, Any]

# Nothing told: column and engine; "zero" is what a user gets who names none.
OWN: dict[str, str | None] = {"zero": None, **{name: name for name in ENGINES}}
COLUMNS = ("noisy", *OWN, "told", "oracle", *PEERS)
CLEAN = "clean"  # the setting without noise, for the column "zero" alone
EXTRAS = {"cv2": "opencv-python-headless", "maxflow": "PyMaxflow", "bm3d": "bm3d",
          "zxingcpp": "zxing-cpp"}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One cell: `names` are the columns wanted of it."""

    picture: str
    setting: str
    clean: Picture
    codes: tuple[str, ...]
    seeds: int
    names: tuple[str, ...]

    def key(self, column: str) -> str:
        """Return what a cached record must carry to stand for this cell and column."""
        what = repr((SETTINGS.get(self.setting), self.clean.shape, self.codes, self.seeds, column))
        digest = hashlib.sha256(self.clean.tobytes() + what.encode()).hexdigest()[:12]
        return f"{self.picture}/{self.setting}/{column}/{digest}"


def missing_modules() -> list[str]:
    """Return the optional modules that are not installed."""
    return [name for name in EXTRAS if importlib.util.find_spec(name) is None]


def available() -> tuple[str, ...]:
    """Return the columns whose modules are installed."""
    missing = missing_modules()
    return tuple(c for c in COLUMNS if c not in PEERS or PEERS[c].module not in missing)


def work(job: Job) -> list[Record]:
    """Return one record for each column of the job."""
    if job.setting == CLEAN:
        return [_record(job, "zero", _clean(job.clean))]
    noisy = [Noisy.of(job.clean, job.setting, seed) for seed in range(job.seeds)]
    truth = Truth(job.clean, job.codes)
    records = []
    for column in job.names:
        started = time.perf_counter()
        result = _column(column, noisy, truth)
        result["seconds"] = round(time.perf_counter() - started, 2)
        records.append(_record(job, column, result))
    return records


def _record(job: Job, column: str, result: Record) -> Record:
    return {"key": job.key(column), "picture": job.picture, "setting": job.setting,
            "column": column, "pixels": job.clean.size, **result}  # fmt: skip


def _column(column: str, noisy: list[Noisy], truth: Truth) -> Record:
    if column == "noisy":
        return _table([score(x.threshold, None, truth) for x in noisy])
    if column in OWN:
        return _own(OWN[column], noisy, truth)
    if column == "told":
        return _told(noisy, truth)
    if column == "oracle":
        return _oracle(noisy, truth)
    return _peer(PEERS[column], noisy, truth)


def _own(engine: str | None, noisy: list[Noisy], truth: Truth) -> Record:
    """Score `denoise` as a user gets it; keep what it estimated, and the seconds of the solve."""
    scores, estimates = [], []
    for x in noisy:
        try:
            result = denoise(x.raw, x.kind, engine=engine, rng=0)
        except EngineRefusalError as refusal:
            return {"refused": refusal.reason}
        figures = score(result.image, result.probability, truth)
        scores.append(figures | {"solve": result.solution.seconds})
        estimates.append(_errors(result.noise, x.noise) | {"coupling": _plain(result.coupling)})
    return _table(scores) | {"estimates": estimates}


def _errors(noise: Any, true: Any) -> Record:
    """Return the relative error of the level of noise, and that of the grey levels.

    The latter as a share of their distance, the worse of the two.
    """
    name = "probability" if true.name == "flip" else "sigma"
    out = {name: getattr(noise, name), "relative": getattr(noise, name) / getattr(true, name) - 1}
    if name == "sigma":
        low, high = true.levels
        pairs = zip(noise.levels, true.levels, strict=True)
        out["levels"] = max(abs(a - b) for a, b in pairs) / (high - low)
    return out


def _plain(settings: Any) -> Record:
    return {
        name: float(value) if np.ndim(value) == 0 else float(np.mean(value))
        for name, value in asdict(settings).items()
        if isinstance(value, int | float | np.ndarray)
    }


def _told(noisy: list[Noisy], truth: Truth) -> Record:
    """Score `denoise` with the true noise and the coupling of the least mean bit errors."""
    engine = MeanField(parallel=False)

    def results(coupling: float) -> Iterator[DenoiseResult]:
        return (denoise(x.raw, x.noise, engine=engine, coupling=coupling, rng=0) for x in noisy)

    def errors(coupling: float) -> float:
        return float(np.mean([np.mean(r.image != truth.clean) for r in results(coupling)]))

    best, edge = search(errors, [COUPLINGS], 4)
    scores = [score(r.image, r.probability, truth) for r in results(best)]
    return _table(scores) | {"parameter": best, "edge": edge}


def _oracle(noisy: list[Noisy], truth: Truth) -> Record:
    """Score mean field as `_told` does, but led to its coupling by a rising one.

    Each coupling starts from the means of the one before, which leads to other,
    often better fixed points than `denoise` finds from the noisy picture.
    """
    engine = MeanField(parallel=False)
    fields = [field_and_offset(x.noise, x.raw) for x in noisy]
    means: list[Any] = [unit_scale(x.noise, x.raw) for x in noisy]
    best: tuple[float, float, list[Any]] = (np.inf, np.nan, [])
    for coupling in COUPLINGS:
        for k, (field, offset) in enumerate(fields):
            means[k] = engine.solve(IsingModel(field, coupling, offset), init=means[k]).mean
        # a tie, as a mean of 0, goes to the level that the labels would show
        ber = float(np.mean([np.mean((m > 0) != truth.clean) for m in means]))
        if ber < best[0]:
            best = ber, coupling, list(means)
    scores = [score(m > 0, np.clip((m + 1) / 2, 0, 1), truth) for m in best[2]]
    edge = best[1] in (COUPLINGS[0], COUPLINGS[-1])
    return _table(scores) | {"parameter": best[1], "edge": edge}


def _peer(peer: Peer, noisy: list[Noisy], truth: Truth) -> Record:
    value, edge = tune(peer, noisy[: peer.seeds], truth.clean)
    judged = noisy[: peer.evaluated]
    scores = [score(peer.method(x, value), None, truth) for x in judged]
    return _table(scores) | {"parameter": value, "edge": edge}


def _clean(clean: Picture) -> Record:
    """Return the share of changed pixels of a picture without noise, by noise model and storage."""
    changed = {}
    stored = {"1 bit": clean, "8 bit": np.where(clean, np.uint8(255), np.uint8(0))}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a clean picture has no Gaussian noise
        for noise in ("gaussian", "flip"):
            for name, picture in stored.items():
                image = denoise(picture, noise, rng=0).image
                changed[f"{noise}, {name}"] = float(np.mean(image != clean))
    return {"changed": changed}


def _table(scores: list[dict[str, float]]) -> Record:
    """Turn a list of scores by name into lists by name."""
    return {name: [one[name] for one in scores] for name in scores[0]}
