"""Settings of matplotlib that lie about: figures of the command do without them."""

import os
import sys

import pytest
from command_line import launch, save_noisy

from isingdenoise import plotting


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    save_noisy(folder / "n.png", size=16)
    return plotted(folder)


def plotted(folder, *words, **environment):
    """Return (code, stderr, bytes of a figure) of a process in the folder."""
    words = words or ("estimate", "n.png", "--plot", "f.svg", "--noise", "gaussian")
    done = launch(*words, cwd=folder, env={"SOURCE_DATE_EPOCH": "0", **environment})
    figure = folder / "f.svg"
    return done.code, done.stderr, figure.read_bytes() if figure.exists() else b""


def size(svg):
    return svg.split(b"viewBox=")[1].split(b">")[0]


BROKEN = b"font.size: 40\nfigure.dpi: no number\nnonsense\naxes.titlesize: {\n\xff\xfe\n"
SET = b"font.size: 40\nfigure.facecolor: red\nbackend: nonsense\nsavefig.format: pdf\n"


@pytest.mark.slow
@pytest.mark.parametrize("content", [BROKEN, SET])
def test_a_file_in_the_current_folder_is_not_read(tmp_path, plain, content):
    save_noisy(tmp_path / "n.png", size=16)
    (tmp_path / "matplotlibrc").write_bytes(content)
    code, said, figure = plotted(tmp_path)
    assert (code, said) == (0, "")
    assert b"#ff0000" not in figure
    assert len(figure.splitlines()) == len(plain[2].splitlines())
    assert size(figure) == size(plain[2])


@pytest.mark.slow
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path, plain):
    save_noisy(tmp_path / "n.png", size=16)
    os.mkfifo(tmp_path / "matplotlibrc")
    code, said, figure = plotted(tmp_path)
    assert (code, said, size(figure)) == (0, "", size(plain[2]))


@pytest.mark.slow
def test_variables_name_none(tmp_path, plain):
    save_noisy(tmp_path / "n.png", size=16)
    (tmp_path / "rc").mkdir()
    (tmp_path / "rc" / "matplotlibrc").write_bytes(SET)
    more = {"MPLBACKEND": "nonsense", "MATPLOTLIBRC": "rc", "MPLCONFIGDIR": str(tmp_path / "rc")}
    code, said, figure = plotted(tmp_path, **more)
    assert (code, said, size(figure)) == (0, "", size(plain[2]))
    assert b"#ff0000" not in figure


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "compare"])
def test_no_command_minds_a_backend(tmp_path, command):
    save_noisy(tmp_path / "n.png", size=16)
    words = [command, "n.png", "--coupling", "0.4"]
    words += ["--plot", "f.svg"] if command == "compare" else []
    code, said, figure = plotted(tmp_path, *words, MPLBACKEND="nonsense")
    assert (code, said, bool(figure)) == (0, "", command == "compare")


@pytest.mark.process
@pytest.mark.slow
def test_nothing_else_is_changed(tmp_path):
    """The current folder and the variables are as they were; who loaded matplotlib keeps his."""
    code = (
        "import os, sys; from isingdenoise.plotting import load_unswayed\n"
        "load_unswayed(); import matplotlib\n"
        "print(os.getcwd(), os.environ['MPLBACKEND'], matplotlib.rcParams['font.size'])"
    )
    (tmp_path / "matplotlibrc").write_bytes(SET)
    done = launch(program=(sys.executable, "-c", code), cwd=tmp_path, env={"MPLBACKEND": "agg"})
    assert done.stdout.split() == [os.path.realpath(tmp_path), "agg", "10.0"], done.stderr
    import matplotlib

    with matplotlib.rc_context({"font.size": 33}):
        plotting.load_unswayed()
        assert matplotlib.rcParams["font.size"] == 33
