"""Settings of a picture tried by hand: sliders in a browser, served to this machine alone."""

from __future__ import annotations

from .controls import Control, controls_of, coupling_of, settings_of
from .server import Served, missing_packages, open_port, serve
from .session import Asked, Session, Words

__all__ = [
    "Asked",
    "Control",
    "Served",
    "Session",
    "Words",
    "controls_of",
    "coupling_of",
    "missing_packages",
    "open_port",
    "serve",
    "settings_of",
]
