"""`run --animate`: how an engine converges, as a film."""

import io
import json
from itertools import pairwise

import numpy as np
import pytest
from command_line import error_line, invoke, save, save_noisy, scene, snapshot, succeed
from PIL import Image

from isingdenoise import ENGINES, denoise
from isingdenoise.animation import RoundsFilm, film_of
from isingdenoise.inference import Step
from isingdenoise.io import ANIMATIONS, Film, encode_pages

GREY = ("--noise", "gaussian", "--coupling", "0.5")


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


def frames_of(data):
    """Return the frames of a film as RGB arrays."""
    with Image.open(io.BytesIO(data)) as film:
        found = []
        for number in range(film.n_frames):
            film.seek(number)
            found.append(np.array(film.convert("RGB")))
        return found


def steps(count, size=8):
    """Yield steps of a solve of so many rounds, all of them told apart by their state."""
    for k in range(1, count + 1):
        state = np.full((size, size), np.tanh(k), np.float32)
        nan = float("nan")
        yield Step(k, k, k * size * size, nan, nan, nan, nan, 0.0, lambda state=state: state)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_film_begins_with_the_picture_and_ends_with_the_result(noisy, tmp_path, kind):
    path = tmp_path / f"steps.{kind}"
    done = succeed("run", noisy, *GREY, "--animate", path)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == f"  animation {path}"
    frames = frames_of(path.read_bytes())
    assert 3 <= len(frames) < 40
    assert {frame.shape for frame in frames} == {frames[0].shape}
    with Image.open(tmp_path / "noisy.denoised.png") as made:
        clean = np.array(made)
    times = 480 // 32
    shown = frames[-1][: 32 * times, : 32 * times].reshape(32, times, 32, times, 3)
    assert (shown == shown[:, :1, :, :1]).all()  # blocks
    bright = shown[:, 0, :, 0].astype(int).sum(-1) > 2 * 255 * 395 // 510
    assert (bright == clean).mean() > 0.99
    assert len({frame.tobytes() for frame in frames}) == len(frames)


@pytest.mark.parametrize("engine", ["icm", "gibbs", "bp", "mf"])
def test_every_kind_of_state_can_be_filmed(noisy, tmp_path, engine):
    path = tmp_path / "steps.gif"
    succeed("run", noisy, *GREY, "--engine", engine, "--animate", path)
    assert len(frames_of(path.read_bytes())) >= 3


def test_watching_changes_nothing_and_is_told_in_json(noisy, tmp_path):
    succeed("run", noisy, *GREY, "-o", tmp_path / "a.png")
    words = ("-o", tmp_path / "b.png", "--animate", tmp_path / "b.gif", "--json")
    record = json.loads(succeed("run", noisy, *GREY, *words).stdout)
    assert record["animation"] == str(tmp_path / "b.gif")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_few_rounds_are_shown_of_many_and_the_first_ones_all():
    film = RoundsFilm("mf")
    for step in steps(10_000):
        film(step)
    texts = [text for _, text, _ in film.film.frames]
    rounds = [int(text.partition("(")[2].split()[0]) for text in texts]
    assert rounds[:8] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert len(rounds) < 50
    assert all(later <= 1.3 * one for one, later in pairwise(rounds[8:]))
    assert texts[0] == "mf: 64 site updates (1 sweep)"
    assert texts[1] == "mf: 128 site updates (2 sweeps)"


def test_a_frame_takes_a_bounded_number_of_bytes_and_keeps_the_share_of_black():
    film = Film()
    large = np.zeros((4000, 1000), np.float32)
    large[:1000] = 1
    film.add(large, "", 1)
    (shades, _, _) = film.frames[0]
    assert shades.shape == (720, 180)
    assert shades.dtype == np.uint8
    assert np.mean(shades) == pytest.approx(shades.max() / 4)
    film.add(np.ones((1, 5000), np.float32), "", 1)
    assert film.frames[1][0].shape == (1, 720)


