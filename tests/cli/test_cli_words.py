"""What one types: slips, spellings, folders that are missing, patterns; and the help."""

import re

import click
import pytest
from command_line import error_line, invoke, save_noisy, snapshot, succeed
from isingdenoise_cli import console
from isingdenoise_cli.main import COMMANDS, cli
from isingdenoise_cli.render.forecast import Forecast, span

from isingdenoise.batch import plan
from isingdenoise.io import read_picture

QUICK = ("--noise", "gaussian", "--coupling", "0.5")


@pytest.fixture
def noisy(tmp_path):
    return save_noisy(tmp_path / "noisy.png")


# ---- slips


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu", "x.png"], "No such command 'rnu'; the nearest is run"),
        (["vae", "trian"], "the nearest is vae train"),
        (["run", "x.png", "--nosie", "flip"], "No such option '--nosie'; the nearest is --noise"),
        (["run", "x.png", "--noise", "flpi"], "; the nearest is flip"),
        (["run", "x.png", "--engine", "gibs"], "; the nearest is gibbs"),
        (["run", "x.png", "--format", "tifff"], "; the nearest is tiff"),
        (["run", "x.png", "-O", "dampin=1"], "; the nearest is damping"),
        (["run", "x.png", "-O", "gibbs.sweep=1"], "; the nearest is sweeps"),
        (["run", "x.png", "-O", "gibs.sweeps=1"], "; the nearest is gibbs"),
        (["run", "x.png", "-O", "sweeps=1"], "; for another engine write gibbs.sweeps=VALUE"),
        (["learn", "x", "-o", "x.toml", "--method", "svgr"], "; the nearest is svrg"),
        (["experiment", "gradient"], "; the nearest is gradients"),
    ],
)
def test_what_is_mistyped_is_told_the_nearest(words, said):
    line = error_line(invoke(*words), 2)
    assert said in line
    assert line.count("nearest") <= 1


def test_nothing_is_suggested_for_what_is_like_nothing():
    for words in (["qqqqqq"], ["run", "x.png", "--qqqqqq"], ["run", "x.png", "--noise", "qqqq"]):
        assert "nearest" not in error_line(invoke(*words), 2)


def test_whole_numbers_are_refused_with_their_bounds():
    for text, said in (("0", "0 is not at least 1"), ("x", "'x' is no whole number")):
        for option in ("--frame", "--max-pages", "--max-pixels"):
            line = error_line(invoke("run", "x.png", option, text), 2)
            assert option in line
            assert said in line
    line = error_line(invoke("vae", "train", "-o", "x.npz", "--latent", "999"), 2)
    assert "999 is not at least 1 and at most 512" in line


# ---- spellings


def test_tif_and_g4_are_spellings_too(noisy, tmp_path):
    succeed("run", noisy, *QUICK, "--format", "tif", "--compression", "g4")
    made = read_picture(tmp_path / "noisy.denoised.tif")
    assert (made.format, made.compression) == ("TIFF", "group4")
    succeed("run", noisy, *QUICK, "--format", "jpg")
    assert (tmp_path / "noisy.denoised.jpg").exists()
    out = tmp_path / "out"
    (tmp_path / "in").mkdir()
    noisy.rename(tmp_path / "in" / "noisy.png")
    succeed("batch", tmp_path / "in", out, *QUICK, "--probability", "tiff", "--format", "tif")
    assert (out / "noisy.probability.tif").exists()
    assert (out / "noisy.tif").exists()


@pytest.mark.parametrize("command", ["run", "batch"])
def test_a_compression_that_png_lacks_names_the_format_that_has_it(noisy, tmp_path, command):
    words = [noisy] if command == "run" else [tmp_path, tmp_path / "out"]
    line = error_line(invoke(command, *words, "--compression", "group4"), 2)
    assert "add --format tiff" in line
    succeed(command, *words, *QUICK, "--compression", "group4", "--format", "tiff")


# ---- folders


@pytest.mark.parametrize("name", ["new/deep/x.png", "new/deep/"])
def test_the_folder_of_the_output_is_made(noisy, tmp_path, name):
    succeed("run", noisy, *QUICK, "-o", f"{tmp_path}/{name}")
    made = tmp_path / "new" / "deep"
    assert [path.name for path in made.iterdir()] == ["x.png" if "x" in name else "noisy.png"]


def test_several_pictures_make_their_folder(noisy, tmp_path):
    other = save_noisy(tmp_path / "other.png", seed=1)
    succeed("run", noisy, other, *QUICK, "-o", tmp_path / "new")
    assert len(list((tmp_path / "new").iterdir())) == 2


