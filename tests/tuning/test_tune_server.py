"""The server of `tune`: who may ask for what, and its page in a real browser."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from browsing import Watched, browser, until
from command_line import load, save_noisy

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.skipif(os.name == "nt", reason="ends by Ctrl-C, which tests cannot send there"),
]

EVIL = "<img src=x onerror=alert(1)>.png"


@contextmanager
def served(*words):
    """Run `tune` in a process of its own; yield its address and the process."""
    command = [sys.executable, "-m", "isingdenoise_cli", "tune", *map(str, words), "--no-browser"]
    settings = ("--noise", "gaussian", "--coupling", "0.7")
    process = subprocess.Popen(
        [*command, *settings], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        yield re.search(r"http://\S+", line)[0], process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tune")
    save_noisy(path / EVIL, size=64)
    return path


@pytest.fixture(scope="module")
def address(folder):
    with served(folder / EVIL) as (found, _):
        yield found


def ask(address, *, method="POST", path="view", body=None, token=None, **headers):
    """Return status and content; a header that is None is left out."""
    parts = urlsplit(address)
    origin = f"http://{parts.netloc}"
    given = {"Host": parts.netloc, "Origin": origin, **headers}
    asked = {
        "values": {"sigma": 40, "coupling": 0.7, "threshold": 127},
        **{"prior": "ising", "crop": [0, 0, 64, 64], "room": [64, 64]},
        **{"show": "clean", "noisy": True},
    }
    content = json.dumps(asked).encode() if body is None else body
    where = parts.path if token is None else f"/{token}/"
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.putrequest(method, where + path, skip_host=True)
        length = {} if method == "GET" else {"Content-Length": str(len(content))}
        for name, value in {**length, **given}.items():
            if value is not None:
                connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(None if method == "GET" else content)
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def test_it_listens_on_this_machine_alone_behind_a_token(address):
    parts = urlsplit(address)
    assert parts.hostname == "127.0.0.1"
    assert len(parts.path) > 40
    others = {
        found[4][0]
        for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        if not found[4][0].startswith("127.")
    }
    for other in others:
        with pytest.raises(OSError), socket.create_connection((other, parts.port), timeout=5):
            pass


def test_the_page_and_its_answers_come(address):
    status, page, headers = ask(address, method="GET", path="", Origin=None)
    assert status == 200
    assert b"<img" not in page
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Access-Control-Allow-Origin"] is None
    status, content, headers = ask(address)
    assert status == 200
    length = int.from_bytes(content[:4], "little")
    told = json.loads(content[4 : 4 + length])
    assert len(content) == 4 + length + 2 * 64 * 64
    assert "--sigma 40" in told["command"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("status", "changed"),
    [
        (404, {"token": "guess"}),
        (404, {"token": "%C3%A4"}),
        (404, {"path": "other"}),
        (404, {"path": "view/.."}),
        (404, {"method": "GET"}),
        (404, {"method": "PUT"}),
        (403, {"Host": "evil.example"}),
        (403, {"Host": "localhost:1"}),
        (403, {"Host": None}),
        (403, {"Origin": "http://evil.example"}),
        (403, {"Origin": "null"}),
        (403, {"Origin": None}),
        (403, {"Origin": None, "path": "save"}),
        (403, {"Host": "evil.example", "token": "guess"}),
        (413, {"body": b"x" * (17 << 10)}),
        (413, {"path": "save", "body": b"x" * (17 << 10)}),
        (400, {"body": b"{}"}),
        (400, {"body": b"\xff\xfe"}),
    ],
)
def test_what_is_not_the_page_s_own_is_refused(address, status, changed):
    found = ask(address, **changed)
    # without a host, the protocol itself is broken, and the server says so first
    assert found[0] == (400 if changed.get("Host", "") is None else status)
    assert ask(address)[0] == 200  # and it goes on


def test_a_body_without_an_end_is_cut_off(address):
    parts = urlsplit(address)
    head = (
        f"POST {parts.path}view HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Origin: http://{parts.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    part = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(head.encode() + 5 * part)
        assert b" 413 " in connection.recv(100)


def test_saving_respects_what_is_there(address, folder):
    target = folder / EVIL.replace(".png", ".denoised.png")
    target.write_bytes(b"precious")
    status, line, _ = ask(address, path="save")
    assert status == 409
    assert b"--force" in line
    assert target.read_bytes() == b"precious"
    target.unlink()
    assert ask(address, path="save")[0] == 200
    assert load(target)[0] == "1"
    assert ask(address, path="save")[0] == 200  # its own may be replaced
    target.unlink()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_cleanly(folder, number, code):
    with served(folder / EVIL, "-o", folder / "never.png") as (_, process):
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in said
    assert "internal" not in said
    assert not (folder / "never.png").exists()


def test_the_page_in_a_browser(address, folder):
    with browser() as running:
        watched = Watched(running)
        page = watched.open(address)
        answers = "Number(document.body.dataset.answers ?? 0)"
        until(page, f"{answers} > 0")
        command = page.locator("#command").inner_text()
        bright = """() => {
          const copy = new OffscreenCanvas(64, 64).getContext("2d");
          copy.drawImage(document.querySelector("canvas.clean"), 0, 0);
          return copy.getImageData(0, 0, 64, 64).data.filter((v, i) => i % 4 === 0 && v).length;
        }"""
        before = page.evaluate(bright)
        assert 0 < before < 64 * 64
        seen = page.evaluate(answers)
        page.locator("input[data-key=threshold]").fill("400")
        until(page, f"{answers} > {seen}")
        assert page.locator("#command").inner_text() != command
        assert page.evaluate(bright) < before
        page.locator("input[value=sure]").check(force=True)
        page.locator("input[value=changes]").check(force=True)
        page.locator("#reset").click()
        until(page, f"document.querySelector('#command').textContent === {command!r}")
        page.locator("#save").click()
        page.locator("#saved").wait_for()
        assert "written to" in page.locator("#saved").inner_text()
        target = folder / EVIL.replace(".png", ".denoised.png")
        assert np.count_nonzero(load(target)[1]) == before
        assert page.locator("h1").inner_text() == EVIL
        assert watched.said == []
        assert watched.elsewhere(address) == []
        target.unlink()
