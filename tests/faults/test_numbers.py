"""Numbers out of range, at the edge of what can be computed, and sizes that do not fit."""

import itertools
import json
import re

import numpy as np
import pytest
from command_line import load, save, save_noisy, scene, succeed
from faulty import USAGE, in_time, refused

READERS = {
    "run": lambda x, out: ["run", x, "-o", out / "out.png"],
    "estimate": lambda x, _: ["estimate", x],
    "compare": lambda x, _: ["compare", x],
    "batch": lambda x, out: ["batch", x.parent, out / "results"],
    "corrupt": lambda x, out: ["corrupt", x, "-o", out / "out.png"],
}
NO_NUMBERS = ["nan", "inf", "-inf", "1e400", "-1e400", "", "x", "1,,2", "0x10"]
#: (option, what goes with it, values out of range, what the message says of the range)
OPTIONS = [
    ("--sigma", ["--noise", "gaussian"], ["0", "-1", "-0", "1e-400", "1e31"], "[1e-30, 1e+30]"),
    ("--sigma", ["--noise", "laplace"], ["0", "-1", "1e400"], "[1e-30, 1e+30]"),
    ("--sigma-unit", ["--noise", "gaussian"], ["0", "-1", "1e-400", "1e13"], "[1e-12, 1e+12]"),
    ("--sigma-unit", ["--noise", "laplace"], ["0", "-1", "1e400"], "[1e-12, 1e+12]"),
    ("--flip-prob", ["--noise", "flip"], ["0.5", "0.7", "-0.1", "1"], "[0, 0.5)"),
    ("--flip-prob", ["--noise", "flip-per-level"], ["-1,0.1", "0.1,0.5", "0.1,nan"], "[0, 0.5)"),
    ("--salt", ["--noise", "salt-pepper"], ["-0.1", "1.5", "nan"], "[0, 1)"),
    ("--levels", ["--noise", "gaussian"], ["5,1", "3,3", "nan,1", "0,inf", "1"], ""),
    ("--seed", [], ["-1", "1.5", "1e400", "99999999999999999999999"], ""),
]
SOLVERS = [  # run, compare and batch solve
    ("--coupling", [], ["nan", "inf", "-inf", "1e400", "1e7", "1,nan", "1,2,3,4"], ""),
    ("-O", ["--engine", "mf"], ["damping=0", "damping=1.1", "damping=-1", "damping=nan"], "(0, 1]"),
    ("-O", ["--engine", "mf"], ["tol=-1e-9", "tol=nan", "tol=1e400"], "[0, inf)"),
    ("-O", ["--engine", "mf"], ["max_sweeps=0", "max_sweeps=-1", "max_sweeps=1e3"], ""),
    ("-O", ["--engine", "gibbs"], ["sweeps=0", "burn_in=-1", "chains=0", "sweeps=nan"], ""),
]


def cases():
    for command in READERS:
        for option, more, values, said in OPTIONS:
            if option == "--seed" and command == "estimate":
                continue
            yield from ((command, option, more, value, said) for value in values)
    for command in ("run", "compare", "batch"):
        for option, engine, values, said in SOLVERS:
            more = ["--engines", *engine[1:]] if engine and command == "compare" else engine
            yield from ((command, option, more, value, said) for value in values)
    for command, option in itertools.product(READERS, ("--sigma", "--flip-prob")):
        more = ["--noise", "gaussian" if option == "--sigma" else "flip"]
        yield from ((command, option, more, value, "") for value in NO_NUMBERS)


@pytest.mark.parametrize(("command", "option", "more", "value", "said"), list(cases()))
def test_numbers_out_of_range(tmp_path, command, option, more, value, said):
    noisy = save_noisy(tmp_path / "in" / "noisy.png", size=8)
    given = [f"{option}={value}"] if option.startswith("--") else [option, value]
    line = refused(USAGE, tmp_path, *READERS[command](noisy, tmp_path), *more, *given)
    name = option if option != "-O" else f"-O {value.partition('=')[0]}"
    assert name in line
    assert said in line