@pytest.mark.parametrize(
    ("code", "options"),
    [
        (2, ["--sigma", "0"]),
        (2, ["--compression", "group4"]),
        (2, ["--nosie", "x"]),
        (6, ["--max-change", "0"]),
        (4, ["--probability", "old.tif"]),
    ],
)
@pytest.mark.parametrize("name", ["new/deep/x.png", "new/deep/"])
def test_a_folder_does_not_stay_where_nothing_is_written(
    noisy, tmp_path, monkeypatch, code, options, name
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.tif").write_bytes(b"precious")
    before = snapshot(tmp_path)
    error_line(invoke("run", noisy.name, *QUICK, *options, "-o", name), code)
    assert snapshot(tmp_path) == before


def test_a_folder_that_was_there_stays(noisy, tmp_path):
    (tmp_path / "empty").mkdir()
    invoke("run", noisy, *QUICK, "--max-change", "0", "-o", tmp_path / "empty" / "x.png")
    assert list((tmp_path / "empty").iterdir()) == []


# ---- which pictures of a folder


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    for name in ("a.png", "b.tif", "raw/c.png", "raw/deep/d.png", "thumbs/a.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("include", "exclude", "taken", "excluded"),
    [
        ([], [], "a.png b.tif raw/c.png raw/deep/d.png thumbs/a.png", ""),
        (["*.tif"], [], "b.tif", "a.png raw/c.png raw/deep/d.png thumbs/a.png"),
        ([], ["thumbs"], "a.png b.tif raw/c.png raw/deep/d.png", "thumbs"),
        ([], ["thumbs/"], "a.png b.tif raw/c.png raw/deep/d.png", "thumbs"),
        ([], ["raw/*"], "a.png b.tif thumbs/a.png", "raw/c.png raw/deep"),
        (["raw/*"], ["deep"], "raw/c.png", "a.png b.tif raw/deep thumbs/a.png"),
        (["a.*", "b.*"], ["b*"], "a.png thumbs/a.png", "b.tif raw/c.png raw/deep/d.png"),
        (["A.PNG"], [], "", "a.png b.tif raw/c.png raw/deep/d.png thumbs/a.png"),
    ],
)
def test_patterns_choose_pictures_and_folders(scans, tmp_path, include, exclude, taken, excluded):
    jobs = plan(scans, tmp_path / "out", recursive=True, include=include, exclude=exclude)
    found = [job.source.relative_to(scans).as_posix() for job in jobs]
    assert sorted(found) == sorted(taken.split())
    assert sorted(jobs.passed.names.get("excluded", [])) == excluded.split()
    assert jobs.passed.excluded == len(excluded.split())


def test_what_a_batch_passes_over_is_named_and_the_names_are_bounded(scans, tmp_path):
    for number in range(150):
        (scans / f"n{number:03}.txt").touch()
    words = ("batch", scans, tmp_path / "out", "--dry-run", "--exclude", "*.png")
    assert succeed(*words).stdout.splitlines()[-1] == (
        "150 other files passed over (n000.txt, n001.txt, n002.txt and 147 more), "
        "1 name excluded (a.png)"
    )
    passed = plan(scans, tmp_path / "out").passed
    assert (passed.others, len(passed.names["others"])) == (150, 100)


# ---- how long


class Done:
    """An outcome, as far as a forecast looks at it."""

    def __init__(self, skipped):
        self.skipped = skipped


def forecast(steps, total):
    """Return what is said, of (seconds, whether up to date) of each picture."""
    said, now = [], [0.0]
    told = Forecast(total, clock=lambda: now[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "notice", said.append)
        for seconds, skipped in steps:
            now[0] += seconds
            told.add(Done(skipped))
    return said


def test_a_batch_tells_how_long_it_will_take_and_not_too_often():
    assert forecast([(1, False)] * 9, 1000) == []
    said = forecast([(1, False)] * 10, 1000)
    assert said == ["10 of 1000 pictures, about 16 min left"]
    assert len(forecast([(1, False)] * 1000, 1000)) < 6
    assert forecast([(1, False)] * 15, 30) == []  # not worth a line
    assert forecast([(20, True)] * 5, 100) == []  # up to date: nothing is known
    some = [(0, True)] * 5 + [(11, False)]
    assert forecast(some, 100) == ["6 of 100 pictures, about 17 min left"]


def test_spans_are_told_as_people_do():
    texts = [span(seconds) for seconds in (40, 100, 5000, 200_000)]
    assert texts == ["about 40 s", "about 2 min", "about 1 h 23 min", "about 2 d 8 h"]


# ---- help


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_headings_and_no_jargon(name):
    text = succeed(*name.split(), "--help").stdout
    assert "RANGE" not in text
    headings = re.findall(r"^(\w[\w ]*):$", text, re.MULTILINE)
    assert headings[0] == "Options"
    assert headings[-1] == "Messages and settings"
    assert len(set(headings)) == len(headings)
    last = text.rpartition("Messages and settings:")[2]
    assert all(f"--{option}" in last for option in ("quiet", "config", "help"))
    listed = text.partition("\nOptions:")[2]
    for option in cli.get_command(click.Context(cli), name).params:
        if isinstance(option, click.Option):
            written = rf"^  (?:-\w, )?{re.escape(option.opts[-1])}(?= |$)"
            assert len(re.findall(written, listed, re.MULTILINE)) == 1, option.name


def test_options_that_belong_together_stand_together():
    text = succeed("batch", "--help").stdout
    sections = dict(re.findall(r"^(\w[\w ]*):\n((?: .*\n|\n(?= ))+)", text, re.MULTILINE))
    for heading, options in {
        "Options": ("--jobs", "--force", "--dry-run"),
        "Output": ("--format", "--compression", "--probability", "--change-map"),
        "Reading": ("--recursive", "--frame", "--max-pixels", "--timeout", "--include"),
        "What may change": ("--mask", "--protect", "--max-change"),
        "Noise and light": ("--noise", "--sigma", "--background"),
        "Prior and inference": ("--coupling", "--engine", "--prior", "-O"),
    }.items():
        for option in options:
            assert re.search(rf"^  (?:-\w, )?{option} ", sections[heading], re.MULTILINE), option


def test_a_figure_says_where_it_is(noisy, tmp_path):
    for command in ("estimate", "compare"):
        path = tmp_path / f"{command}.png"
        words = (command, noisy, "--noise", "gaussian", "--plot", path)
        more = ("--engines", "mf", "--coupling", "0.5") if command == "compare" else ()
        done = succeed(*words, *more)
        assert done.stdout.splitlines()[-1] == f"figure    {path}"
        assert done.stderr == ""
        assert "figure " not in succeed(*words, *more, "--json", "--force").stdout
