"""The quality benchmark runs and judges as it says; its figures are never judged here."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(scope="module")
def quality():
    """Return the script as a module; its helpers are importable while the fixture lives."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        import benchmark_quality

        yield benchmark_quality
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("benchmark_quality", "quality", "make_samples"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def shown(quality):
    return quality.pictures.pictures()


def test_the_pictures_are_as_many_and_as_varied_as_promised(quality, shown):
    from quality.scores import FEWEST, Truth

    assert len(shown) >= 12
    assert len(quality.pictures.SETTINGS) == 6
    for name, clean in shown.items():
        assert clean.dtype == np.bool_, name
        assert 256 <= min(clean.shape) <= max(clean.shape) <= 1024, name
        assert 0.02 < clean.mean() < 0.98, name
    dotted = [name for name, clean in shown.items() if Truth(clean).small.max() >= FEWEST]
    assert len(dotted) >= 2
    assert len(set(quality.pictures.CODES) & set(shown)) >= 3


@pytest.mark.slow
def test_the_pictures_are_the_same_at_every_run(quality, shown):
    again = quality.pictures.pictures()
    assert all(np.array_equal(clean, again[name]) for name, clean in shown.items())


def test_every_code_decodes_while_clean(quality, shown):
    pytest.importorskip("zxingcpp")
    from quality.scores import decoded

    every = shown | quality.pictures.quick_pictures()
    for name, codes in quality.pictures.CODES.items():
        assert decoded(every[name], codes) == 1, name
        assert decoded(np.ones((64, 64), np.bool_), codes) == 0, "control: there is no code"


def test_noise_is_what_its_model_says(quality, shown):
    clean = shown["coins"]
    for name, setting in quality.pictures.SETTINGS.items():
        noisy, kind, truth = quality.pictures.corrupt(clean, name, 3)
        assert kind == truth.name == setting.noise
        assert np.array_equal(noisy, quality.pictures.corrupt(clean, name, 3)[0])
        assert not np.array_equal(noisy, quality.pictures.corrupt(clean, name, 4)[0])
        if kind == "flip":
            p = truth.probability
            error = np.mean(noisy != clean) - p
            assert abs(error) < 4 * np.sqrt(p * (1 - p) / clean.size)
            continue
        tail = 0.00135  # of a normal distribution, beyond three sigma
        cut = np.mean((noisy == 0) | (noisy == 255))
        assert cut < tail + 4 * np.sqrt(tail / clean.size)
        rest = noisy - np.where(clean, truth.levels[1], truth.levels[0])
        assert abs(rest.mean()) < 4 * truth.sigma / np.sqrt(clean.size)
        assert rest.std() == pytest.approx(truth.sigma, rel=4 / np.sqrt(2 * clean.size))
        assert 2 * truth.sigma / (truth.levels[1] - truth.levels[0]) == setting.amount


def test_small_components_are_counted_one_by_one(quality):
    from quality.scores import Truth, surviving

    clean = np.ones((40, 80), np.bool_)
    clean[2::10, 2:40:4] = False  # forty dots of one pixel
    clean[5:8, 50:60] = False  # too large
    truth = Truth(clean)
    assert truth.small.max() == 40
    assert surviving(clean, truth) == 1
    assert surviving(np.ones_like(clean), truth) == 0
    some = clean.copy()
    some[2] = True  # a row of ten is gone
    assert surviving(some, truth) == 0.75
    assert surviving(clean, Truth(np.ones_like(clean))) is None


@pytest.mark.parametrize("bottom", [0, 1, 7, 11, 18])
def test_the_search_finds_the_least_of_a_valley(quality, bottom):
    from quality.peers import search

    grid = list(range(19))
    for coarse in (1, 3, 4, 8):
        tried = []

        def score(k, tried=tried):
            tried.append(k)
            return abs(k - bottom)

        assert search(score, [grid], coarse) == (bottom, bottom in (0, 18))
        assert len(tried) == len(set(tried))
        far = [100 + k for k in grid]  # another grid, worse all along
        assert search(score, [far, grid], coarse)[0] == bottom


def test_the_cut_is_the_mode_of_the_posterior(quality):
    pytest.importorskip("maxflow")
    from quality.peers import Noisy, exact_map

    from isingdenoise import GaussianNoise

    noise = GaussianNoise(1.0)
    x = np.random.default_rng(5).standard_normal((3, 4)).astype(np.float32)
    noisy = Noisy(x, (x + 1) / 2, 0.5, "gaussian", noise)

    def energy(z, coupling):
        agree = (z[1:] * z[:-1]).sum() + (z[:, 1:] * z[:, :-1]).sum()
        return -coupling * agree - (x * z).sum()

    every = [np.reshape(z, x.shape) for z in itertools.product((-1, 1), repeat=x.size)]
    for coupling in (0.1, 0.4, 0.9):
        best = min(every, key=lambda z: energy(z, coupling))
        assert np.array_equal(exact_map(noisy, coupling), best > 0)
    assert not np.array_equal(exact_map(noisy, 0.9), x > 0), "control: the coupling does something"


def test_a_tuned_median_is_never_worse_than_none(quality, shown):
    pytest.importorskip("cv2")
    from quality.peers import PEERS, Noisy, tune

    clean = shown["text 12 px"][:96, :96]
    for setting in quality.pictures.SETTINGS:
        noisy = [Noisy.of(clean, setting, seed) for seed in range(2)]
        size, _ = tune(PEERS["median"], noisy, clean)
        tuned = np.mean([PEERS["median"].method(x, size) != clean for x in noisy])
        assert tuned <= np.mean([x.threshold != clean for x in noisy])


def test_the_oracles_are_no_worse_than_any_coupling_they_may_choose(quality):
    from quality.columns import work
    from quality.peers import COUPLINGS

    from isingdenoise import denoise

    clean = quality.pictures.quick_pictures()["quick blobs"][:64, :64]
    job = quality.columns.Job("p", "gaussian 1", clean, (), 2, ("noisy", "told"))
    none, told = work(job)
    assert np.mean(told["ber"]) < np.mean(none["ber"])
    assert told["parameter"] in COUPLINGS
    for coupling in COUPLINGS[::4]:
        errors = []
        for seed in range(2):
            noisy, _, noise = quality.pictures.corrupt(clean, "gaussian 1", seed)
            errors.append(np.mean(denoise(noisy, noise, coupling=coupling).image != clean))
        assert np.mean(told["ber"]) <= np.mean(errors)


def _records(quality, **changes):
    """Return the records of one large cell in which every goal just holds, but for `changes`."""
    limits = {"zero": 0.00699, "mf": 0.0104, "told": 0.01, "oracle": 0.01, "tv": 0.0105,
              "median": 0.02, "blur": 0.03, "bm3d": 0.01, "ece": 0.02, "relative": -0.05,
              "levels": 0.02, "changed": 0.0005, "small": 0.6}  # fmt: skip
    figures = limits | changes
    base = {"picture": "p", "setting": "gaussian 1", "pixels": 512 * 512}
    records = [
        base | {"column": c, "ber": [figures[c]]}
        for c in ("told", "oracle", "median", "blur", "tv", "bm3d")
    ]
    records.append(base | {"column": "mf", "ber": [figures["mf"]], "small": [0.6]})
    estimate = {"relative": figures["relative"], "levels": figures["levels"]}
    zero = {"column": "zero", "ber": [figures["zero"]], "ece": [figures["ece"]], "brier": [0.01]}
    zero["small"] = [figures["small"]]
    records.append(base | zero | {"estimates": [estimate]})
    clean = {"setting": "clean", "column": "zero", "changed": {"flip, 1 bit": figures["changed"]}}
    return [*records, base | clean]


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, 0),
        ({"zero": 0.0}, 0),
        ({"oracle": 0.0, "told": 0.0, "mf": 0.0}, 0),
        ({"oracle": 0.0}, 2),  # mean and worst ratio
        ({"oracle": 0.0095}, 1),  # the mean alone
        ({"told": 0.0095}, 1),
        ({"zero": 0.0071}, 1),  # more than 0.7 of BM3D's
        ({"bm3d": 0.0069}, 2),  # and above it
        ({"zero": 0.0, "bm3d": 0.0}, 1),  # none wrong: as good, and none can be better
        ({"tv": 0.00699}, 1),  # not below the rivals
        ({"small": 0.59}, 2),  # and fewer than mean field keeps
        ({"ece": 0.0201}, 1),
        ({"relative": 0.0501}, 1),
        ({"relative": -0.0501}, 1),
        ({"levels": 0.0201}, 1),
        ({"changed": 0.00051}, 1),
    ],
)
def test_each_goal_fails_just_beyond_its_limit(quality, changes, failing):
    report = quality.table.report(_records(quality, **changes), cells=True)
    assert report.count("**no**") == failing
    assert report.count("| yes |") == 14 - failing


