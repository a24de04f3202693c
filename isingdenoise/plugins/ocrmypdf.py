"""An OCRmyPDF plugin: pages are denoised before they are read.

    ocrmypdf --ising-denoise ocr scan.pdf out.pdf

"ocr" cleans the picture that OCR sees and leaves the PDF as it looks; "page" cleans the page that
is seen, too, where OCRmyPDF makes one (`--force-ocr`, `--deskew`, ...). Without the option nothing
happens. A page that has no noise, or that cannot be denoised, stays as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

__all__ = ["add_options", "filter_ocr_image", "filter_page_image"]

_WANTED = ("ocr", "page")
_log = logging.getLogger("ocrmypdf.isingdenoise")  # below the logger that OCRmyPDF shows

Image = Any  # of Pillow
Hook = Callable[..., Any]


def _hookimpl(**options: Any) -> Callable[[Hook], Hook]:
    """Return OCRmyPDF's marker of hooks; without OCRmyPDF nobody looks for a mark."""
    try:
        from ocrmypdf import hookimpl
    except ImportError:
        return lambda hook: hook
    marked: Callable[[Hook], Hook] = hookimpl(**options)
    return marked


@_hookimpl()
def add_options(parser: Any) -> None:
    """Add the option to OCRmyPDF's own."""
    group = parser.add_argument_group("Ising denoising")
    group.add_argument(
        "--ising-denoise",
        choices=_WANTED,
        default=None,
        help="denoise two-level pages with an Ising prior: for OCR alone, or the page that is "
        "seen as well",
    )


@_hookimpl(wrapper=True)
def filter_ocr_image(page: Any, image: Image) -> Generator[None, Image, Image]:
    """Clean what OCR is about to see, after other filters have brought it to size."""
    filtered = yield
    given = image if filtered is None else filtered
    return _cleaned(given, page) if _asked(page) in _WANTED else filtered


@_hookimpl(wrapper=True)
def filter_page_image(page: Any, image_filename: Path) -> Generator[None, Path | None, Path | None]:
    """Clean the page that is seen, into a file beside the one given; its size stays."""
    filtered = yield
    if _asked(page) != "page":
        return filtered
    import PIL.Image

    source = filtered or image_filename
    with PIL.Image.open(source) as image:
        cleaned = _cleaned(image, page)
        if cleaned is image:
            return filtered
    target = source.with_name(f"{source.stem}.denoised.png")
    cleaned.save(target, dpi=cleaned.info["dpi"])
    return target


def _asked(page: Any) -> str | None:
    """Return what was asked for on the command line, or as an argument of `ocrmypdf.ocr`."""
    wanted: str | None = getattr(page.options, "ising_denoise", None)
    return wanted


def _cleaned(image: Image, page: Any) -> Image:
    """Return a picture of two levels with the same resolution, or the one given."""
    import numpy as np
    import PIL.Image

    from ..api import denoise
    from ..errors import IsingDenoiseError
    from ..inference import serially
    from ..messages import collected

    pixels = np.array(image if image.mode in {"1", "L"} else image.convert("L"))
    try:
        with serially(), collected() as said:  # pages are worked on side by side
            result = denoise(pixels, rng=0)
    except IsingDenoiseError as error:
        _log.warning("page %s is not denoised: %s", _number(page), error)
        return image
    for message in said:
        _log.debug("page %s: %s", _number(page), message)
    if result.fit is not None and result.fit.left_alone:
        return image
    _log.debug("page %s: %r", _number(page), result)
    cleaned = PIL.Image.fromarray(result.image)
    cleaned.info["dpi"] = image.info.get("dpi", (72, 72))
    return cleaned


def _number(page: Any) -> int:
    return int(getattr(page, "pageno", 0)) + 1
