"""Tuning: what the sliders say is what the command does, for every noise model."""

import json
import shlex
import struct

import numpy as np
import pytest
from command_line import error_line, invoke, load, save, save_lit, save_noisy, scene, succeed
from isingdenoise_cli.commands import tune
from isingdenoise_cli.options import planning
from isingdenoise_cli.options.targets import Wanted
from isingdenoise_cli.options.writing import Writing
from noise_examples import EXAMPLES

from isingdenoise import Coupling, NoiseSpec
from isingdenoise.errors import OverwriteError, ParameterError
from isingdenoise.pipeline import CleanOptions
from isingdenoise.tuning import Asked, Session, controls_of, coupling_of, settings_of


def session_of(picture, *, target=None, force=False, **options):
    """Return a session as the command makes it."""
    wanted = Wanted(target, Writing(None, None), None, None)
    (planned,) = planning.plan((picture,), wanted, [], True)
    files = (str(picture), *(() if target is None else ("-o", str(target))))
    options = CleanOptions(**{"seed": 0, **options})
    return tune._session(picture, planned.job, files, options, force)


def answered(session, **asked):
    """Return what is told and the planes of an answer."""
    start = session.start
    given = {name: getattr(start, name) for name in Asked.__dataclass_fields__} | asked
    content = session.answer(Asked(**given))
    (length,) = struct.unpack_from("<I", content)
    told = json.loads(content[4 : 4 + length])
    planes = np.frombuffer(content, np.uint8, offset=4 + length)
    shape = (len(told["planes"]), told["height"], told["width"])
    return told, dict(zip(told["planes"], planes.reshape(shape), strict=True))


def moved(session, share=0.4):
    """Return values of all sliders at a share of their ways."""
    return {
        key: c.low * (c.high / c.low) ** share if c.log else c.low + share * (c.high - c.low)
        for key, c in session.controls.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["gaussian", "gaussian-per-level", "laplace", "flip",
                                   "flip-per-level", "salt-pepper", "poisson", "probability",
                                   "speckle"])  # fmt: skip
def test_the_command_does_what_is_shown(tmp_path, noise):
    clean = save(tmp_path / "clean.png", scene(64, 64))
    noisy = tmp_path / "noisy.png"
    succeed("corrupt", clean, "-o", noisy, "--noise", noise)
    session = session_of(noisy, noise=NoiseSpec(noise))
    for values in (session.start.values, moved(session)):
        told, planes = answered(session, values=values)
        words = shlex.split(told["command"])
        assert words[:2] == ["isingdenoise", "run"]
        succeed(*words[1:], "-o", tmp_path / "out.png", "--force")
        pixels = load(tmp_path / "out.png")[1]
        np.testing.assert_array_equal(planes["clean"] > 0, pixels)


@pytest.mark.slow
def test_the_command_does_what_is_shown_with_the_learned_prior(tmp_path):
    session = session_of(save_noisy(tmp_path / "n.png", size=64), noise=NoiseSpec("gaussian"))
    told, planes = answered(session, prior="learned")
    succeed(*shlex.split(told["command"])[1:])
    pixels = load(tmp_path / "n.denoised.png")[1]
    np.testing.assert_array_equal(planes["clean"] > 0, pixels)


@pytest.mark.slow
def test_uneven_light_is_divided_out_as_the_command_does(tmp_path):
    lit = save_lit(tmp_path / "lit.png", size=96)
    session = session_of(lit, noise=NoiseSpec("gaussian"), background="auto")
    told, planes = answered(session)
    assert "--background auto" in told["command"]
    succeed(*shlex.split(told["command"])[1:])
    pixels = load(tmp_path / "lit.denoised.png")[1]
    np.testing.assert_array_equal(planes["clean"] > 0, pixels)


@pytest.mark.slow
def test_what_is_saved_is_what_is_shown(tmp_path):
    noisy = save_noisy(tmp_path / "n.png", size=64)
    session = session_of(noisy, prior="ising", noise=NoiseSpec("gaussian"))
    values = moved(session, 0.7)
    assert session.save(Asked(values)) == str(tmp_path / "n.denoised.png")
    _, planes = answered(session, values=values)
    np.testing.assert_array_equal(planes["clean"] > 0, load(tmp_path / "n.denoised.png")[1])


def test_a_file_is_replaced_by_who_wrote_it_or_by_force(tmp_path):
    noisy, target = save_noisy(tmp_path / "n.png"), tmp_path / "o.png"
    session = session_of(noisy, target=target, noise=NoiseSpec("gaussian"), coupling=0.7)
    start = session.start
    session.save(start)
    session.save(Asked(moved(session)))  # its own
    target.write_bytes(b"precious")
    with pytest.raises(OverwriteError, match=r"o\.png"):
        session.save(start)
    assert target.read_bytes() == b"precious"
    session_of(noisy, target=target, force=True, noise=NoiseSpec("gaussian"), coupling=0.7).save(
        start
    )
    assert load(target)[0] == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n.png", "o.png"]


