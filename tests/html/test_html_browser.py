"""Reports in a real browser: the line moves, nothing is asked for, nothing is complained of."""

import itertools

import numpy as np
import pytest
from browsing import Watched, browser, until
from command_line import invoke, save, save_noisy, scene, succeed

from isingdenoise.html import batch_page, thumbnails

pytestmark = [pytest.mark.slow, pytest.mark.process]

EVIL = "<img src=x onerror=alert(1)>'\" &amp;.png"


@pytest.fixture(scope="module")
def running():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the reports of all commands, on pictures with names that do harm."""
    path = tmp_path_factory.mktemp("pages")
    for k, name in enumerate((EVIL, "</script><svg onload=alert(2)>.png".replace("/", "-"))):
        save_noisy(path / "in" / name, seed=k, size=64)
    (path / "in" / f"bad {EVIL}").write_bytes(b"")
    clean = save(path / "clean.bmp", scene(64, 64))
    noisy = path / "in" / EVIL
    words = ("--noise", "gaussian", "--engine", "mf")
    succeed("run", noisy, "-o", path / "o.png", *words, "--report", path / "run.html")
    both = ("--noise", "gaussian", "--engines", "mf,icm", "--clean", clean)
    succeed("compare", noisy, *both, "--report", path / "compare.html")
    invoke("batch", path / "in", path / "out", "--report", path / "batch.html")
    return path


@pytest.fixture
def opened(running, folder):
    """Return a function: name of a report -> its page; it complained of nothing at the end."""
    watched = []

    def open_page(name, **options):
        watched.append((Watched(running, **options), (folder / name).as_uri()))
        return watched[-1][0].open(watched[-1][1])

    yield open_page
    for page, address in watched:
        assert page.said == []
        assert page.elsewhere(address) == []
        page.page.close()


def pixels(page, selector):
    """Return a picture of a part of the page as an array."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(page.locator(selector).first.screenshot())) as picture:
        return np.asarray(picture.convert("L"), float)