def test_missing_pixels_are_in_doubt_at_the_start_and_chains_are_averaged():
    noise = np.random.default_rng(0).normal(0, 0.3, (16, 16))
    picture = np.where(scene(16, 16), 1.0, -1.0) + noise
    picture[0, 0] = np.nan
    result = denoise(picture, "gaussian", coupling=0.5, engine="gibbs", rng=0)
    film = film_of(result, picture)
    most = film.frames[0][0].max()
    assert film.frames[0][0][0, 0] == pytest.approx(most / 2, abs=1)
    assert film.frames[0][1] == "gibbs: 0 site updates"
    assert film.frames[-1][1].startswith("gibbs: did ")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--animate", "x.avi"], 2, "--animate: x.avi must end in one of .gif .webp .mp4"),
        (["--animate", "old.gif"], 4, "old.gif: exists; use --force"),
        (["--animate", "missing/x.gif"], 5, "missing/x.gif"),
        (["--animate", "noisy.png"], 2, "must end in one of"),
        (["--animate", "x.gif", "-o", "x.gif"], 2, "is the same file as that of -o"),
        (["--animate", "x.gif", "--engine", "map"], 2, "--animate: engine map has no sweeps"),
        (["--animate", "x.gif", "--prior", "learned"], 2, "take prior ising"),
        (["noisy.png", "--animate", "x.gif"], 2, "--animate: goes with one INPUT, not with 2"),
    ],
)
def test_what_cannot_be_filmed_is_refused_before_any_work(
    noisy, tmp_path, monkeypatch, options, code, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.gif").write_bytes(b"precious")
    before = snapshot(tmp_path)
    monkeypatch.setattr(
        "isingdenoise.pipeline.options.denoise", lambda *_, **__: pytest.fail("worked")
    )
    assert said in error_line(invoke("run", "noisy.png", *options), code)
    assert snapshot(tmp_path) == before


def test_an_older_film_is_replaced_by_force_alone(noisy, tmp_path):
    path = tmp_path / "steps.gif"
    path.write_bytes(b"old")
    succeed("run", noisy, *GREY, "--animate", path, "--force")
    assert len(frames_of(path.read_bytes())) >= 3


def test_a_film_is_of_one_page(tmp_path):
    path = tmp_path / "fax.tif"
    path.write_bytes(encode_pages([scene(24, 24), ~scene(32, 40)]))
    words = ("run", path, "--noise", "flip", "--coupling", "0.5", "--animate", tmp_path / "s.gif")
    line = error_line(invoke(*words), 2)
    assert "--animate: shows one page, and the picture has 2; choose one with --frame" in line
    assert [p.name for p in tmp_path.iterdir()] == ["fax.tif"]
    succeed(*words, "--frame", "2")


def test_the_learned_prior_is_said_not_to_be_in_the_film(noisy, tmp_path, monkeypatch):
    from isingdenoise.inference import Amortised

    result = denoise(np.asarray(Image.open(noisy)), "gaussian", engine=Amortised(), coupling=0.5)
    film = film_of(result, np.asarray(Image.open(noisy)))
    assert film.frames[0][1] == "mf: 0 site updates"
    monkeypatch.setattr("isingdenoise.pipeline.options.denoise", lambda *_, **__: result)
    done = succeed("run", noisy, "--animate", tmp_path / "s.gif")
    assert "noisy.png: warning: the learned prior was taken, which has no sweeps" in done.stderr


def test_a_video_without_an_encoder_is_refused_in_one_line(noisy, tmp_path, monkeypatch):
    monkeypatch.setattr("isingdenoise.io.animation.find_spec", lambda _: None)
    line = error_line(invoke("run", noisy, "--animate", tmp_path / "s.mp4"), 2)
    assert "pip install 'isingdenoise[video]', or use .gif or .webp" in line


@pytest.mark.slow
@pytest.mark.process
def test_a_video_has_all_frames(noisy, tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / "steps.mp4"
    succeed("run", noisy, *GREY, "--animate", path)
    frames, seconds = ffmpeg.count_frames_and_secs(str(path))
    assert frames > 40  # each is held
    assert seconds > 4
    monkey = Film()
    monkey.add(np.ones((4, 4)), "", 0.1)
    assert monkey.encode("MP4")[4:8] == b"ftyp"


def test_every_engine_is_filmed_or_refused():
    from isingdenoise.animation import check_rounds
    from isingdenoise.errors import ParameterError

    refused = []
    for name, kind in ENGINES.items():
        try:
            check_rounds(kind())
        except ParameterError as error:
            refused.append(name)
            assert "take prior ising" in error.message
    assert {"amortised", "map", "exact"} <= set(refused)
    assert set(ANIMATIONS) == {".gif", ".webp", ".mp4"}


def test_a_picture_of_one_pixel_has_a_film(tmp_path):
    path = save(tmp_path / "one.png", np.full((1, 1), 200, np.uint8))
    succeed("run", path, "--noise", "gaussian", "--sigma", "9", "--levels", "0,255",
            "--coupling", "1", "--animate", tmp_path / "s.gif")  # fmt: skip
    assert frames_of((tmp_path / "s.gif").read_bytes())[0].shape == (506, 480, 3)
