"""The page's server: one address of this machine, one secret in its path, nobody else's pages.

Starlette on uvicorn: pure Python, kept by the people of the most used servers, and with nothing
that asks a network. Of their middlewares none is used, for what is refused here is more than they
refuse:

- It listens on 127.0.0.1 alone, at a port that the system chooses.
- A request names that address and port as its host (a foreign name that was pointed at this
  machine does not), begins with the token, and comes from the page itself: `Origin`, where there is
  one, is this server's, and what changes anything has one.
- A body has at most 16 KiB, and pictures are not taken at all.
"""

from __future__ import annotations

import importlib.util
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import IsingDenoiseError, OverwriteError, ParameterError, printable
from ..html import page, policy
from .session import Asked, Session

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Served", "missing_packages", "open_port", "serve"]

_HOST = "127.0.0.1"
_LONGEST = 16 << 10  # bytes of a body
_NEEDED = ("starlette", "uvicorn")
_STYLES = ("style.css", "viewer.css", "tune.css")
_SCRIPTS = ("viewer.js", "tune.js")
_TOKEN = 32  # random bytes
_REFUSED, _UNKNOWN, _WRONG, _TAKEN, _LARGE = 403, 404, 400, 409, 413
_FAILED = 500


def missing_packages() -> list[str]:
    """Return the packages that a server needs and that are not installed."""
    return [name for name in _NEEDED if importlib.util.find_spec(name) is None]


def open_port(port: int = 0) -> socket.socket:
    """Return a socket that listens on this machine alone.

    Raises
    ------
    ParameterError
        The port is taken, or not to be had.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((_HOST, port))
        listening.listen(64)
    except OSError as error:
        listening.close()
        raise ParameterError("port", f"{port} cannot be used ({error.strerror})") from error
    return listening


@dataclass(frozen=True)
class Served:
    """A session as an application.

    Attributes
    ----------
    session : Session
        What is tuned.
    title : str
        Of the page.
    target : str
        Where the result is saved.
    port : int
        Where it is served.
    worded : callable
        Returns the line of an error.
    token : str
        Stands in the address; who lacks it gets nothing.
    """

    session: Session
    title: str
    target: str
    port: int
    worded: Callable[[IsingDenoiseError], str] = str
    token: str = ""

    @classmethod
    def new(cls, session: Session, title: str, target: str, port: int, worded: Any) -> Served:
        """Return one with a token of its own."""
        return cls(session, title, target, port, worded, secrets.token_urlsafe(_TOKEN))

    @property
    def origin(self) -> str:
        """Scheme, address and port, as browsers write them."""
        return f"http://{_HOST}:{self.port}"

    @property
    def address(self) -> str:
        """What to open."""
        return f"{self.origin}/{self.token}/"

    def application(self) -> Any:
        """Return the ASGI application: every request goes through one door."""
        from starlette.requests import Request

        async def application(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                response = await self._answer(Request(scope, receive))
                await response(scope, receive, send)

        return application

    async def _answer(self, request: Request) -> Response:
        refused = self._refused(request)
        if refused is not None:
            return _text(*refused)
        parts = request.url.path.split("/")[2:]
        name = (request.method, "/".join(parts))
        if name in {("GET", ""), ("HEAD", "")}:
            return self._page()
        does = {("POST", "view"): self._view, ("POST", "save"): self._save}.get(name)
        if does is None:
            return _text(_UNKNOWN, "there is no such page")
        body = await _body(request)
        if body is None:
            return _text(_LARGE, f"a request has at most {_LONGEST} bytes")
        return await does(body)

    def _refused(self, request: Request) -> tuple[int, str] | None:
        """Return status and reason where a request is not the page's own."""
        if request.headers.getlist("host") != [f"{_HOST}:{self.port}"]:
            return _REFUSED, "another host is not served"
        origin = request.headers.get("origin")
        if origin not in {None, self.origin} or (origin is None and request.method == "POST"):
            return _REFUSED, "pages of another origin are not served"
        if request.headers.get("sec-fetch-site") == "cross-site" and request.method != "GET":
            return _REFUSED, "pages of another origin are not served"
        token = request.url.path.split("/")[1].encode()
        if not secrets.compare_digest(token, self.token.encode()):
            return _UNKNOWN, "there is no such page"
        return None

    def _page(self) -> Response:
        from starlette.responses import HTMLResponse

        height, width = self.session.shape
        parts = page(
            "tune.html.j2",
            "tuning",
            styles=_STYLES,
            scripts=_SCRIPTS,
            served=True,
            title=self.title,
            target=printable(self.target),
            width=width,
            height=height,
            controls=list(self.session.controls.values()),
        )
        return HTMLResponse(
            "".join(parts), headers=_headers(policy(_STYLES, _SCRIPTS, served=True))
        )

    async def _view(self, body: bytes) -> Response:
        from starlette.responses import Response

        content = await self._told(body, self.session.answer)
        if not isinstance(content, bytes):
            return _text(*content)
        return Response(content, media_type="application/octet-stream", headers=_headers())

    async def _save(self, body: bytes) -> Response:
        name = await self._told(body, self.session.save)
        return (
            _text(200, f"written to {printable(name)}") if isinstance(name, str) else _text(*name)
        )

    async def _told(self, body: bytes, work: Callable[[Asked], Any]) -> Any:
        """Return what the work gives, or status and line of what it refuses."""
        from starlette.concurrency import run_in_threadpool

        try:
            asked = Asked.parsed(body, self.session.controls)
            return await run_in_threadpool(partial(work, asked))
        except OverwriteError as error:
            return _TAKEN, self.worded(error)
        except ParameterError as error:
            return _WRONG, self.worded(error)
        except IsingDenoiseError as error:
            return _FAILED, self.worded(error)
        except MemoryError:
            return _FAILED, "needs more memory than there is"


def serve(served: Served, listening: socket.socket) -> None:
    """Serve until the process is interrupted; the signal is raised again at the end.

    Parameters
    ----------
    served : Served
        The application.
    listening : socket.socket
        From `open_port`.
    """
    import uvicorn

    config = uvicorn.Config(
        served.application(),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=64,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listening])


async def _body(request: Request) -> bytes | None:
    """Return the body, None as soon as it is too long."""
    told = request.headers.get("content-length", "0")
    if not told.isdigit() or int(told) > _LONGEST:
        return None
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > _LONGEST:
            return None
    return found


def _text(status: int, line: str) -> Response:
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(line, status, headers=_headers())


def _headers(rules: str = "default-src 'none'") -> dict[str, str]:
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": rules,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
