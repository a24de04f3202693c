"""The benchmark of real pictures draws, judges and prints as it says; no figure is judged here."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def test_drawings_are_the_same_at_every_run_and_differ_by_seed(real):
    page = real.pages.PAGES[0]
    first, drawn = real.pages.draw(page, 1)
    again, same = real.pages.draw(page, 1)
    assert np.array_equal(first, again)
    assert np.array_equal(drawn, same)
    assert not np.array_equal(first, real.pages.draw(page, 2)[0])
    one, two = real.specks.blanks(), real.specks.blanks()
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_pages_are_as_many_and_as_varied_as_promised(real):
    quiet = [page for page in real.pages.PAGES if page.kind == real.pages.QUIET]
    assert len(quiet) >= 10
    assert {75, 100, 150, 200, 300} <= {page.dpi for page in quiet}
    assert set(real.pages.LAYOUTS) == {page.layout for page in quiet}
    assert len({page.face for page in quiet}) >= 6
    assert {real.pages.NOISY, real.pages.LIGHT} < {page.kind for page in real.pages.PAGES}
    assert len({page.name for page in real.pages.PAGES}) == len(real.pages.PAGES)


@pytest.mark.parametrize("layout", ["text", "table", "title", "leaders"])
def test_the_drawing_is_what_the_page_shows(real, layout):
    page = next(p for p in real.pages.PAGES if p.layout == layout)
    grey, drawn = real.pages.draw(page, 3)
    assert grey.shape == drawn.shape
    assert 0.005 < np.mean(drawn < 0.5) < 0.3
    assert np.mean(real.judges.otsu(grey) != (drawn >= 0.5)) < 0.06


def test_specks_are_clear_of_the_text_and_of_each_other(real):
    for page in real.specks.pages():
        black = ~page.clean
        near = np.zeros_like(black)
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                near |= np.roll(black, (i, j), (0, 1))
        assert not (near & page.specks).any()
        gone, count = real.judges.touched(page.specks, page.clean, level=True)
        assert gone == count >= 250
        assert real.judges.touched(page.specks, ~page.specks, level=True)[0] == 0
        assert (page.dots <= black).all()


def test_codes_are_of_every_kind_at_every_size(real):
    pytest.importorskip("zxingcpp")
    found = list(real.codes.crisp())
    kinds = {code.name.split(",")[0] for code in found}
    assert kinds == set(real.codes.KINDS)
    assert len(kinds) >= 24
    assert len(found) >= 4 * len(kinds) - 4
    assert all(real.judges.decodes(code.picture, code.text) for code in found[::9])


def test_a_code_is_not_read_where_there_is_none_or_another(real):
    pytest.importorskip("zxingcpp")
    picture = real.codes.symbol("QRCode", 1234, 3)
    assert real.judges.decodes(picture, "Denoise 1234")
    assert not real.judges.decodes(picture, "Denoise 1235")
    assert not real.judges.decodes(np.ones((80, 80), np.bool_), "Denoise 1234")


def test_words_are_shared_as_often_as_both_have_them(real):
    assert real.judges.shared(["a", "a", "b"], ["a", "b", "b", "c"]) == 2
    assert real.judges.shared([], ["a"]) == 0


def test_a_reading_is_made_once(real, tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(real.judges, "CACHE", tmp_path / "words")
    monkeypatch.setattr(real.judges, "_read", lambda grey: read.append(grey) or "It's 3.5\n")
    picture = np.ones((4, 6), np.bool_)
    assert real.judges.words(picture) == ["It", "s", "3", "5"]
    assert real.judges.words(real.judges.as_grey(picture)) == ["It", "s", "3", "5"]
    assert len(read) == 1
    real.judges.words(picture.reshape(6, 4))
    assert len(read) == 2, "control: another shape is another picture"


def test_otsu_is_that_of_scikit_image_and_takes_every_picture(real):
    grey = np.array([[10, 12, 200], [11, 210, 205]], np.uint8)
    assert np.array_equal(real.judges.otsu(grey), grey > 100)
    assert real.judges.otsu(grey > 100).dtype == np.bool_
    assert real.judges.otsu(np.full((3, 3), 240, np.uint8)).all()
    assert not real.judges.otsu(np.full((3, 3), 20, np.uint8)).any()
    holed = grey.astype(np.float32)
    holed[0, 0] = np.nan
    assert np.array_equal(real.judges.otsu(holed), grey > 100)


def test_what_raises_counts_as_black(real, monkeypatch):
    from isingdenoise.errors import ParameterError

    def refuse(*_, **__):
        raise ParameterError("levels", "do not fit")

    monkeypatch.setattr(real.sections, "denoise", refuse)
    made = real.sections.run(np.full((5, 5), 255, np.uint8))
    assert not made.image.any()
    assert made.said
    assert "raised" in made.record()["assumed"]


def _records(**changes):
    """Return records under which every goal just holds, but for `changes`."""
    f = {"run": 97, "rest": 103, "noisy": 11, "light": 11, "lost": 0, "gained": 5,
         "changed": 0.0005, "gone": 90, "kept": 99, "white": 1.0, "warned": ["blank"]}  # fmt: skip
    f |= changes
    made = {"name": "n", "shape": [1, 1], "assumed": "leave alone", "light": False, "seconds": 0.1,
            "changed": f["changed"], "warnings": f["warned"], "errors": [0, 0]}  # fmt: skip
    page = made | {"section": "pages", "right": 100, "grey": 100}
    code = made | {"section": "codes", "kind": "crisp"}
    return [
        *(page | {"kind": "quiet", "otsu": 100, "run": f[key]} for key in ("run", "rest")),
        *(page | {"kind": kind, "otsu": 10, "run": f[kind]} for kind in ("noisy", "light")),
        *(code | {"otsu": True, "run": False} for _ in range(f["lost"])),
        *(code | {"otsu": False, "run": True} for _ in range(f["gained"])),
        code | {"otsu": True, "run": True},
        made | {"section": "clean"},
        made | {"section": "specks", "specks": 100, "dots": 100, "text_changed": 0,
                "gone": f["gone"], "kept": f["kept"]},
        made | {"section": "blank", "white": f["white"]},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, 0),
        ({"rest": 102}, 1),  # the sum alone
        ({"run": 96, "rest": 104}, 1),  # one page alone
        ({"noisy": 10}, 1),
        ({"light": 10}, 1),
        ({"lost": 1}, 1),
        ({"gained": 4}, 1),
        ({"changed": 0.00051}, 1),
        ({"gone": 89}, 1),
        ({"kept": 98}, 1),
        ({"white": 0.9999}, 1),
        ({"warned": []}, 1),
    ],
)
def test_each_goal_fails_just_beyond_its_limit(real, changes, failing):
    records = _records(**changes)
    assert sum(goal.holds is False for goal in real.table.goals(records)) == failing
    assert sum(goal.holds is True for goal in real.table.goals(records)) == 10 - failing
    report = real.table.report(records)
    assert report.count("**no**") == failing
    assert all(report.count(f"\n\n{name}\n\n") or report.startswith(name) for name in
               real.sections.SECTIONS)  # fmt: skip


def test_without_tesseract_words_are_not_judged_and_a_line_says_so(real, monkeypatch, capsys):
    monkeypatch.setattr(real.judges, "has_tesseract", lambda: False)
    monkeypatch.setattr(real.judges, "has_zxing", lambda: False)
    monkeypatch.setattr(real.pages, "PAGES", real.pages.PAGES[1:2])
    real.script.main(["--only", "pages,codes"])
    out, err = capsys.readouterr()
    assert out.count("not measured") == 2
    assert err.splitlines()[0].startswith("tesseract is not installed")
    assert err.splitlines()[1].startswith("zxing-cpp is not installed")


def test_an_unknown_section_and_folder_are_one_clear_line(real, tmp_path, capsys):
    for words, line in (
        (["--only", "pagse"], "no such section: pagse; there are pages, codes"),
        (["--folder", str(tmp_path / "none")], "no such folder"),
    ):
        with pytest.raises(SystemExit):
            real.script.parse(words)
        assert line in capsys.readouterr().err


def test_a_folder_of_ones_own_is_judged(real, tmp_path, monkeypatch, capsys):
    from PIL import Image

    monkeypatch.setattr(real.judges, "has_tesseract", lambda: False)
    text = Image.fromarray(real.judges.as_grey(real.clean.lettering(16, 160)))
    text.save(tmp_path / "a.png")
    text.save(tmp_path / "b.tif", save_all=True, append_images=[text])
    (tmp_path / "c.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("passed over")
    real.script.main(["--folder", str(tmp_path), "--save", str(tmp_path / "out")])
    rows = capsys.readouterr().out.splitlines()[-3:]
    assert [row.split(" | ")[0].strip("| ") for row in rows] == ["a.png", "b.tif", "c.png"]
    assert "no picture that can be read" in rows[2]
    with Image.open(tmp_path / "out" / "folder" / "b.tif.png") as saved:
        assert saved.size == (480, 160)


@pytest.mark.process
@pytest.mark.slow
def test_the_script_prints_records_and_goals_as_json():
    command = [sys.executable, str(SCRIPTS / "benchmark_real.py"), "--only", "blank", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["goals"]) == 1
    assert {record["section"] for record in found["records"]} == {"blank"}
