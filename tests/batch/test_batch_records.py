"""Settings, figures, ranks and hashes of a batch: each part alone, against plain sums."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isingdenoise import (
    ICM,
    Coupling,
    FlipNoise,
    GaussianNoise,
    MeanField,
    OverwriteError,
    ParameterError,
    ReadError,
    denoise,
)
from isingdenoise.batch import (
    CleanOptions,
    Entry,
    FileJob,
    Journal,
    Outcome,
    check_report,
    file_sha256,
    hashing,
    report_row,
    write_report,
)
from isingdenoise.batch.cleaning import Notes
from isingdenoise.batch.lines import encoded, parsed
from isingdenoise.batch.places import Places, Root
from isingdenoise.inference import Advice
from isingdenoise.pipeline import summary

SETTINGS = {"seed": 0}
LINE = Entry("../in/a.png", "0" * 64, SETTINGS, "a.png", "1" * 64, {"changed": 0.5})


@pytest.fixture(scope="module")
def result():
    noisy = np.random.default_rng(0).random((6, 7)) < 0.4
    return denoise(noisy, FlipNoise(0.2), coupling=0.3)


def page(pixels, **other):
    plain = {
        "pixels": pixels,
        "changed_to_white": 1,
        "changed_to_black": 2,
        "changed": 0.25,
        "uncertainty": 0.1,
        "status": "converged",
        "noise": {"name": "flip"},
        "coupling": {"horizontal": 1.0},
    }
    return {**plain, **other}


def test_settings_are_plain_and_tell_apart_what_decides():
    told = CleanOptions(noise=FlipNoise(0.25), coupling=Coupling.nearest(0.5)).fingerprint()
    assert json.loads(json.dumps(told)) == json.loads(json.dumps(told, allow_nan=False))
    assert told["noise"]["name"] == "flip"
    assert told["noise"]["probability"] == 0.25
    assert told["coupling"]["horizontal"] == 0.5
    assert told["engine"]["name"] == "mf"
    assert "parallel" not in told["engine"]  # decides nothing
    assert set(told["engine"]) - {"name"} < set(MeanField.__dataclass_fields__)
    others = [
        {"noise": "flip"},
        {"noise": "flip", "engine": ICM()},
        {"noise": "flip", "coupling": Coupling.nearest(0.5)},
        *(
            {"noise": "flip", name: value}
            for name, value in (
                *(("max_change", 0.5), ("seed", 0), ("background", "auto"), ("frame", 0)),
                ("compression", "group4"),
            )
        ),
    ]
    told = [CleanOptions(**one).fingerprint() for one in others]
    assert len({json.dumps(one) for one in told}) == len(told)
    assert told[0]["noise"] == "flip"
    assert told[0]["coupling"] == "auto"


def test_what_decides_nothing_is_no_setting(tmp_path):
    """The same results are up to date whatever the limits on reading are."""
    base = CleanOptions().fingerprint()
    for one in ({"max_pixels": 10}, {"max_pages": 3}, {"timeout": 5.0}):
        assert CleanOptions(**one).fingerprint() == base


def test_masks_count_by_what_they_hold(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"one")
    first = CleanOptions(mask=tmp_path / "a").fingerprint()
    assert first == CleanOptions(mask=tmp_path / "b").fingerprint()
    assert first != CleanOptions(protect=tmp_path / "b").fingerprint()
    (tmp_path / "a").write_bytes(b"two")
    assert first != CleanOptions(mask=tmp_path / "a").fingerprint()


def test_figures_are_sums_over_the_pixels(result):
    found = summary.figures(result)
    p = result.probability.astype(np.float64)
    assert found["pixels"] == 42
    assert (found["changed_to_white"], found["changed_to_black"]) == result.changes
    assert found["changed"] == result.changed
    assert found["uncertainty"] == pytest.approx(np.mean(np.where(p < 0.5, p, 1 - p)), rel=1e-6)
    assert found["status"] == result.solution.status.value
    assert found["noise"]["probability"] == 0.2
    blind = replace(result, solution=replace(result.solution, mean=None))
    assert summary.figures(blind)["uncertainty"] is None


def test_what_json_lacks_is_none(result):
    odd = {
        "name": "x",
        "levels": (np.float32(0.5), np.inf),
        "n": np.int64(3),
        "deep": [{"a": np.nan}],
    }
    settings = {**result.settings, "noise": odd}
    found = summary.figures(replace(result, settings=settings))["noise"]
    assert found == {"name": "x", "levels": [0.5, None], "n": 3, "deep": [{"a": None}]}
    assert type(found["n"]) is int
    assert json.dumps(found, allow_nan=False)


def test_pages_are_added_up_by_their_pixels():
    one, two = page(100), page(300, changed=0.5, uncertainty=0.2, changed_to_black=5)
    assert summary.combined([one]) == {"pages": 1, **one}
    both = summary.combined([one, two])
    assert (both["pages"], both["pixels"]) == (2, 400)
    assert (both["changed_to_white"], both["changed_to_black"]) == (2, 7)
    assert both["changed"] == pytest.approx((100 * 0.25 + 300 * 0.5) / 400)
    assert both["uncertainty"] == pytest.approx((100 * 0.1 + 300 * 0.2) / 400)
    assert both["status"] == "converged"
    assert both["noise"] == [one["noise"], two["noise"]]
    assert both["coupling"] == [one["coupling"], two["coupling"]]
    cut = page(1, status="max_sweeps", uncertainty=None)
    for pages in ([one, cut], [cut, one]):
        found = summary.combined(pages)
        assert found["status"] == "max_sweeps"  # the worst
        assert found["uncertainty"] is None


@pytest.mark.parametrize(
    "value",
    [
        {},
        page(3),
        {"pages": 1, "seconds": 0.5, "changed": None, "uncertainty": 0},
        {"warnings": []},
        {"warnings": ["x", "y"], "pixels": 7, "more": object},
    ],
)
def test_sound_figures(value):
    assert summary.are_figures(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {"warnings": "x"},
        {"warnings": ["x", 3]},
        *({name: bad} for name in ("pixels", "pages", "seconds") for bad in ("1", True, [1])),
        *({name: "1"} for name in ("changed_to_white", "changed_to_black", "changed")),
        {"uncertainty": {}},
    ],
)
def test_unsound_figures(value):
    assert not summary.are_figures(value)


def test_a_line_is_read_as_it_was_written():
    line = encoded(LINE)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert parsed(line) == LINE
    odd = replace(LINE, input="caf\udce9\n.png", probability="p.png", probability_sha256="2" * 64)
    assert encoded(odd).isascii()
    assert parsed(encoded(odd)) == odd
    assert odd.made == {"a.png": "1" * 64, "p.png": "2" * 64}
    assert LINE.made == {"a.png": "1" * 64}
    with pytest.raises(ValueError, match="JSON"):
        encoded(replace(LINE, result={"changed": float("nan")}))


def test_a_line_may_lack_what_came_later_and_have_more():
    record = json.loads(encoded(LINE))
    old = {name: record[name] for name in ("input", "input_sha256", "settings", "output")}
    assert parsed(json.dumps(old).encode()) == Entry(*old.values())
    assert parsed(json.dumps({**record, "newer": 1}).encode()) == LINE
    for name in old:
        assert parsed(json.dumps({k: v for k, v in old.items() if k != name}).encode()) is None


@pytest.mark.parametrize("name", ["probability", "probability_sha256", "error"])
def test_texts_of_a_line_are_texts(name):
    record = json.loads(encoded(replace(LINE, probability="p.png")))
    assert parsed(json.dumps({**record, name: None}).encode()) is not None
    assert parsed(json.dumps({**record, name: 3}).encode()) is None
    assert parsed(json.dumps({**record, "result": None}).encode()) is not None


def test_a_file_is_hashed_again_only_when_it_changed(tmp_path, monkeypatch):
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"one")
    hashed, calls = hashing.Hashes(Root(tmp_path)), []
    real = hashing.sha256_of
    monkeypatch.setattr(hashing, "sha256_of", lambda p, o: (calls.append(p), real(p, o))[1])
    stamp = (1_000_000_000, 1_000_000_000)
    os.utime(path, ns=stamp)
    first = hashed(path)
    assert hashed(path) == first == file_sha256(path)
    assert calls == [path]
    path.write_bytes(b"two")
    os.utime(path, ns=(2_000_000_000, 2_000_000_000))  # the same size at another time
    assert hashed(path) == file_sha256(path) != first
    other.write_bytes(b"six")
    os.utime(other, ns=(2_000_000_000, 2_000_000_000))
    other.rename(path)  # another file of the same size and time
    assert hashed(path) == file_sha256(path)
    with path.open("ab") as stream:
        stream.write(b"!")
    os.utime(path, ns=(2_000_000_000, 2_000_000_000))  # another size
    assert hashed(path) == file_sha256(path)
    assert len(calls) == 4
    path.unlink()
    with pytest.raises(ReadError, match="cannot be read"):
        hashed(path)


def test_what_is_no_file_has_no_hash(tmp_path):
    with pytest.raises(ReadError, match="no regular file"):
        file_sha256(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match="no regular file"):
        file_sha256(tmp_path / "pipe")


def outcome(tmp_path, name, changed=None, unsure=None, error=None, **more):
    job = FileJob(tmp_path / f"{name}.png", tmp_path / "out" / f"{name}.png")
    figures = None if changed is unsure is None else {"changed": changed, "uncertainty": unsure}
    entry = Entry("i", None, SETTINGS, "o", result=figures)
    return Outcome(job, ("page",), None, error, (), 0.0, entry, **more)


def test_failures_come_first_and_then_warnings_and_then_changes(tmp_path):
    """Ranks by change and doubt: a (1, 5), b (5, 1), c (2, 2), d (3, 3), e (4, 4)."""
    table = {"e": (0.1, 0.1), "d": (0.2, 0.2), "b": (0.0, 0.9), "c": (0.3, 0.3), "a": (0.9, 0.0)}
    found = [report_row(outcome(tmp_path, name, *both)) for name, both in table.items()]
    wrong = ReadError(tmp_path / "z.png", "is no picture")
    found.append(report_row(outcome(tmp_path, "z", error=wrong)))
    write_report(tmp_path / "r.json", found)
    rows = json.loads((tmp_path / "r.json").read_text())["pictures"]
    order = [(Path(r["input"]).name[0], r["rank_changed"], r["rank_uncertainty"]) for r in rows]
    assert order[0] == ("z", None, None)
    assert order[1:] == [("a", 1, 5), ("c", 2, 2), ("d", 3, 3), ("e", 4, 4), ("b", 5, 1)]
    for row in found:
        row["warnings"] = ["look"] * (Path(row["input"]).name[0] in "db")
    write_report(tmp_path / "w.json", found)
    flagged = json.loads((tmp_path / "w.json").read_text())["pictures"]
    assert "".join(Path(row["input"]).name[0] for row in flagged) == "zdbace"
    for row in found:
        row["warnings"] = []
    write_report(tmp_path / "r.csv", iter(found))  # no sequence
    with (tmp_path / "r.csv").open(newline="") as stream:
        assert [line["input"] for line in csv.DictReader(stream)] == [row["input"] for row in rows]
    write_report(tmp_path / "none.json", [])
    assert json.loads((tmp_path / "none.json").read_text())["pictures"] == []


def test_doubt_decides_between_equal_changes(tmp_path):
    table = {"sure": (0.5, 0.0), "mid": (0.5, 0.5), "calm": (0.4, 0.9), "most": (0.95, 0.1)}
    found = [report_row(outcome(tmp_path, name, *both)) for name, both in table.items()]
    write_report(tmp_path / "r.json", found)
    rows = json.loads((tmp_path / "r.json").read_text())["pictures"]
    names = [Path(row["input"]).name for row in rows]
    assert names == ["most.png", "mid.png", "sure.png", "calm.png"]


def test_a_row_tells_what_failed_and_what_is_older(tmp_path):
    good = report_row(outcome(tmp_path, "a", 0.5, 0.1))
    assert good["output"] == str(tmp_path / "out" / "a.png")
    assert (good["error"], good["stale"], good["skipped"]) == (None, False, False)
    assert good["changed"] == 0.5
    wrong = ReadError(tmp_path / "a.png", "is no picture")
    bad = report_row(outcome(tmp_path, "a", error=wrong, stale=True))
    assert bad["output"] is None
    assert bad["error"] == f"{wrong}; {tmp_path / 'out' / 'a.png'} is from an earlier run"
    assert bad["stale"]
    assert bad["changed"] is bad["pages"] is None
    said = replace(outcome(tmp_path, "a"), advice=(Advice("now"),), pages=())
    assert report_row(said)["warnings"] == ["now"]
    assert report_row(said)["skipped"]
    kept = replace(said, entry=replace(said.entry, result={"warnings": ["then"]}))
    assert report_row(kept)["warnings"] == ["then"]
    assert report_row(replace(said, entry=None))["seconds"] is None


def test_what_is_warned_of_is_kept_with_its_page():
    notes = Notes(FileJob(Path("x"), Path("y")), None, Places(None, ()))
    notes.warn(0, 3, [Advice("faint")])
    notes.warn(1, 3, [Advice("faint too", ("sweeps",)), Advice("and dark")])
    notes.warn(0, 1, [Advice("all")])
    said = ["page 1: faint", "page 2: faint too; raise sweeps", "page 2: and dark", "all"]
    assert [str(advice) for advice in notes.advice] == notes.kept() == said


def test_a_model_of_another_kind_is_described_by_its_parameters():
    told = CleanOptions(noise=GaussianNoise(2.0, (10.0, 20.0)), engine=ICM()).fingerprint()
    assert told["noise"]["sigma"] == 2.0
    assert list(told["noise"]["levels"]) == [10.0, 20.0]


@pytest.mark.parametrize("name", ["r.json", "r.CSV"])
def test_a_report_replaces_reports_and_no_other_file(tmp_path, name):
    path, rows = tmp_path / name, [report_row(outcome(tmp_path, "a", 0.5, 0.1))]
    for _ in range(2):
        check_report(path)
        write_report(path, rows)
    older = path.read_bytes()
    (tmp_path / "r.txt").write_bytes(older)
    with pytest.raises(ParameterError, match="must end in"):
        check_report(tmp_path / "r.txt", overwrite=True)
    with pytest.raises(ParameterError):
        check_report(path, [path], overwrite=True)  # an input
    path.write_bytes(b" " + older)
    for write in (check_report, lambda path: write_report(path, rows)):
        with pytest.raises(OverwriteError):
            write(path)
    assert path.read_bytes() == b" " + older
    check_report(path, overwrite=True)
    write_report(path, rows, overwrite=True)
    assert path.read_bytes() == older


def test_lines_follow_each_other_without_gaps(tmp_path):
    journal, line = Journal(tmp_path, {}), encoded(LINE)
    for _ in range(2):
        journal.append(LINE)
    assert journal.path.read_bytes() == line * 2
    with journal.path.open("ab") as stream:
        stream.write(line[:9] + b"\n\n" + line[:7])  # torn; a blank line is nothing
    journal.append(LINE)
    assert journal.path.read_bytes() == line * 2 + line[:9] + b"\n\n" + line[:7] + b"\n" + line
    journal.reload()
    assert journal.unread == 2
    assert list(journal.outputs) == [("a.png", ("1" * 64,))]
    journal.append(replace(LINE, output_sha256="2" * 64))
    journal.append(LINE)
    assert list(journal.outputs) == [("a.png", ("2" * 64, "1" * 64))]  # the latest last
