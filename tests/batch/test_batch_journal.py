"""`isingdenoise.batch.Journal`: what is known of a folder of results, and whose they are."""

import json
import os
import shutil

import pytest
from command_line import save_noisy, snapshot

from isingdenoise import (
    ICM,
    FlipNoise,
    MeanField,
    OverwriteError,
    ParameterError,
    ReadError,
    WriteError,
    denoise,
)
from isingdenoise.batch import (
    JOURNAL_NAME,
    CleanOptions,
    Entry,
    FileJob,
    Journal,
    State,
    denoise_many,
    file_sha256,
    plan,
)

SETTINGS = {"seed": 0}


@pytest.fixture
def folder(tmp_path):
    save_noisy(tmp_path / "in" / "a.png", seed=1)
    save_noisy(tmp_path / "in" / "b.png", seed=2)
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def work(folder, out, settings=SETTINGS, **options):
    """Plan and do a folder; return outcomes."""
    journal = Journal(out, settings)
    jobs = plan(folder, out, journal=journal, overwrite=options.get("overwrite", False))
    return list(denoise_many(jobs, CleanOptions(seed=0), journal=journal, **options))


def states(folder, out, settings=SETTINGS):
    journal = Journal(out, settings)
    return [journal.state(job) for job in plan(folder, out, journal=journal)]


def lines(out):
    return (out / JOURNAL_NAME).read_bytes().splitlines(keepends=True)


@pytest.mark.slow
def test_a_line_tells_input_settings_output_and_result(folder, out):
    outcomes = work(folder, out)
    records = [json.loads(line) for line in lines(out)]
    assert [outcome.entry for outcome in outcomes] == [Entry(**record) for record in records]
    for record, name in zip(records, ("a.png", "b.png"), strict=True):
        assert (record["input"], record["output"]) == (f"../in/{name}", name)
        assert record["input_sha256"] == file_sha256(folder / name)
        assert record["output_sha256"] == file_sha256(out / name)
        assert (record["settings"], record["error"]) == (SETTINGS, None)
        result = record["result"]
        assert 0 < result["changed"] < 0.5
        assert result["changed_to_white"] + result["changed_to_black"] == round(
            result["changed"] * 32 * 32
        )
        assert 0 < result["uncertainty"] < 0.5
        assert result["seconds"] > 0
        assert result["noise"]["name"] == "gaussian"


@pytest.mark.slow
def test_what_is_up_to_date_is_left_alone_and_told_as_it_was(folder, out):
    first = work(folder, out)
    before = snapshot(out)
    times = [(out / name).stat().st_mtime_ns for name in before]
    second = work(folder, out)
    assert all(outcome.skipped for outcome in second)
    assert not any(outcome.skipped for outcome in first)
    assert [outcome.entry for outcome in second] == [outcome.entry for outcome in first]
    assert snapshot(out) == before
    assert [(out / name).stat().st_mtime_ns for name in before] == times


@pytest.mark.slow
def test_changed_inputs_settings_and_lost_outputs_are_done_again(folder, out):
    assert states(folder, out) == [State.DO, State.DO]
    work(folder, out)
    assert states(folder, out) == [State.SKIP, State.SKIP]
    assert states(folder, out, {"seed": 1}) == [State.REDO, State.REDO]
    old = (out / "a.png").read_bytes()
    save_noisy(folder / "a.png", seed=9, sigma=60)
    assert states(folder, out) == [State.REDO, State.SKIP]
    (out / "b.png").unlink()
    assert states(folder, out) == [State.REDO, State.DO]
    assert [outcome.error for outcome in work(folder, out)] == [None, None]
    assert (out / "a.png").read_bytes() != old
    assert states(folder, out) == [State.SKIP, State.SKIP]


@pytest.mark.slow
def test_a_touched_input_with_the_same_bytes_is_up_to_date(folder, out):
    work(folder, out)
    os.utime(folder / "a.png", (1, 1))
    assert states(folder, out) == [State.SKIP, State.SKIP]


@pytest.mark.slow
def test_a_file_the_journal_does_not_know_is_refused(folder, out):
    work(folder, out)
    save_noisy(folder / "c.png")
    (out / "c.png").write_bytes(b"precious")
    with pytest.raises(OverwriteError, match=r"c\.png: exists and is not in the journal"):
        work(folder, out)
    assert (out / "c.png").read_bytes() == b"precious"


@pytest.mark.slow
def test_an_output_that_somebody_changed_is_refused(folder, out):
    work(folder, out)
    (out / "b.png").write_bytes(b"retouched by hand")
    with pytest.raises(OverwriteError, match=r"b\.png: was changed since it was made"):
        work(folder, out)
    assert (out / "b.png").read_bytes() == b"retouched by hand"
    assert all(outcome.result for outcome in work(folder, out, overwrite=True))


@pytest.mark.slow
def test_another_folder_of_the_same_names_does_not_replace_the_first(folder, out, tmp_path):
    work(folder, out)
    save_noisy(tmp_path / "other" / "a.png", seed=5)
    with pytest.raises(OverwriteError, match=r"another picture \(\.\./in/a\.png\)"):
        work(tmp_path / "other", out)
    # Not even where the plan was made without the journal.
    journal = Journal(out, SETTINGS)
    before = (out / "a.png").read_bytes()
    job = FileJob(tmp_path / "other" / "a.png", out / "a.png")
    (outcome,) = denoise_many([job], journal=journal)
    assert isinstance(outcome.error, OverwriteError)
    assert (out / "a.png").read_bytes() == before
    assert states(folder, out) == [State.SKIP, State.SKIP]


