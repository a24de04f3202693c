"""Pages for a browser: ONE file each, with everything in it, that asks no network for anything.

What stands in a page is text for jinja2, which escapes it, or JSON in an element that is not
run; a policy in the page itself (Content-Security-Policy) lets nothing run but our own script and
nothing be fetched. Pictures are data in the page, large ones shrunk by area, and it says so.
"""

from __future__ import annotations

from .batch import BATCH_HEAD, batch_page, thumbnails
from .pictures import shown, shrunk
from .result import ResultReport, Told
from .template import page, policy

__all__ = [
    "BATCH_HEAD",
    "ResultReport",
    "Told",
    "batch_page",
    "page",
    "policy",
    "shown",
    "shrunk",
    "thumbnails",
]
