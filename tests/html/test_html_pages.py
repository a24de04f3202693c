"""Pages for a browser as text: whole, without addresses, and no name becomes markup."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from command_line import error_line, invoke, save, save_noisy, scene, snapshot, succeed
from hypothesis import given, settings
from hypothesis import strategies as st

from isingdenoise import denoise
from isingdenoise.html import BATCH_HEAD, ResultReport, Told, batch_page, shrunk, thumbnails
from isingdenoise.html.charts import charts_of
from isingdenoise.html.result import shares_below
from isingdenoise.html.template import _source
from isingdenoise.io import CHANGE_COLOURS

EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}.png"


class Elements(HTMLParser):
    """Collects elements with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def elements(text):
    return Elements(text).found


def scripts(text):
    """Return those that would be run."""
    return [a for tag, a in elements(text) if tag == "script" and "type" not in a]


@pytest.fixture(scope="module")
def result():
    noisy = scene(48, 64) ^ (np.random.default_rng(0).random((48, 64)) < 0.1)
    return noisy, denoise(noisy, "flip", coupling=0.8, engine="mf")


def one_page(result, name=EVIL, **told):
    noisy, found = result
    report = ResultReport(name)
    report.add(name, noisy, {"mf": found}, Told(target=name, **told))
    return report.render().decode()


def test_no_address_of_a_page_leads_out_of_it(result):
    text = one_page(result)
    links = [
        a[key] for _, a in elements(text) for key in ("src", "href", "action", "data") if key in a
    ]
    assert len(links) > 4
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not re.search(r"url\(|@import|https?://", text.replace("http://www.w3.org", ""))
    (policy,) = [a["content"] for tag, a in elements(text) if a.get("http-equiv")]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy


def test_names_facts_and_warnings_are_text(result):
    facts = [(EVIL, EVIL)]
    text = one_page(result, facts=facts, warnings=[EVIL], record={EVIL: EVIL}, table=[{EVIL: EVIL}])
    calm = one_page(result, "calm", facts=[("a", "b")], warnings=["c"], record={"d": "e"},
                    table=[{"f": "g"}])  # fmt: skip
    assert [tag for tag, _ in elements(text)] == [tag for tag, _ in elements(calm)]
    assert "{{7*7}}" in text
    assert len(scripts(text)) == 1


@settings(max_examples=60, deadline=None, derandomize=True)
@given(name=st.text(max_size=40))
def test_no_name_in_a_batch_adds_an_element(name):
    def tags(row):
        return [tag for tag, _ in elements("".join(batch_page(lambda: [row], "t")))]

    row = {"error": None, "warnings": [], "uncertainty": None}
    evil = {**row, "input": name, "output": name, "error": name, "warnings": [name]}
    assert tags(evil) == tags({**row, "input": "a"})


def test_a_script_that_ends_in_a_name_does_not_end(result):
    name = "</script><script>alert(1)</script><!--"
    row = {"input": name, "error": None, "warnings": [name], "uncertainty": 0.5}
    text = "".join(batch_page(lambda: [row], "t"))
    assert text.startswith(BATCH_HEAD.decode())
    (rows,) = re.findall(r'id="rows">(.*?)</script>', text)
    assert json.loads(rows)[0]["input"] == name
    assert len(scripts(text)) == len(scripts(one_page(result, name))) == 1


@pytest.mark.parametrize("shape", [(1, 5), (7, 9), (30, 21)])
@pytest.mark.parametrize("factor", [1, 2, 5, 40])
@pytest.mark.parametrize("kind", ["bool", "uint8", "missing"])
def test_pictures_are_shrunk_by_area(shape, factor, kind):
    x = np.random.default_rng(1).random(shape)
    array = {"bool": x < 0.4, "uint8": (255 * x).astype(np.uint8)}.get(
        kind, np.where(x < 0.3, np.nan, x)
    )
    rows, columns = (range(0, side, factor) for side in shape)
    parts = [[array[i : i + factor, j : j + factor] for j in columns] for i in rows]

    def mean(part):
        known = part[~np.isnan(part.astype(float))]
        return known.mean() if known.size else np.nan

    expected = [[mean(part) for part in row] for row in parts]
    np.testing.assert_allclose(shrunk(array, factor), expected, rtol=1e-5)


def test_shares_of_doubtful_pixels_are_counted_on_the_whole_picture():
    certainty = np.float32([0.5, 0.6, 0.905, 1.0])
    shares = shares_below(certainty)
    assert len(shares) == 51
    expected = {0: 0, 5: 0.25, 15: 0.5, 41: 0.75, 50: 1}
    assert {k: shares[k] for k in expected} == pytest.approx(expected)


def test_charts_have_what_the_trace_has(result):
    _, found = result
    charts = charts_of({"mf": found.solution})
    assert set(charts) == {"updates", "seconds"}
    titles = [chart.title for chart in charts["updates"]]
    assert len(titles) == 1  # the bound was not asked for
    assert titles[0].startswith("residual")
    (line,) = charts["updates"][0].lines
    ends = [float(point.split(",")[1]) for point in line.points.split()]
    assert ends[-1] == max(ends)  # below, as SVG counts: the residual fell
    assert "mf" in charts["updates"][0].told


def test_colours_mean_the_same_as_in_files():
    for name in ("black to white", "white to black"):
        colour = "#{:02x}{:02x}{:02x}".format(*CHANGE_COLOURS[name])
        assert colour in _source(("viewer.css",))
        assert colour in _source(("batch.css",))