@pytest.mark.slow
def test_both_folders_may_move_together(folder, out, tmp_path):
    work(folder, out)
    (tmp_path / "new").mkdir()
    folder.rename(tmp_path / "new" / "in")
    out.rename(tmp_path / "new" / "out")
    assert states(tmp_path / "new" / "in", tmp_path / "new" / "out") == [State.SKIP, State.SKIP]


def test_a_failure_is_noted_and_tried_again(folder, out):
    (folder / "a.png").write_text("no picture")
    first, _ = work(folder, out)
    assert isinstance(first.error, ReadError)
    entry = json.loads(lines(out)[0])
    assert (entry["error"], entry["result"]) == (str(first.error), None)
    assert entry["input_sha256"] == file_sha256(folder / "a.png")
    again, second = work(folder, out)
    assert isinstance(again.error, ReadError)
    assert second.skipped


@pytest.mark.slow
@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_torn_last_line_is_ignored_and_lines_stay_whole(folder, out, cut):
    work(folder, out)
    whole = lines(out)
    (out / JOURNAL_NAME).write_bytes((whole[0] + whole[1])[:-cut])
    (out / "b.png").unlink()
    assert states(folder, out) == [State.SKIP, State.DO]
    work(folder, out)
    assert states(folder, out) == [State.SKIP, State.SKIP]
    assert json.loads(lines(out)[-1])["output"] == "b.png"


@pytest.mark.slow
def test_lines_that_are_none_of_ours_are_passed_over(folder, out):
    work(folder, out)
    with (out / JOURNAL_NAME).open("ab") as stream:
        stream.write(b'\xff\xfe\n[]\n{}\nnull\n7\n{"input": 3}\n\n')
    assert states(folder, out) == [State.SKIP, State.SKIP]


@pytest.mark.slow
def test_cut_off_between_line_and_picture_it_goes_on(folder, out):
    """The line comes first: the next run finds it, and old, new or no picture."""
    work(folder, out)
    expected, old = snapshot(out), (out / "a.png").read_bytes()
    (out / "a.png").unlink()  # a first run, cut off before the picture
    assert states(folder, out)[0] == State.DO
    work(folder, out)
    assert (out / "a.png").read_bytes() == expected["a.png"]
    save_noisy(folder / "a.png", seed=9, sigma=60)
    work(folder, out)  # a second run, cut off so that the old picture is still there
    (out / "a.png").write_bytes(old)
    assert states(folder, out)[0] == State.REDO
    work(folder, out)
    assert (out / "a.png").read_bytes() != old


@pytest.mark.slow
def test_names_that_are_no_text_keep_their_bytes(folder, out):
    name = os.fsdecode(b"a\xff\n.png")
    try:
        shutil.copy(folder / "a.png", folder / name)
    except OSError:
        pytest.skip("this file system wants names in UTF-8")
    work(folder, out)
    assert all(line.isascii() for line in lines(out))
    assert set(states(folder, out)) == {State.SKIP}


def test_something_else_in_the_place_of_the_journal_is_refused(folder, out, tmp_path):
    out.mkdir()
    (tmp_path / "victim").write_bytes(b"")
    (out / JOURNAL_NAME).symlink_to(tmp_path / "victim")
    with pytest.raises(WriteError, match="journal"):
        work(folder, out)
    assert (tmp_path / "victim").read_bytes() == b""
    (out / JOURNAL_NAME).unlink()
    os.mkfifo(out / JOURNAL_NAME)  # opened carelessly, this would wait for ever
    with pytest.raises(WriteError, match="journal"):
        work(folder, out)
    (out / JOURNAL_NAME).unlink()
    (out / JOURNAL_NAME).mkdir()
    with pytest.raises(WriteError, match="journal"):
        work(folder, out)


@pytest.mark.slow
def test_an_input_that_changes_while_it_is_read_is_an_error(folder, out, monkeypatch):
    """The first picture is written to while it is being worked on."""
    journal = Journal(out, SETTINGS)
    first, second = plan(folder, out, journal=journal)

    def change(x, *args, **options):
        save_noisy(first.source, size=40)
        return denoise(x, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr("isingdenoise.pipeline.options.denoise", change)
        (changed,) = denoise_many([first], journal=journal)
    (fine,) = denoise_many([second], journal=journal)
    assert isinstance(changed.error, ReadError)
    assert "changed while it was read" in str(changed.error)
    assert fine.error is None
    assert not first.target.exists()
    assert states(folder, out) == [State.DO, State.SKIP]


def fingerprint(**options):
    return CleanOptions(**options).fingerprint()


def test_settings_hold_what_decides_and_nothing_else():
    base = fingerprint(noise="auto", engine=MeanField(), seed=0)
    json.dumps(base)
    same = fingerprint(noise="auto", engine=MeanField(parallel=False), seed=0)
    assert same == base
    for other in (
        fingerprint(noise="flip", engine=MeanField(), seed=0),
        fingerprint(noise=FlipNoise(0.1), seed=0),
        fingerprint(noise="auto", engine=MeanField(tol=1e-2), seed=0),
        fingerprint(noise="auto", engine=ICM(), seed=0),
        fingerprint(noise="auto", engine=MeanField(), seed=1),
        fingerprint(noise="auto", engine=MeanField(), seed=0, max_change=0.1),
        fingerprint(noise="auto", engine=MeanField(), seed=0, background="auto"),
        fingerprint(noise="auto", engine=MeanField(), seed=0, frame=0),
        fingerprint(noise="auto", engine=MeanField(), seed=0, compression="none"),
    ):
        assert other != base


@pytest.mark.slow
def test_a_run_without_a_journal_leaves_none(folder, out):
    list(denoise_many(plan(folder, out)))
    assert sorted(p.name for p in out.iterdir()) == ["a.png", "b.png"]
    with pytest.raises(ParameterError):
        plan(folder, folder)
