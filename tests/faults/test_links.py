"""Links: in the tree that is read, round in circles, and planted where results go."""

import json
import os
from pathlib import Path

import pytest
from command_line import error_line, invoke, save_noisy, succeed
from faulty import (
    EXISTS,
    QUICK,
    SOME_FAILED,
    UNREADABLE,
    UNWRITABLE,
    in_time,
    pictures,
    refused,
    state,
)

from isingdenoise.batch import JOURNAL_NAME, LOCK_NAME


@pytest.fixture
def tree(tmp_path):
    """Return a folder with two pictures, and links to everything that there is."""
    source = tmp_path / "in"
    outside = save_noisy(tmp_path / "outside" / "secret.png", seed=7)
    save_noisy(source / "a.png", seed=1)
    save_noisy(source / "sub" / "b.png", seed=2)
    (source / "out.png").symlink_to(outside)
    (source / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    (source / "itself.png").symlink_to("itself.png")
    (source / "ping.png").symlink_to("pong.png")
    (source / "pong.png").symlink_to("ping.png")
    (source / "twin.png").symlink_to("a.png")
    (source / "null.png").symlink_to("/dev/null")
    (source / "folder").symlink_to(outside.parent)
    (source / "sub" / "up").symlink_to(source)
    (source / "sub" / "here").symlink_to(".")
    (source / "slash").symlink_to("/")
    return source


@pytest.mark.parametrize("recursive", [False, True])
def test_links_in_the_input_tree_are_counted_and_not_followed(tree, tmp_path, recursive):
    before, out = state(tmp_path), tmp_path / "results"
    options = ["-r"] if recursive else []
    with in_time():
        done = succeed("batch", *options, tree, out, *QUICK, "--json")
    told = json.loads(done.stdout)
    links = 11 if recursive else 7  # folders count where they would be visited
    assert told["links"] == links
    names = [row["input"] for row in told["pictures"]]
    assert names == [str(tree / "a.png")] + [str(tree / "sub" / "b.png")] * recursive
    done = succeed("batch", *options, tree, out, *QUICK)
    assert f"{links} links passed over" in done.stdout
    assert {k: v for k, v in state(tmp_path).items() if not k.startswith(str(out))} == before
    assert not any(path.is_symlink() for path in out.rglob("*"))


def test_a_loop_as_input(tree):
    for name in ("itself.png", "ping.png"):
        line = refused(UNREADABLE, tree, "run", tree / name)
        assert "Too many levels of symbolic links" in line
    assert "slash" not in refused(UNREADABLE, tree, "batch", tree / "itself.png", tree / "out")


def test_a_link_to_a_picture_is_read(tree, tmp_path):
    """One that the user names is meant; the result lies beside the link."""
    succeed("run", tree / "out.png", *QUICK)
    assert (tree / "out.denoised.png").is_file()
    assert [p.name for p in (tmp_path / "outside").iterdir()] == ["secret.png"]


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("to", ["a file", "nothing", "itself", "the input"])
def test_links_in_the_place_of_results_are_not_followed(tree, tmp_path, to, force):
    out, victim = tmp_path / "results", tmp_path / "victim.png"
    out.mkdir()
    victim.write_bytes(b"precious")
    aims = {"a file": victim, "nothing": tmp_path / "new.png", "the input": tree / "a.png"}
    (out / "a.png").symlink_to(aims.get(to, "a.png"))
    before = state(tmp_path)
    done = invoke("batch", tree, out, *QUICK, *force)
    assert done.code in (EXISTS, UNWRITABLE, SOME_FAILED)
    assert str(out / "a.png") in done.stderr
    assert len(done.stderr.splitlines()) == 1
    now = state(tmp_path)
    assert {name: now[name] for name in before} == before
    assert {Path(name).name for name in now.keys() - before.keys()} <= {JOURNAL_NAME}


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_link_in_the_place_of_a_folder_is_no_way_out(tree, tmp_path, force):
    out, elsewhere = tmp_path / "results", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "sub").symlink_to(elsewhere)
    line = refused(UNWRITABLE, tmp_path, "batch", "-r", tree, out, *QUICK, *force)
    assert str(out / "sub") in line


@pytest.mark.parametrize("name", [JOURNAL_NAME, LOCK_NAME])
@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder"])
def test_planted_in_the_place_of_the_batch_s_own_files(tree, tmp_path, name, kind):
    out, victim = tmp_path / "results", tmp_path / "victim"
    out.mkdir()
    victim.write_bytes(b"precious")
    {
        "link": lambda path: path.symlink_to(victim),
        "dangling link": lambda path: path.symlink_to(tmp_path / "new"),
        "pipe": os.mkfifo,
        "folder": lambda path: path.mkdir(),
    }[kind](out / name)
    before = state(tmp_path)
    with in_time():
        line = error_line(invoke("batch", tree, out, *QUICK), UNWRITABLE)
    assert str(out / name) in line
    assert state(tmp_path) == before


def test_a_link_that_appears_while_it_runs(tree, tmp_path, monkeypatch):
    """Planted after the plan was made: what is written never goes through it."""
    from isingdenoise import batch

    out, victim = tmp_path / "results", tmp_path / "victim.png"
    victim.write_bytes(b"precious")
    planned = batch.plan

    def then_planted(*args, **options):
        jobs = planned(*args, **options)
        out.mkdir()
        (out / "a.png").symlink_to(victim)
        return jobs

    monkeypatch.setattr(batch, "plan", then_planted)
    done = invoke("batch", tree, out, *QUICK, "--force")
    assert done.code == SOME_FAILED
    assert f"{out / 'a.png'}: is a symbolic link" in done.stderr
    assert victim.read_bytes() == b"precious"
    assert list(pictures(out)) == ["a.png"]