def test_thumbnails_show_the_changes_where_they_are_those_told(tmp_path):
    noisy = save_noisy(tmp_path / "n.png", sigma=60)
    clean = save(tmp_path / "c.png", scene())
    both = thumbnails(noisy, clean, {}, [64.0, 191.0], 0.15)
    plain = thumbnails(noisy, clean, {}, [64.0, 191.0], 0.001)
    assert both[0] == plain[0]
    assert both[1] != plain[1]
    assert all(uri.startswith("data:image/webp;base64,") for uri in both)
    for levels in (None, "ab", [1, None], [{}, []]):  # as anybody may write into a journal
        assert thumbnails(noisy, clean, {}, levels, 0.15)[1] == plain[1]
    (tmp_path / "n.png").write_bytes(b"")
    assert thumbnails(noisy, None, {}) == [None, None]


def test_many_pages_are_shown_smaller(result):
    noisy, found = np.zeros((1500, 1500), bool), result[1]
    assert found.image.shape == (48, 64)
    report = ResultReport("t", pictures=1)
    report.expect(96)
    view = report._view(noisy, {}, None)
    assert (view.width, view.height, view.factor) == (500, 500, 3)
    report.fail("bad.png", EVIL)
    assert "<img" not in report.render().decode()


# ---- the command line


def test_run_writes_a_page_of_what_it_did(tmp_path):
    noisy = save_noisy(tmp_path / "a&b.png")
    page = tmp_path / "r.html"
    done = succeed("run", noisy, "--report", page)
    text = page.read_text("utf-8")
    assert "a&amp;b.png" in text
    assert re.search(r"sigma [\d.]+", done.stdout)[0] in text
    before = snapshot(tmp_path)
    line = error_line(invoke("run", noisy, "-o", tmp_path / "x.png", "--report", page), 4)
    assert "r.html" in line
    assert "--force" in line
    assert snapshot(tmp_path) == before
    succeed("run", noisy, "-o", tmp_path / "x.png", "--report", page, "--force")


def test_run_of_several_tells_of_those_that_failed(tmp_path):
    good, bad = save_noisy(tmp_path / "good.png"), tmp_path / "bad.png"
    bad.write_bytes(b"")
    assert invoke("run", good, bad, "--report", tmp_path / "r.html").code == 1
    text = (tmp_path / "r.html").read_text("utf-8")
    assert text.count("<h2>") == 2
    assert "<strong>Failed</strong>" in text


def test_compare_writes_a_page_of_all_engines(tmp_path):
    noisy, clean = save_noisy(tmp_path / "n.png"), save(tmp_path / "c.bmp", scene())
    engines = ("--engines", "mf,icm")
    succeed("compare", noisy, "--clean", clean, *engines, "--report", tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "bit error rate" in text
    assert text.count('class="layer clean-') == 2
    assert text.count('class="layer sure-') == 1  # icm has no probabilities


@pytest.mark.parametrize("command", ["run", "compare"])
@pytest.mark.parametrize(("code", "name"), [(2, "r.txt"), (2, "n.html"), (5, "missing/r.html")])
def test_a_page_that_cannot_be_written_is_refused_before_the_work(tmp_path, command, code, name):
    noisy = save_noisy(tmp_path / "n.png").rename(tmp_path / "n.html")
    before = snapshot(tmp_path)
    words = ("-o", tmp_path / "o.png") if command == "run" else ()
    line = error_line(invoke(command, noisy, *words, "--report", tmp_path / name, "--force"), code)
    assert "--report" in line or name in line
    assert snapshot(tmp_path) == before


def test_batch_writes_a_page_and_replaces_its_own_alone(tmp_path):
    save_noisy(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "bad.png").write_bytes(b"")
    words = ("batch", tmp_path / "in", tmp_path / "out", "--report")
    assert invoke(*words, tmp_path / "r.html").code == 1
    first = (tmp_path / "r.html").read_bytes()
    assert first.startswith(BATCH_HEAD)
    assert invoke(*words, tmp_path / "r.html").code == 1  # a report of ours is replaced
    (rows,) = re.findall(r'id="rows">(.*?)</script>', (tmp_path / "r.html").read_text("utf-8"))
    bad, good = json.loads(rows)
    assert bad["error"] is not None
    assert (good["skipped"], good["error"]) == (True, None)
    (tmp_path / "own.html").write_text("<!doctype html>\n<html>mine")
    assert "own.html" in error_line(invoke(*words, tmp_path / "own.html"), 4)


def test_pictures_beyond_some_thousands_have_no_thumbnails(monkeypatch):
    monkeypatch.setattr("isingdenoise.html.batch._PICTURED", 2)
    row = {"error": None, "warnings": [], "uncertainty": None, "thumbnails": ["a", "b"]}
    text = "".join(batch_page(lambda: [{**row, "input": str(k)} for k in range(3)], "t"))
    chunks = re.findall(r'class="thumbnails">(.*?)</script>', text)
    assert [json.loads(chunk) for chunk in chunks] == [[["a", "b"], ["a", "b"]]]
    assert "The first 2 have thumbnails" in text


def test_memory_is_kept_for_what_the_page_shows(tmp_path, monkeypatch):
    from isingdenoise.pipeline import CleanOptions

    asked = []
    memory = CleanOptions.memory

    def counted(self, *args, outputs=None, **more):
        asked.append(set(outputs or {}))
        return memory(self, *args, outputs=outputs, **more)

    monkeypatch.setattr(CleanOptions, "memory", counted)
    noisy = save_noisy(tmp_path / "n.png")
    succeed("run", noisy, "--force")
    succeed("run", noisy, "--force", "--report", tmp_path / "r.html")
    assert asked == [{"output"}, {"output", "probability"}]