def test_estimates_of_small_pictures_are_not_judged(quality):
    records = [record | {"pixels": 512 * 512 - 1} for record in _records(quality, relative=1.0)]
    assert quality.table.report(records).count("not measured") == 3
    assert "**no**" not in quality.table.report(records)


def _options(quality, *words):
    return quality.parse(["--quick", *words])


def test_a_second_run_does_only_what_is_missing(quality, tmp_path):
    jobs = quality.jobs(_options(quality), ("zero", "median"))
    assert len(jobs) == 9  # three pictures, two noises and none
    path = tmp_path / "cache.jsonl"
    lines = [json.dumps({"key": job.key(name)}) for job in jobs for name in job.names]
    path.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:9])  # interrupted while writing
    cached = quality.read(path)
    assert len(list(quality.still_to_do(jobs, cached, ()))) == 1
    again = list(quality.still_to_do(jobs, cached, ("zero",)))
    assert len(again) == 9
    assert all(job.names == ("zero",) for job in again)
    other = quality.jobs(_options(quality), ("zero", "median"))[0]
    changed = quality.columns.Job("p", other.setting, ~other.clean, (), 1, ("median",))
    assert list(quality.still_to_do([changed], cached, ())), "control: another picture is measured"


def test_missing_packages_leave_out_their_columns_with_one_line(quality, monkeypatch, capsys):
    monkeypatch.setattr(quality.columns, "missing_modules", lambda: ["maxflow", "bm3d"])
    monkeypatch.setattr(quality, "measure", lambda *_: [])
    quality.main(["--quick"])
    err = capsys.readouterr().err
    assert err == "not installed, so left out: PyMaxflow, bm3d; pip install 'isingdenoise[bench]'\n"
    assert {"cut", "bm3d"}.isdisjoint(quality.columns.available())


def test_an_unknown_column_is_one_clear_line(quality, capsys):
    with pytest.raises(SystemExit):
        quality.parse(["--only", "zreo"])
    assert "no such column: zreo; there are noisy, zero" in capsys.readouterr().err


@pytest.mark.process
@pytest.mark.slow
def test_the_quick_run_prints_tables_and_goals(tmp_path):
    out = tmp_path / "quick.jsonl"
    some = "noisy,zero,icm,gibbs,bp,exact,told,oracle,median,blur,tv"
    command = [sys.executable, str(SCRIPTS / "benchmark_quality.py"), "--quick", "--out", str(out)]
    command += ["--columns", some]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "| bit errors, % | noisy | **nothing told** | `icm` |" in done.stdout
    assert "| goal | found | holds |" in done.stdout
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert {"noisy", "zero", "icm", "gibbs", "bp", "oracle", "blur"} <= {
        r["column"] for r in records
    }
    assert all(0 <= x <= 1 for r in records for x in r.get("ber", []))
