"""A limit on the time of a picture: where it is noticed, and what becomes of the others."""

import io
import threading

import numpy as np
import pytest
from command_line import error_line, invoke, save_noisy, scene, snapshot, succeed
from faulty import QUICK, SOME_FAILED, UNREADABLE, USAGE, pictures, refused
from PIL import Image

from isingdenoise import ENGINES, GaussianNoise, Status, TimeLimitError, denoise, estimate
from isingdenoise import deadline as module
from isingdenoise.batch import CleanOptions, denoise_many, plan
from isingdenoise.deadline import check_deadline, deadline
from isingdenoise.errors import ParameterError
from isingdenoise.io import encode_pages, read_pages, read_picture

NEVER = "0.000001"  # no picture is read in so many seconds
RNG = np.random.default_rng(0)
NOISY = (np.where(scene(48, 48), 1, -1) + RNG.normal(0, 0.8, (48, 48))).astype(np.float32)


class Clock(threading.local):
    """A clock that stands still until it is told; each thread has its own."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(module.time, "monotonic", made)
    return made


def test_nothing_is_limited_without_a_deadline():
    check_deadline()
    with deadline(None):
        check_deadline()


def test_the_error_has_the_name_and_the_figure(clock):
    with deadline(2.5, "a\nb"):
        check_deadline()
        clock.now = 2.6
        with pytest.raises(TimeLimitError) as raised:
            check_deadline()
    assert str(raised.value).startswith("a\\nb: took longer than 2.5 s; ")
    assert raised.value.exit_code == UNREADABLE
    check_deadline()  # it went with its block


def test_of_two_deadlines_the_earlier_one_holds(clock):
    with deadline(5, "outer"):
        with deadline(9, "inner"), pytest.raises(TimeLimitError, match=r"outer: .* 5 s"):
            clock.now = 6
            check_deadline()
        clock.now = 0
        with deadline(1, "inner"), pytest.raises(TimeLimitError, match=r"inner: .* 1 s"):
            clock.now = 2
            check_deadline()
        check_deadline()


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "soon"])
def test_a_length_of_time_that_is_none(seconds, tmp_path):
    with pytest.raises(ParameterError, match="timeout"), deadline(seconds):
        pass
    with pytest.raises(ParameterError, match="timeout"):
        CleanOptions(timeout=seconds)
    noisy = save_noisy(tmp_path / "noisy.png")
    line = refused(USAGE, tmp_path, "run", noisy, "--timeout", seconds)
    assert "--timeout" in line
    assert "is no number of seconds above 0" in line


@pytest.mark.filterwarnings("ignore:the result is black")
@pytest.mark.parametrize("engine", ENGINES)
def test_engines_stop_between_rounds(clock, engine):
    rounds = []
    known = {"engine": engine, "coupling": 0.44, "rng": 0}
    found = denoise(NOISY, GaussianNoise(4.0), callback=rounds.append, **known)
    if found.solution.status in (Status.EXACT, Status.CONVERGED) and len(rounds) == 1:
        pytest.skip("the answer is there after one round")
    rounds.clear()

    def late(step):
        rounds.append(step)
        clock.now = 7

    with deadline(5, "x"), pytest.raises(TimeLimitError, match="x: took longer than 5 s"):
        # near the critical coupling, under a weak field, others are not done in one round
        noise = GaussianNoise(4.0)
        denoise(NOISY, noise, engine=engine, coupling=0.44, rng=0, callback=late)
    assert len(rounds) == 1


def test_estimates_stop_too(clock):
    with deadline(5), pytest.raises(TimeLimitError):
        clock.now = 6
        estimate(NOISY, "gaussian")


def test_files_stop_while_they_are_read(clock, tmp_path):
    """With the error itself: no decoder takes it for damage of the file."""
    for kind in ("PNG", "TIFF", "GIF", "BMP", "JPEG", "WEBP", "PPM"):
        Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "x", kind)
        with deadline(5, "x"), pytest.raises(TimeLimitError):
            clock.now += 6
            read_picture(tmp_path / "x")


def test_streams_stop_between_pages(clock):
    pages = read_pages(io.BytesIO(encode_pages([NOISY > 0] * 3)))
    with deadline(5, "x"), pytest.raises(TimeLimitError, match=r"^x: took longer"):
        next(pages)
        clock.now = 6
        next(pages)


# ----------------------------------------------------------------------------- commands


def test_a_picture_that_takes_too_long_is_refused(tmp_path):
    noisy = save_noisy(tmp_path / "noisy.png")
    line = refused(UNREADABLE, tmp_path, "run", noisy, "--timeout", NEVER, *QUICK)
    assert f"{noisy}: took longer than 1e-06 s; raise the timeout or leave it out" in line
    succeed("run", noisy, "--timeout", "1e5", *QUICK)


def test_of_several_pictures_each_has_the_time(tmp_path):
    names = [save_noisy(tmp_path / f"{name}.png") for name in "ab"]
    done = invoke("run", *names, "--timeout", NEVER, *QUICK)
    assert done.code == SOME_FAILED
    assert [line.count("took longer") for line in done.stderr.splitlines()] == [1, 1]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "b.png"]


@pytest.mark.slow
def test_a_batch_goes_on_and_its_next_run_does_the_rest(tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    for name in "ab":
        save_noisy(source / f"{name}.png")
    done = invoke("batch", source, out, *QUICK, "--timeout", NEVER)
    assert done.code == SOME_FAILED
    assert done.stderr.count("took longer than 1e-06 s") == 2
    assert list(pictures(out)) == []
    assert succeed("batch", source, out, *QUICK).stdout.startswith("2 pictures cleaned")
    before = snapshot(out)
    again = succeed("batch", source, out, *QUICK, "--timeout", NEVER).stdout
    assert again.endswith(", 2 up to date\n")  # the time is no setting of the results
    assert snapshot(out) == before


@pytest.mark.parametrize("threads", [1, 2])
def test_one_slow_picture_is_an_outcome_and_the_others_are_done(
    tmp_path, clock, monkeypatch, threads
):
    for name, size in (("a", 24), ("b", 32), ("c", 24)):
        save_noisy(tmp_path / "in" / f"{name}.png", size=size)

    def slowly(x, *args, **options):
        clock.now += 6 if x.shape == (32, 32) else 4
        return denoise(x, *args, **options)

    monkeypatch.setattr("isingdenoise.pipeline.options.denoise", slowly)
    jobs = plan(tmp_path / "in", tmp_path / "out")
    options = CleanOptions(noise="gaussian", coupling=0.4, timeout=5)
    found = denoise_many(jobs, options, threads=threads)
    errors = [outcome.error for outcome in found]
    assert [type(error) for error in errors] == [type(None), TimeLimitError, type(None)]
    assert str(errors[1]).startswith(f"{tmp_path / 'in' / 'b.png'}: took longer than 5 s")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]


def test_the_option_is_for_the_picture_and_not_for_its_pages(tmp_path):
    path = tmp_path / "x.tif"
    path.write_bytes(encode_pages([NOISY > 0] * 3))
    assert error_line(invoke("run", path, "--timeout", NEVER, *QUICK), UNREADABLE)
    assert not (tmp_path / "x.denoised.tif").exists()
