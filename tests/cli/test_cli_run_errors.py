"""`isingdenoise run` where something is wrong: exit code, one line, nothing written."""

import dataclasses
import json
import os

import numpy as np
import pytest
from command_line import error_line, invoke, launch, save, save_noisy, scene, snapshot, succeed

from isingdenoise import ENGINES
from isingdenoise.io import EXTENSIONS

USAGE, UNREADABLE, EXISTS, UNWRITABLE = 2, 3, 4, 5
GREY = ["--noise", "gaussian"]  # with which parameters go, as they do not with auto


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


def refused(code, folder, *args):
    """Run the command, insist that it fails cleanly and writes nothing; return its line."""
    before = snapshot(folder)
    line = error_line(invoke(*args), code)
    assert snapshot(folder) == before
    return line


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([*GREY, "--sigma", "0"], "--sigma"),
        ([*GREY, "--sigma", "-1"], "--sigma"),
        ([*GREY, "--sigma", "nan"], "--sigma"),
        ([*GREY, "--sigma", "1e400"], "--sigma"),
        ([*GREY, "--sigma", "much"], "--sigma"),
        (["--sigma"], "--sigma"),
        (["--noise", "flip", "--flip-prob", "-1"], "--flip-prob"),
        (["--noise", "flip", "--flip-prob", "0.5"], "--flip-prob"),
        (["--noise", "flip", "--flip-prob", "-0.1"], "--flip-prob"),
        (["--noise", "flip", "--flip-prob", "nan"], "--flip-prob"),
        (["--noise", "flip", "--flip-prob", "x"], "--flip-prob"),
        (["--noise", "flip", "--sigma", "1"], "--sigma"),
        (["--noise", "gaussian", "--flip-prob", "0.1"], "--flip-prob"),
        (["--noise", "pink"], "--noise"),
        ([*GREY, "--levels", "200,60"], "--levels"),
        ([*GREY, "--levels", "60,60"], "--levels"),
        ([*GREY, "--levels", "60"], "--levels"),
        ([*GREY, "--levels", "1,2,3"], "--levels"),
        ([*GREY, "--levels", "nan,1"], "--levels"),
        ([*GREY, "--levels", "0,inf"], "--levels"),
        ([*GREY, "--levels", "black,white"], "--levels"),
        (["--coupling", "nan"], "--coupling"),
        (["--coupling", "-inf"], "--coupling"),
        (["--coupling", "1e7"], "--coupling"),
        (["--coupling", "strong"], "--coupling"),
        (["--coupling", "1,nan"], "--coupling"),
        (["--coupling", "1,1,1e7"], "--coupling"),
        (["--coupling", "1,1,1,1"], "--coupling"),
        (["--coupling", "1,"], "--coupling"),
        (["--background", "even"], "--background"),
        (["--background", "auto", "--noise", "poisson"], "--background"),
        (["--background", "auto", "--noise", "probability"], "--background"),
        (["--seed", "-1"], "--seed"),
        (["--seed", "1.5"], "--seed"),
        (["--seed", "99999999999999999999"], "--seed"),
        (["--engine", "magic"], "--engine"),
        (["--frobnicate"], "--frobnicate"),
    ],
)
def test_bad_options_are_usage_errors_that_name_the_option(noisy, options, named):
    assert named in refused(USAGE, noisy.parent, "run", noisy, *options)


@pytest.mark.parametrize("command", ["run", "compare", "estimate"])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--sigma", "1"), ("--sigma", "1,2"), ("--flip-prob", "0.1"), ("--salt", "0.1")),
        *(("--pepper", "0.1"), ("--levels", "60,190")),
    ],
)
def test_a_model_that_auto_chooses_takes_no_parameters(noisy, command, option, value):
    expected = f"isingdenoise: {option}: does not go with --noise auto; name the model"
    for name in ([], ["--noise", "auto"]):
        assert refused(USAGE, noisy.parent, command, noisy, option, value, *name) == expected


