"""A real browser for the pages: Debian's chromium, headless, driven by Playwright."""

import os
import shutil
from contextlib import contextmanager

import pytest

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@contextmanager
def browser():
    """Yield a browser, or skip the test where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium is installed")
    # a profile of its own, which goes with the temporary folder of the driver
    environment = {**os.environ, "HOME": os.environ.get("HOME", "/tmp")}
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGUMENTS), env=environment
        )
        try:
            yield running
        finally:
            running.close()


def until(page, expression, seconds=30):
    """Wait until a script is true; what Playwright has for it asks for `eval`, which is refused."""
    for _ in range(20 * seconds):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {expression}")


class Watched:
    """A page that is watched: what it asks for, and what it complains of."""

    def __init__(self, running, **options):
        self.page = running.new_page(viewport={"width": 1000, "height": 800}, **options)
        self.asked, self.said = [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))

    def open(self, address):
        self.page.goto(address)
        return self.page

    def elsewhere(self, own):
        """Return what was asked for that does not begin with `own`."""
        return [url for url in self.asked if not url.startswith((own, "data:"))]
