"""The lecture's examples: their records hold together, and say what the theory says."""

import math
from functools import cache

import numpy as np
import pytest

from isingdenoise import ICM, Exact, Gibbs, GraphCut, IsingModel, MeanField
from isingdenoise.experiments import summarise, to_csv
from isingdenoise.experiments.lecture import EXPERIMENTS, Plan
from isingdenoise.experiments.lecture.scenes import letter, page, strip
from isingdenoise.experiments.lecture.strengths import log_z0
from isingdenoise.inference import TransferMatrix
from isingdenoise.plotting import render

pytestmark = pytest.mark.slow
NAMES = [name for name, entry in EXPERIMENTS.items() if entry.seeds]


@cache
def ran(name):
    """Return the parts of the work, and what came out, over two seeds."""
    plan = Plan(range(2))
    run = EXPERIMENTS[name].run(plan)
    parts = 0
    while True:
        try:
            next(run)
        except StopIteration as end:
            return parts, end.value
        parts += 1


def rows(name, **wanted):
    found = ran(name)[1].rows
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def values(name, measure, **wanted):
    return [row[measure] for row in rows(name, **wanted)]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_holds_together(name):
    entry = EXPERIMENTS[name]
    parts, found = ran(name)
    assert parts == entry.length(Plan(range(2)))
    assert {row["seed"] for row in found.rows} == {0, 1}
    assert all(list(row) == list(found.rows[0]) for row in found.rows)
    assert to_csv(found.rows).count(b"\n") == len(found.rows) + 1
    for table in found.tables.values():
        assert set(entry.columns) <= set(table[0])
        assert any(key.endswith("_se") for key in table[0])
    assert render(entry.figure(found), "png").startswith(b"\x89PNG")
    assert entry.asks.endswith("?")
    assert entry.takes == ("seeds",)


@pytest.mark.parametrize("name", ["gaussian", "flip"])
def test_mean_field_cleans_within_seventeen_iterations(name):
    for picture in ("letter", "page"):
        errors = [np.mean(values(name, "bit_error_rate", picture=picture, iterations=n))
                  for n in (0, 1, 2, 5, 17)]  # fmt: skip
        assert max(errors[1:]) <= errors[0] + 1e-9
        assert errors[4] < errors[0] / 3
        bounds = [np.mean(values(name, "bound", picture=picture, iterations=n)) for n in (0, 17)]
        assert bounds[0] < bounds[1]


def test_nobody_is_below_the_least_energy():
    for row in rows("icm"):
        assert row["above"] >= -1e-9
    assert set(values("icm", "above", engine=GraphCut.name)) == {0}
    greedy, means = (np.mean(values("icm", "above", engine=e.name)) for e in (ICM, MeanField))
    assert greedy > 2 * means > 0


def test_means_are_better_at_first_and_samples_in_the_end():
    for coupling in (0.3, 0.6, 1.0):

        def errors(engine, sweeps, coupling=coupling):
            wanted = {"coupling": coupling, "engine": engine.name, "sweeps": sweeps}
            return np.mean(values("means-or-samples", "marginal_error", **wanted))

        assert errors(MeanField, 2) < errors(Gibbs, 2)
        assert errors(Gibbs, 1024) < errors(MeanField, 1024) / 2
    notes = ran("means-or-samples")[1].notes
    assert any("samples are better at" in note for note in notes)


def test_updates_of_all_pixels_at_once_cycle_undamped_and_colours_in_turn_never():
    for coupling in (1.0, -1.0):
        undamped = {"coupling": coupling, "damping": 1.0}
        assert set(values("damping", "cycles", schedule="jacobi", **undamped)) == {1}
        assert set(values("damping", "sweeps", schedule="jacobi", **undamped)) == {None}
    assert set(values("damping", "cycles", schedule="checkerboard")) == {0}
    assert set(values("damping", "cycles", damping=0.5)) == {0}
    slow, fast = (
        np.mean(values("damping", "sweeps", schedule="checkerboard", coupling=1.0, damping=d))
        for d in (0.2, 1.0)
    )
    assert slow > 3 * fast


def test_strong_couplings_turn_the_most_probable_picture_into_one_colour():
    own = {"engine": GraphCut.name}
    assert min(values("coupling", "minority", coupling=0.2, **own)) > 0.05
    assert max(values("coupling", "minority", coupling=2.0, **own)) < 0.005
    own = {"engine": MeanField.name}
    for measure, good in (("bit_error_rate", -1), ("bound_less_prior", 1), ("held_out", 1)):
        score = {j: good * np.mean(values("coupling", measure, coupling=j, **own))
                 for j in (0.1, 0.4, 3.0)}  # fmt: skip
        assert max(score, key=score.get) == 0.4
    assert sorted(bounds := values("coupling", "bound", seed=0, **own)) == bounds


def test_noise_takes_engines_from_no_error_to_the_limits():
    least = values("noise-level", "bit_error_rate", noise="sigma", level=0.25)
    assert max(least) < 0.01
    most = values("noise-level", "bit_error_rate", noise="sigma", level=4.0, engine=Exact.name)
    assert 0.1 < np.mean(most) < 0.5
    for row in rows("noise-level", engine=GraphCut.name):
        alike = {key: row[key] for key in ("noise", "level", "seed")}
        others = [r["energy"] for r in rows("noise-level", **alike)]
        assert row["energy"] <= min(others) + 1e-6


def test_every_bound_is_on_its_side():
    for row in rows("sandwich"):
        assert row["gap"] * (1 if row["side"] == "upper" else -1) >= -1e-6
    assert {row["side"] for row in rows("sandwich")} == {"lower", "upper"}


@pytest.mark.parametrize("coupling", [0.2, 0.8])
def test_the_prior_s_normaliser_is_that_of_a_large_lattice(coupling):
    """Free borders cost something: the difference of sizes leaves the bulk."""

    def log_z(width):
        return TransferMatrix(IsingModel(np.zeros((width, 4 * width)), coupling)).log_z

    a, b, c = (log_z(width) for width in (6, 9, 12))
    # log Z = bulk 4 w^2 + border w + corners
    bulk = (c - 2 * b + a) / (2 * 4 * 9)
    assert log_z0(coupling) == pytest.approx(bulk, abs=2e-3)
    assert log_z0(0.0) == pytest.approx(math.log(2))


def test_pictures_are_what_they_are_for():
    assert (letter().shape, strip().shape) == ((64, 64), (12, 64))
    for picture in (letter(), page(), strip()):
        assert 0.02 < np.mean(~picture) < 0.3
        with pytest.raises(ValueError, match="read-only"):
            picture[0, 0] = False


def test_summaries_leave_out_what_is_unknown():
    found = summarise(
        [
            {"a": 1, "x": 1.0, "y": None, "z": math.inf},
            {"a": 1, "x": 3.0, "y": 2.0, "z": 1.0},
            {"a": 2, "x": math.nan, "y": None, "z": 1.0},
        ],
        ["a"],
        ["x", "y", "z"],
    )
    first, second = found
    assert (first["seeds"], first["x"], first["x_se"]) == (2, 2.0, pytest.approx(1.0))
    assert (first["y"], first["y_se"]) == (2.0, None)
    assert (first["z"], first["z_se"]) == (math.inf, None)
    assert (second["x"], second["x_se"], second["y"]) == (None, None, None)
    assert to_csv([]) == b""