def test_grey_values_beyond_any_picture_are_the_input_s_fault(tmp_path):
    x = 1e29 * np.random.default_rng(0).standard_normal((32, 32))
    picture = save(tmp_path / "huge.tif", x.astype(np.float32))
    for noise in ("auto", "salt-pepper"):
        for command in ("run", "estimate", "compare"):
            line = refused(UNREADABLE, tmp_path, command, picture, "--noise", noise)
            assert line.startswith(f"isingdenoise: {picture}: holds values beyond 1e+28")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", ["nonsense=1", "nonsense", "=", "max_sweeps", "name=x"])
def test_an_unknown_setting_is_answered_with_the_valid_ones(noisy, engine, text):
    line = refused(USAGE, noisy.parent, "run", noisy, "--engine", engine, "-O", text)
    assert "-O" in line
    assert repr(text) in line
    for field in dataclasses.fields(ENGINES[engine]):
        assert field.name in line


@pytest.mark.parametrize("engine", ENGINES)
def test_a_setting_with_the_name_of_an_engine_is_for_that_one_alone(noisy, engine):
    options = ["-O", "mf.max_sweeps=1", "-O", "mf.tol=0", "-O", "gibbs.sweeps=3"]
    quick = [*GREY, "--coupling", "0.4", "--engine", engine, "--json", "--force"]
    plain, told = (
        json.loads(succeed("run", noisy, *quick, *more).stdout) for more in ([], options)
    )
    mine = {"mf": {"max_sweeps": 1, "tol": 0.0}, "gibbs": {"sweeps": 3}}.get(engine, {})
    assert told["engine"] == plain["engine"] | mine


def test_settings_that_are_left_aside_are_checked_all_the_same(noisy):
    for text, named in (
        ("mf.tol=-1", "-O mf.tol: must be"),
        ("mf.nonsense=1", "'nonsense=1' is no setting of mf"),
        ("magic.tol=1", "'magic.tol=1'"),
        ("mf.", "''"),
        ("tol=1", "for another engine write mf.tol=VALUE"),
    ):
        assert named in refused(USAGE, noisy.parent, "run", noisy, "--engine", "gibbs", "-O", text)


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        ("mf", "damping=0"),
        ("mf", "damping=1.01"),
        ("mf", "damping=nan"),
        ("mf", "damping=half"),
        ("mf", "tol=-1"),
        ("mf", "tol=inf"),
        ("mf", "max_sweeps=0"),
        ("mf", "max_sweeps=10.5"),
        ("mf", "bound_every=-1"),
        ("mf", "schedule=spiral"),
        ("mf", "parallel=maybe"),
        ("icm", "max_sweeps=0"),
        ("icm", "max_sweeps="),
        ("gibbs", "burn_in=-1"),
        ("gibbs", "sweeps=0"),
        ("gibbs", "chains=0"),
        ("gibbs", "chains=1025"),
    ],
)
def test_bad_values_of_settings_are_named(noisy, engine, text):
    line = refused(USAGE, noisy.parent, "run", noisy, "--engine", engine, "-O", text)
    assert f"-O {text.partition('=')[0]}: must be" in line


def test_undamped_jacobi_is_refused_with_advice(noisy):
    line = refused(USAGE, noisy.parent, "run", noisy, "-O", "schedule=jacobi")
    assert "-O damping" in line
    succeed("run", noisy, "-O", "schedule=jacobi", "-O", "damping=0.5")


def test_unknown_commands_and_missing_arguments(tmp_path):
    assert "'rum'; the nearest is run; see" in refused(USAGE, tmp_path, "rum", "x")
    assert "nearest" not in refused(USAGE, tmp_path, "--rum")
    assert "nearest" not in refused(USAGE, tmp_path, "zzz")
    assert "INPUT" in refused(USAGE, tmp_path, "run")
    assert "extra" in refused(USAGE, tmp_path, "estimate", "a.png", "extra")


