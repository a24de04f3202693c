"""What is published: the wheel, which runs out of reach of the checkout, and what goes with it."""

import json
import re
import shutil
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from command_line import launch

import isingdenoise

ROOT = Path(__file__).resolve().parents[2]
# Left out of the copy: what git ignores, and what would only make it slow.
NOT_COPIED = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "build", "dist", "demo_output", "node_modules"
)
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy of the tree, without a network; return its path."""
    base = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, base / "tree", ignore=NOT_COPIED)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", base / "out"]
    done = launch("wheel", base / "tree", *options, program=PIP, cwd=base)
    assert done.code == 0, done.stdout + done.stderr
    (path,) = (base / "out").iterdir()
    return path


@pytest.fixture(scope="module")
def archive(wheel, tmp_path_factory):
    """Build the source distribution from the same copy; return its path."""
    out = tmp_path_factory.mktemp("sdist")
    code = "import sys; sys.path.insert(0, 'scripts'); import build_backend as b\n"
    code += "b.build_sdist(sys.argv[1])"
    tree = wheel.parent.parent / "tree"
    done = launch(out, program=(sys.executable, "-c", code), cwd=tree)
    assert done.code == 0, done.stdout + done.stderr
    (path,) = out.iterdir()
    return path


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel, names):
    (name,) = (n for n in names if n.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Install the wheel into a folder of its own; return the folder."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--target", folder, wheel]
    done = launch("install", *options, program=PIP, cwd=folder)
    assert done.code == 0, done.stdout + done.stderr
    return folder


def test_the_copy_held_what_must_not_be_in_the_wheel(wheel):
    tree = wheel.parent.parent / "tree"
    assert {"tests", "sample_images", "scripts", "cli"} <= {p.name for p in tree.iterdir()}


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel, names):
    version = isingdenoise.__version__
    assert wheel.name == f"isingdenoise-{version}-py3-none-any.whl"
    assert {name.partition("/")[0] for name in names} == {
        "isingdenoise",
        "isingdenoise_cli",
        f"isingdenoise-{version}.dist-info",
    }
    inside = {n for n in names if ".dist-info/" not in n}
    kinds = {".css", ".j2", ".js", ".npz", ".py", ".typed", ".yaml"}
    assert {Path(name).suffix for name in inside} == kinds


def test_every_module_and_the_typing_marks_are_in_the_wheel(wheel, names):
    tree = wheel.parent.parent / "tree"
    for base, package in ((tree, "isingdenoise"), (tree / "cli", "isingdenoise_cli")):
        kinds = ("*.py", "prior/weights/*.npz", "html/templates/*", "plugins/*.yaml")
        modules = {str(p.relative_to(base)) for k in kinds for p in (base / package).rglob(k)}
        assert modules
        assert {n for n in names if n.startswith(f"{package}/")} == {
            *modules,
            f"{package}/py.typed",
        }


def test_the_metadata_names_version_command_and_what_is_needed(wheel, names, metadata):
    assert metadata["Name"] == "isingdenoise"
    assert metadata["Version"] == isingdenoise.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    needed = {r for r in metadata.get_all("Requires-Dist") if "extra ==" not in r}
    bare = {requirement.split(">")[0].strip() for requirement in needed}
    assert {"numpy", "numba", "scikit-image", "click"} <= bare
    assert not bare & {"pytest", "hypothesis", "scipy", "ruff", "mypy", "setuptools", "wheel"}
    (name,) = (n for n in names if n.endswith("/entry_points.txt"))
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read(name).decode().split("\n")
    assert [line for line in lines if line] == [
        "[console_scripts]",
        "isingdenoise = isingdenoise_cli.main:cli",
        "[napari.manifest]",
        "isingdenoise = isingdenoise.plugins:napari.yaml",
        "[ocrmypdf]",
        "isingdenoise = isingdenoise.plugins.ocrmypdf",
    ]


def test_the_source_distribution_holds_all_that_the_tree_does(wheel, archive):
    tree = wheel.parent.parent / "tree"
    made = {"build", "isingdenoise.egg-info"}  # by setuptools
    there = {
        str(path.relative_to(tree))
        for path in tree.rglob("*")
        if path.is_file() and path.relative_to(tree).parts[0] not in made
        and "egg-info" not in str(path)
    }  # fmt: skip
    top = f"isingdenoise-{isingdenoise.__version__}"
    with tarfile.open(archive) as packed:
        inside = {name.removeprefix(f"{top}/") for name in packed.getnames()}
    assert archive.name == f"{top}.tar.gz"
    assert there - inside == set()
    assert {"docs/CITATION.cff", "scripts/manifest.in", "tests/conftest.py"} <= inside
    assert not {name for name in inside if "__pycache__" in name or name.endswith(".pyc")}


@pytest.mark.slow
def test_the_wheel_of_the_source_distribution_is_the_same(archive, names, tmp_path):
    options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", tmp_path]
    done = launch("wheel", archive, *options, program=PIP, cwd=tmp_path)
    assert done.code == 0, done.stdout + done.stderr
    (again,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(again) as opened:
        assert set(opened.namelist()) == names


def test_who_made_it_and_where_it_runs_is_told(metadata):
    assert metadata["Author"] == "isingdenoise developers"
    assert len(metadata["Keywords"].split(",")) > 5
    told = metadata.get_all("Classifier")
    assert len(told) == len(set(told))
    for system in ("MacOS", "Microsoft :: Windows", "POSIX :: Linux"):
        assert f"Operating System :: {system}" in told
    for minor in (11, 12, 13, 14):
        assert f"Programming Language :: Python :: 3.{minor}" in told
    known = pytest.importorskip("trove_classifiers").classifiers
    assert set(told) <= known


def test_the_citation_is_of_this_version():
    text = (ROOT / "docs" / "CITATION.cff").read_text(encoding="utf-8")
    (version,) = re.findall(r"^version: (\S+)$", text, re.MULTILINE)
    assert version == isingdenoise.__version__
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for author in about["authors"]:
        assert f"  - name: {author['name']}\n" in text
    for key in ("cff-version", "message", "title", "type"):
        assert re.search(rf"^{key}: \S", text, re.MULTILINE)


@pytest.mark.slow
def test_every_command_has_a_manual_page_with_all_its_options(tmp_path):
    import click
    from isingdenoise_cli.main import COMMANDS, cli

    script = (sys.executable, ROOT / "scripts" / "make_man.py")
    done = launch(tmp_path, program=tuple(map(str, script)))
    assert done.code == 0, done.stderr
    pages = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert set(pages) == {
        "isingdenoise",
        *(f"isingdenoise-{n.replace(' ', '-')}" for n in COMMANDS),
    }
    for name in COMMANDS:
        text = pages[f"isingdenoise-{name.replace(' ', '-')}"].replace("\\-", "-")
        for option in cli.get_command(click.Context(cli), name).params:
            if isinstance(option, click.Option):
                assert re.search(rf"^\.B .*{re.escape(option.opts[-1])}\b", text, re.MULTILINE)
    groff = shutil.which("groff")
    if groff is None:
        return
    for path in tmp_path.iterdir():
        done = launch("-man", "-Tutf8", "-ww", "-z", path, program=(groff,))
        assert (done.code, done.stderr) == (0, "")


def run_installed(folder, *args, program=None):
    """Run the installed script (or another program) with the wheel's packages in front."""
    script = (sys.executable, "-W", "error", folder / "bin" / "isingdenoise")
    environment = {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
    done = launch(
        *args, program=tuple(map(str, program or script)), cwd=folder.parent, env=environment
    )
    assert done.code == 0, done.stderr
    return done


def test_the_installed_packages_are_those_of_the_wheel(installed):
    code = "import json, isingdenoise.api as a, isingdenoise_cli.main as m;"
    code += "print(json.dumps([a.__file__, m.__file__]))"
    done = run_installed(installed, program=(sys.executable, "-c", code))
    for file in json.loads(done.stdout):
        assert Path(file).is_relative_to(installed)


@pytest.mark.slow
def test_the_installed_command_answers(installed):
    version = run_installed(installed, "--version").stdout
    assert version == f"isingdenoise {isingdenoise.__version__}\n"
    text = run_installed(installed, "--help").stdout
    assert text.startswith("Usage: isingdenoise [OPTIONS] COMMAND [ARGS]...\n")
    assert "\n  batch " in text
    for command in ("run", "engines"):
        assert "Usage: " in run_installed(installed, command, "--help").stdout
    assert "mf" in run_installed(installed, "engines").stdout