@pytest.mark.parametrize("sigma", ["1e-30", "1e-12", "1e-9", "1e-6", "1e-4"])
@pytest.mark.parametrize("engine", ["mf", "icm", "gibbs"])
def test_sigma_towards_zero(tmp_path, engine, sigma):
    """Fields of 1e8 and far beyond: the picture as it is, nothing infinite, no warnings."""
    pixels = np.where(scene(), 1.0, -1.0) + np.random.default_rng(0).normal(0, 0.3, (32, 32))
    picture = save(tmp_path / "x.tif", pixels.astype(np.float32))
    options = ["--noise", "gaussian", "--levels=-1,1", "--sigma", sigma, "--coupling", "0.5"]
    options += ["-O", "sweeps=20"] if engine == "gibbs" else []
    options += ["--engine", engine, "-o", tmp_path / "out.png"]
    sure = [] if engine == "icm" else ["--probability", tmp_path / "p.npy"]
    done = succeed("run", picture, *options, *sure, "--json")
    assert done.stderr == ""
    np.testing.assert_array_equal(load(tmp_path / "out.png")[1], pixels > 0)
    told = json.loads(done.stdout)  # which holds no NaN and no infinity
    assert told["changed_to_white"] == told["changed_to_black"] == 0
    if sure:
        p = np.load(tmp_path / "p.npy")
        np.testing.assert_allclose(p, pixels > 0, atol=1e-7)  # saturated, of the right sign


@pytest.mark.slow
@pytest.mark.parametrize("share", ["0.5", "0.9", "0.99", "1e-300"])
@pytest.mark.parametrize("option", ["--salt", "--pepper"])
def test_one_share_leaves_the_other_its_room(tmp_path, option, share):
    """What is estimated of the other never makes both more than all."""
    noisy = save_noisy(tmp_path / "noisy.png", size=8)
    options = ["--noise", "salt-pepper", option, share]
    if share == "0.99":  # and the default of the other
        assert "less than 1 together" in refused(USAGE, tmp_path, "run", noisy, *options)
        return
    told = json.loads(succeed("run", noisy, *options, "--json").stdout)
    found = told["noise"]
    assert found[option.strip("-")] == float(share)
    assert found["salt"] + found["pepper"] < 1


@pytest.mark.parametrize("coupling", ["50", "1e3", "-50", "50,-50", "30,30,-30"])
@pytest.mark.parametrize("engine", ["mf", "icm"])
def test_strong_couplings(tmp_path, engine, coupling):
    noisy, out = save_noisy(tmp_path / "noisy.png"), tmp_path / "out.png"
    options = ["--engine", engine, "--noise", "gaussian", f"--coupling={coupling}"]
    with in_time():
        done = succeed("run", noisy, "-o", out, *options, "--json")
    told = json.loads(done.stdout)
    assert told["status"] in ("converged", "max_sweeps")
    assert not re.search("overflow|invalid|nan", done.stderr, re.IGNORECASE)
    assert load(out)[1].shape == (32, 32)


@pytest.mark.parametrize("coupling", ["-0.3", "-0.8", "-3"])
@pytest.mark.parametrize("damping", ["1", "0.9", "0.5", "0.05"])
def test_negative_coupling_with_the_jacobi_schedule(tmp_path, coupling, damping):
    """It converges by damping or runs out of sweeps, and says so; it never loops for ever."""
    noisy = save_noisy(tmp_path / "noisy.png")
    options = ["--noise", "gaussian", f"--coupling={coupling}", "-O", "schedule=jacobi"]
    options += ["-O", f"damping={damping}", "-O", "max_sweeps=300"]
    if damping == "1":  # undamped it is refused
        line = refused(USAGE, tmp_path, "run", noisy, *options)
        assert "-O damping" in line
        return
    with in_time():
        done = succeed("run", noisy, *options, "--json")
    told = json.loads(done.stdout)
    assert told["status"] in ("converged", "max_sweeps")
    assert told["sweeps"] <= 300
    assert ("sweeps" in done.stderr) == (told["status"] == "max_sweeps")


@pytest.mark.parametrize("option", ["--mask", "--protect", "--clean"])
@pytest.mark.parametrize("shape", [(16, 17), (17, 16), (1, 1), (32, 16), (16, 32)])
def test_pictures_of_another_size(tmp_path, option, shape):
    noisy = save(tmp_path / "noisy.png", np.tile(np.uint8([60, 190]), (16, 8)))
    other = save(tmp_path / "other.png", np.zeros(shape, np.uint8))
    command = "compare" if option == "--clean" else "run"
    line = refused(USAGE, tmp_path, command, noisy, option, other)
    assert option in line
    assert f"{shape[1]} x {shape[0]}" in line
    assert "16 x 16" in line


def test_a_mask_of_another_size_in_estimate(tmp_path):
    noisy = save_noisy(tmp_path / "noisy.png")
    mask = save(tmp_path / "mask.png", np.ones((32, 31), bool))
    line = refused(USAGE, tmp_path, "estimate", noisy, "--mask", mask)
    assert "31 x 32" in line
    assert "32 x 32" in line