def test_names_that_begin_with_a_dash_are_no_options(noisy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    noisy.rename("-out.png")
    for name in ("-out.png", "-barcode.png", "--barcode.png", "-q-.png"):
        line = refused(USAGE, tmp_path, "run", name)
        assert f"write './{name}', or put '--' before it; see" in line
    for word in ("-x", "--nosie", "--nosie=0.5"):
        assert "No such option" in refused(USAGE, tmp_path, "run", word)
    assert "No such option" in refused(USAGE, tmp_path, "run", "-x", "--", "-out.png")
    for name in (["./-out.png"], ["--force", "--", "-out.png"]):
        succeed("run", *GREY, "--coupling", "0.4", *name)


def test_levels_that_do_not_fit_the_picture(noisy):
    options = [*GREY, "--levels=-2,-1", "--sigma", "1"]
    assert "--levels" in refused(USAGE, noisy.parent, "run", noisy, *options)


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (np.where(scene(), np.uint8(190), np.uint8(60)), [*GREY, "--levels=-1,1"]),
        (scene(), ["--levels", "0,255", "--noise", "flip"]),
    ],
    ids=["grey", "one bit"],
)
def test_levels_off_the_scale_of_the_picture_do_not_pass_in_silence(tmp_path, pixels, options):
    picture = save(tmp_path / "picture.png", pixels)
    done = invoke("run", picture, *options)
    assert "levels" in done.stderr  # an error or a warning


@pytest.mark.parametrize("name", ["out", "out.xyz", "out.png.bak"])
def test_unknown_extensions_are_answered_with_the_known_ones(noisy, tmp_path, name):
    line = refused(USAGE, tmp_path, "run", noisy, "-o", tmp_path / name)
    assert name in line
    for extension in EXTENSIONS:
        assert extension in line


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("missing.png", None),
        ("empty.png", b""),
        ("text.png", b"all work and no play\n" * 20),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ],
)
def test_unreadable_input_is_named(tmp_path, name, data):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert name in refused(UNREADABLE, tmp_path, "run", tmp_path / name)


def test_a_folder_as_input_is_named(tmp_path):
    (tmp_path / "folder.png").mkdir()
    line = refused(UNREADABLE, tmp_path, "run", tmp_path / "folder.png")
    assert "folder.png: is a folder; 'isingdenoise batch' cleans" in line


def test_a_slash_asks_for_a_folder_and_without_extension_one_is_suggested(noisy, tmp_path):
    for option, name in (("-o", "noisy.png"), ("--probability", "new"), ("--change-map", "n.tif")):
        line = refused(UNWRITABLE, tmp_path, "run", noisy, option, f"{tmp_path / name}/")
        assert f"{tmp_path / name}/: is no folder that exists" in line
    line = refused(USAGE, tmp_path, "run", noisy, "-o", tmp_path / "new")
    assert f"-o: {tmp_path / 'new'} is no folder that exists" in line
    (tmp_path / "there").mkdir()
    assert (
        invoke("run", noisy, *GREY, "--coupling", "0.4", "-o", f"{tmp_path / 'there'}/").code == 0
    )
    assert (tmp_path / "there" / "noisy.png").exists()


@pytest.mark.parametrize("name", [".", "/"])
def test_names_without_a_last_part_are_unreadable_and_no_internal_error(tmp_path, name):
    refused(UNREADABLE, tmp_path, "run", name)


def test_a_missing_input_in_a_missing_folder_is_unreadable(tmp_path):
    line = refused(UNREADABLE, tmp_path, "run", tmp_path / "nowhere" / "x.png")
    assert f"{tmp_path / 'nowhere' / 'x.png'}:" in line