def split(page):
    return float(page.evaluate(
        "getComputedStyle(document.querySelector('.stage')).getPropertyValue('--split')"
    ).removesuffix("px"))  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_slider_moves_the_line_between_noisy_and_clean(opened, scheme):
    page = opened("run.html", color_scheme=scheme)
    width = page.locator(".stage").evaluate("stage => stage.clientWidth")
    assert split(page) == pytest.approx(width / 2, abs=1)
    shots = []
    for value in ("0", "100"):
        page.locator("input.split").fill(value)
        assert split(page) == pytest.approx(width * float(value) / 100, abs=1)
        shots.append(pixels(page, ".stage"))
    clean, noisy = (shot[60:-60, shot.shape[1] // 3 : 2 * shot.shape[1] // 3] for shot in shots)
    assert np.mean((clean > 5) & (clean < 250)) < 0.1  # two levels
    assert np.mean((noisy > 5) & (noisy < 250)) > 0.5


def test_the_keyboard_does_what_the_mouse_does(opened):
    page = opened("run.html")
    slider = page.locator("input.split")
    slider.focus()
    before = split(page)
    page.keyboard.press("ArrowRight")
    assert split(page) > before
    stage = page.locator(".stage")
    stage.focus()
    page.keyboard.press("ArrowLeft")
    assert split(page) < before
    zoom = page.locator("output.zoom")
    fit = zoom.inner_text()
    page.keyboard.press("+")
    assert zoom.inner_text() != fit
    page.keyboard.press("0")
    assert zoom.inner_text() == fit
    page.keyboard.press("2")
    assert page.locator(".viewer .segments input:checked").get_attribute("value") == "changes"
    assert page.locator(".for-changes").is_visible()
    outline = stage.evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"


def test_the_line_follows_the_mouse(opened):
    page = opened("run.html")
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 40)
    page.mouse.up()
    assert split(page) == pytest.approx(box["width"] / 4, abs=3)


def test_the_threshold_marks_what_is_doubtful(opened):
    page = opened("run.html")
    page.locator("input[value=sure]").check(force=True)
    until(page, "document.querySelector('canvas.overlay').width > 64 - 1")

    def marked(percent):
        page.locator("input.threshold").fill(str(percent))
        page.wait_for_timeout(100)
        told = float(page.locator("output.share").inner_text().split()[0])
        script = """canvas => {
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          return data.filter((value, i) => i % 4 === 3 && value).length / (data.length / 4);
        }"""
        return told / 100, page.locator("canvas.overlay").evaluate(script)

    for percent in (50, 75, 99):
        told, drawn = marked(percent)
        assert drawn == pytest.approx(told, abs=0.02)
    assert marked(50)[1] < marked(99)[1]


def test_engines_can_be_held_against_each_other(opened):
    page = opened("compare.html")
    page.locator(".left-choice").select_option("clean-1")
    page.locator(".right-choice").select_option("1")
    assert page.locator(".pane.left .tag").inner_text() == "icm"
    source = page.locator(".pane.left .on img").get_attribute("src")
    assert source == page.locator(".pane.right .on img").get_attribute("src")
    page.locator("input[value=sure]").check(force=True)
    assert page.locator(".for-sure .none").is_visible()  # icm has no probabilities
    assert page.locator(".chart:visible").count() >= 1
    page.locator("input[value=seconds]").check(force=True)
    assert page.locator(".row.against-updates").is_hidden()


def test_the_batch_can_be_looked_through(opened):
    page = opened("batch.html")
    cards = page.locator("#list > li")
    assert cards.count() == 3
    assert cards.first.get_attribute("class") == "failed"
    assert "<img src=x" in cards.first.inner_text()
    page.locator("#search").fill("svg")
    assert cards.count() == 1
    page.locator("#search").fill("")
    page.locator(".thumbs").nth(1).focus()
    page.keyboard.press("Enter")
    title = page.locator("#large-title")
    assert title.is_visible()
    name = title.inner_text()
    page.keyboard.press("ArrowRight")
    assert title.inner_text() != name
    page.keyboard.press("Escape")
    assert title.is_hidden()


def test_print_shows_all_pictures_side_by_side(opened):
    page = opened("run.html")
    page.emulate_media(media="print")
    visible = page.locator(".layer img:visible")
    assert visible.count() == 4  # noisy, clean, changes, how sure
    assert page.locator(".segments").first.is_hidden()


def test_without_scripts_the_pictures_are_there(opened):
    page = opened("run.html", java_script_enabled=False)
    assert page.locator(".layer img:visible").count() == 4


@pytest.mark.parametrize("name", ["run.html", "compare.html", "batch.html"])
def test_whatever_is_pressed_or_seen_has_a_name(opened, name):
    page = opened(name)
    unnamed = page.evaluate("""() => [...document.querySelectorAll(
        'button, input, select, img, [role=img], [role=group], [role=region]')].filter((e) => !(
        e.getAttribute('aria-label') || e.alt || e.labels?.length || e.textContent.trim()))
        .map((e) => e.outerHTML.slice(0, 80))""")
    assert unnamed == []


def test_a_page_of_thousands_opens_with_some_dozens_drawn(running, folder, tmp_path):
    pair = thumbnails(folder / "in" / EVIL, folder / "o.png", {})
    row = {"error": None, "warnings": [], "uncertainty": 0.1, "changed": 0.1, "pages": 1}
    rows = [{**row, "input": f"scan{k:04}.png", "thumbnails": pair} for k in range(4000)]
    (tmp_path / "many.html").write_text("".join(batch_page(lambda: rows, "t")), "utf-8")
    watched = Watched(running)
    page = watched.open((tmp_path / "many.html").as_uri())
    assert page.locator("#list > li").count() == 40
    parsed = "document.querySelectorAll('script.thumbnails').length, parsed.size"
    assert page.evaluate(f"[{parsed}]") == [100, 1]
    for _ in itertools.repeat(None, 2):
        page.locator("#next").click()
    assert page.locator("#part").inner_text() == "81 to 120 of 4000"
    assert watched.said == []
    page.close()