def test_what_is_seen_is_sent_as_large_as_the_screen(tmp_path):
    noisy = save_noisy(tmp_path / "n.png", size=100)
    session = session_of(noisy, noise=NoiseSpec("gaussian"), coupling=0.7)
    told, planes = answered(session, crop=(10, 20, 60, 40), room=(30, 40), show="changes")
    assert (told["crop"], told["factor"], told["width"], told["height"]) == (
        [10, 20, 60, 40],
        *(2, 30, 20),
    )
    assert set(planes) == {"clean", "white", "black", "noisy"}
    part = load(noisy)[1][20:60, 10:70]
    expected = part.reshape(20, 2, 30, 2).mean((1, 3))
    assert np.abs(planes["noisy"] - expected).max() <= 0.51
    told, planes = answered(session, crop=(-5, 99, 500, 1), room=(0, 0), noisy=False)
    assert told["crop"] == [0, 99, 100, 1]
    assert told["factor"] == 100
    told, planes = answered(session, show="sure", room=(4096, 4096))
    assert planes["sure"].shape == (100, 100)
    assert set(np.unique(planes["clean"])) <= {0, 255}


def test_the_view_alone_is_not_solved_again(tmp_path, monkeypatch):
    noisy = save_noisy(tmp_path / "n.png")
    session = session_of(noisy, noise=NoiseSpec("gaussian"), coupling=0.7)
    answered(session)
    monkeypatch.setattr("isingdenoise.tuning.session.denoise", None)
    answered(session, crop=(3, 3, 9, 9), show="sure")
    with pytest.raises(TypeError):
        answered(session, values=moved(session))


@pytest.mark.parametrize("noise", EXAMPLES.values(), ids=EXAMPLES)
def test_sliders_start_at_the_estimate(noise):
    coupling = Coupling(0.5, 0.6, -0.1, -0.1)
    controls = controls_of(noise, coupling)
    assert len({c.key for c in controls}) == len(controls)
    assert all(c.low <= c.value <= c.high and c.low < c.high for c in controls)
    start = settings_of(noise, {})
    assert start == settings_of(noise, {c.key: c.value for c in controls if c.key != "coupling"})
    assert coupling_of(coupling, 0.55) == (0.5, 0.6, -0.1)
    assert coupling_of(coupling, 1.1) == (1.0, 1.2, -0.2)
    assert coupling_of(Coupling.nearest(0.4), 0.8) == (0.8,)
    assert coupling_of(Coupling.nearest(0.0), 0.3) == (0.3,)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"{}", b"\xff", b'{"values": {"coupling": NaN}}', b"[" * 9000),
        json.dumps({"values": {"coupling": "x"}}).encode(),
        json.dumps({"values": {"coupling": 1}, "crop": [1], "room": [1, 1], "prior": "ising",
                    "show": "clean", "noisy": 0}).encode(),
        json.dumps({"values": {"coupling": 1}, "crop": [0, 0, 1, 1], "room": [1, 1],
                    "prior": "/etc/passwd", "show": "clean", "noisy": 0}).encode(),
        json.dumps({"values": {"coupling": 1}, "crop": [0, 0, 1e400, 1], "room": [1, 1],
                    "prior": "ising", "show": "clean", "noisy": 0}).encode(),
    ],
)  # fmt: skip
def test_requests_that_are_not_of_the_page_are_refused(content):
    controls = {c.key: c for c in controls_of(EXAMPLES["gaussian"], Coupling.nearest(0.5))}
    only = {"coupling": controls["coupling"]}
    with pytest.raises(ParameterError, match="none of this page"):
        Asked.parsed(content, only)


def test_values_are_kept_within_the_sliders():
    controls = {c.key: c for c in controls_of(EXAMPLES["gaussian"], Coupling.nearest(0.5))}
    only = {"coupling": controls["coupling"]}
    sound = {"crop": [0, 0, 1, 1], "room": [1, 1], "prior": "ising", "show": "clean", "noisy": 1}
    for given, kept in ((1e300, 2.0), (-4, 0.0), (0.25, 0.25)):
        content = json.dumps({"values": {"coupling": given}, **sound}).encode()
        assert Asked.parsed(content, only).values == {"coupling": kept}


@pytest.mark.parametrize(
    ("code", "words", "named"),
    [
        (3, ["missing.png"], "missing.png"),
        (2, ["n.png", "-o", "n.png", "--force"], "-o"),
        (4, ["n.png", "-o", "old.png"], "old.png"),
        (2, ["n.png", "--port", "70000"], "--port"),
        (2, ["n.png", "--noise", "gaussian", "--sigma", "-1"], "--sigma"),
    ],
)
def test_tune_refuses_before_anything_is_served(tmp_path, monkeypatch, code, words, named):
    monkeypatch.chdir(tmp_path)
    save_noisy(tmp_path / "n.png")
    (tmp_path / "old.png").write_bytes(b"precious")
    assert named in error_line(invoke("tune", *words, "--no-browser"), code)


def test_a_port_that_is_taken_is_named(tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        noisy = save_noisy(tmp_path / "n.png")
        line = error_line(invoke("tune", noisy, "--no-browser", "--port", port), 2)
    assert f"--port: {port} cannot be used" in line


def test_without_its_packages_tune_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("isingdenoise.tuning.missing_packages", lambda: ["uvicorn"])
    line = error_line(invoke("tune", save_noisy(tmp_path / "n.png")), 2)
    assert "uvicorn" in line
    assert "pip install 'isingdenoise[tune]'" in line


def test_a_session_holds_no_more_than_the_picture_its_view_and_one_result(tmp_path):
    noisy = save_noisy(tmp_path / "n.png")
    session = session_of(noisy, noise=NoiseSpec("gaussian"), coupling=0.7)
    assert isinstance(session, Session)
    first = session._last[1]
    answered(session, values=moved(session))
    assert session._last[1] is not first