@pytest.mark.parametrize("option", ["-o", "--probability"])
def test_outputs_whose_folder_is_missing_or_a_file(noisy, tmp_path, option):
    for folder in ("missing", "noisy.png"):
        if (option, folder) == ("-o", "missing"):
            continue  # it is made
        target = tmp_path / folder / "out.tif"
        assert str(target) in refused(UNWRITABLE, tmp_path, "run", noisy, option, target)


@pytest.mark.parametrize("option", ["-o", "--probability"])
def test_folders_and_links_are_never_replaced(noisy, tmp_path, option):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "elsewhere.png")
    for name in ("folder.png", "link.png"):
        line = refused(UNWRITABLE, tmp_path, "run", noisy, option, tmp_path / name, "--force")
        assert name in line


@pytest.mark.parametrize("option", ["-o", "--probability"])
def test_the_input_is_refused_as_output(noisy, tmp_path, option):
    (tmp_path / "link.png").symlink_to(noisy)
    os.link(noisy, tmp_path / "twin.png")
    for name in ("noisy.png", "link.png", "twin.png"):
        for force in ([], ["--force"]):
            line = refused(USAGE, tmp_path, "run", noisy, option, tmp_path / name, *force)
            assert name in line


def test_both_outputs_cannot_be_one_file(noisy, tmp_path):
    same = tmp_path / "same.png"
    line = refused(USAGE, tmp_path, "run", noisy, "-o", same, "--probability", same)
    assert "--probability" in line


def test_icm_has_no_probabilities_to_write(noisy, tmp_path):
    options = ["--engine", "icm", "--probability", tmp_path / "p.tif"]
    line = refused(USAGE, tmp_path, "run", noisy, *options)
    assert "--probability" in line
    assert "icm" in line


@pytest.mark.parametrize("name", ["p.xyz", "p.pbm", "noisy.png"])
def test_what_is_wrong_with_the_probability_file_is_said_of_that_option(noisy, tmp_path, name):
    line = refused(USAGE, tmp_path, "run", noisy, "--probability", tmp_path / name)
    assert line.startswith("isingdenoise: --probability: ")


@pytest.mark.process
@pytest.mark.slow
def test_odd_names_are_printed_on_one_line(tmp_path):
    line = refused(UNREADABLE, tmp_path, "run", tmp_path / "two\nlines\x1b[31m.png")
    assert r"two\nlines\x1b[31m.png" in line
    picture = save(
        tmp_path / "-dash.png",
        np.where(scene(), np.uint8(190), np.uint8(60)) + np.uint8(np.eye(*scene().shape)),
    )
    done = launch("run", "-o", "out.png", "--", picture.name, cwd=tmp_path)
    assert (done.code, done.stderr) == (0, "")


def test_a_bug_in_the_library_is_one_line_too(noisy, monkeypatch):
    def broken(*args, **options):
        raise RuntimeError("out of\nluck")

    monkeypatch.setattr("isingdenoise.pipeline.options.denoise", broken)
    done = invoke("run", noisy)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith("isingdenoise: internal error: RuntimeError: out of luck;")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.process
@pytest.mark.slow
def test_the_installed_command_fails_as_cleanly(noisy, tmp_path):
    """The same exit codes through a real process, where a traceback would reach stderr."""
    (tmp_path / "text.png").write_text("no picture")
    target = noisy.with_name("noisy.denoised.png")
    target.write_bytes(b"precious")
    before = snapshot(tmp_path)
    for code, args, named in [
        (USAGE, ["run", noisy, *GREY, "--sigma", "0"], "--sigma"),
        (USAGE, ["fly"], "fly"),
        (UNREADABLE, ["run", "text.png"], "text.png"),
        (EXISTS, ["run", "noisy.png"], "noisy.denoised.png"),
        (UNWRITABLE, ["run", "noisy.png", "-o", "noisy.png/out.png"], "noisy.png/out.png"),
    ]:
        assert named in error_line(launch(*args, cwd=tmp_path), code)
    assert snapshot(tmp_path) == before
