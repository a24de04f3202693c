"""`isingdenoise batch` before it works: what is told, and what is refused."""

import json
import sys

import pytest
from command_line import error_line, invoke, launch, one_line, save_noisy, snapshot, succeed

from isingdenoise import ParameterError, WriteError
from isingdenoise.batch import plan, planning


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b.tif", "sub/c.png"):
        save_noisy(tmp_path / "in" / name)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.slow
def test_a_dry_run_tells_and_does_nothing(folder, out):
    before = snapshot(folder.parent)
    done = succeed("batch", "-r", folder, out, "--dry-run")
    assert done.stdout.splitlines() == [
        f"do    {folder / source} -> {out / target}"
        for source, target in (("a.png", "a.png"), ("b.tif", "b.tif"), ("sub/c.png", "sub/c.png"))
    ]
    assert snapshot(folder.parent) == before
    succeed("batch", "-r", folder, out)
    save_noisy(folder / "a.png", seed=3)
    (out / "sub" / "c.png").unlink()
    before = snapshot(folder.parent)
    told = json.loads(succeed("batch", "-r", folder, out, "--dry-run", "--json").stdout)
    assert [row["action"] for row in told["pictures"]] == ["redo", "skip", "do"]
    assert told["links"] == 0
    forced = json.loads(
        succeed("batch", "-r", folder, out, "--dry-run", "--json", "--force").stdout
    )
    assert [row["action"] for row in forced["pictures"]] == ["redo", "redo", "do"]
    assert snapshot(folder.parent) == before


def test_a_dry_run_refuses_what_the_run_would(folder, out):
    out.mkdir()
    (out / "b.tif").write_bytes(b"precious")
    done = invoke("batch", folder, out, "--dry-run")
    assert done.code == 4
    assert done.stdout.splitlines() == [
        f"do      {folder / 'a.png'} -> {out / 'a.png'}",
        f"refuse  {folder / 'b.tif'} -> {out / 'b.tif'}",
    ]
    assert one_line(done) == error_line(invoke("batch", folder, out), 4)
    assert f"{out / 'b.tif'}: exists and is not in the journal; use --force" in one_line(done)
    assert "more" not in one_line(done)
    succeed("batch", folder, out, "--dry-run", "--force")


@pytest.mark.slow
def test_all_that_is_refused_is_counted_and_listed_by_a_dry_run(folder, out):
    succeed("batch", "-r", folder, out)
    names = ["a.png", "b.tif", "sub/c.png"]
    for name in names[1:]:
        with (out / name).open("ab") as stream:
            stream.write(b"retouched")
    (out / "a.png").unlink()
    before = snapshot(folder.parent)
    line = error_line(invoke("batch", "-r", folder, out), 4)
    assert line.endswith("to replace it (and 1 more; --dry-run lists them)")
    assert f"{out / 'b.tif'}: was changed since it was made" in line
    done = invoke("batch", "-r", folder, out, "--dry-run", "--json")
    rows = json.loads(done.stdout)["pictures"]
    assert [row["action"] for row in rows] == ["do", "refuse", "refuse"]
    assert [row["error"] and "was changed" in row["error"] for row in rows] == [None, True, True]
    assert (done.code, one_line(done)) == (4, line)
    assert snapshot(folder.parent) == before


@pytest.mark.process
@pytest.mark.slow
def test_a_dry_run_imports_nothing_slow(folder, out):
    code = (
        "import sys\n"
        "from isingdenoise_cli.main import cli\n"
        "cli(sys.argv[1:], standalone_mode=False)\n"
        "slow = {'numba', 'llvmlite', 'matplotlib', 'skimage', 'scipy', 'PIL'} & set(sys.modules)\n"
        "sys.exit(' '.join(slow) or 0)\n"
    )
    done = launch("batch", folder, out, "--dry-run", program=(sys.executable, "-c", code))
    assert (done.code, done.stderr) == (0, "")


def test_names_that_differ_in_case_are_two_names_unless_the_file_system_folds(
    folder, out, monkeypatch
):
    save_noisy(folder / "A.jpg")
    if len(list(folder.glob("*.*"))) < 3:
        pytest.skip("this file system folds the case of names")
    assert len(plan(folder, out)) == 3
    monkeypatch.setattr(planning, "folds_case", lambda _: True)
    with pytest.raises(ParameterError, match=r"A\.jpg and .*a\.png would both become"):
        plan(folder, out)


def test_folding_is_seen_by_a_name_in_the_other_case(tmp_path):
    assert not planning.folds_case(tmp_path / "new")
    # What a folding file system does with every name, a link does with this one.
    (tmp_path / "real").mkdir()
    (tmp_path / "REAL").symlink_to("real")
    assert planning.folds_case(tmp_path / "real" / "new")


def test_a_link_planted_in_the_output_folder_is_no_way_out(folder, out, tmp_path):
    (tmp_path / "outside").mkdir()
    out.mkdir()
    (out / "sub").symlink_to(tmp_path / "outside")
    with pytest.raises(WriteError):
        plan(folder, out, recursive=True)
    for force in ([], ["--force"]):
        line = error_line(invoke("batch", "-r", folder, out, *force), 5)
        assert str(out / "sub") in line
    assert list((tmp_path / "outside").iterdir()) == []
    assert [path.name for path in out.iterdir()] == ["sub"]


@pytest.mark.slow
def test_an_output_folder_that_is_a_link_is_what_the_user_named(folder, out, tmp_path):
    (tmp_path / "real").mkdir()
    out.symlink_to("real")
    succeed("batch", folder, out)
    assert (tmp_path / "real" / "a.png").exists()
    assert "2 up to date" in succeed("batch", folder, tmp_path / "real").stdout


def test_a_result_never_takes_the_place_of_an_input(tmp_path):
    source = tmp_path / "in"
    save_noisy(source / "a.png")
    save_noisy(source / "in" / "a.png")
    before = snapshot(tmp_path)
    for force in ([], ["--force"]):
        assert "is itself an input" in error_line(
            invoke("batch", "-r", source, tmp_path, *force), 2
        )
    assert snapshot(tmp_path) == before
