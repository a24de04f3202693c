"""What is measured, section by section: records of plain values."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from quality.drawings import Picture
from real import clean, codes, judges, pages, specks

from isingdenoise import DenoiseResult, denoise
from isingdenoise.errors import IsingDenoiseError, ReadError

Record = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What `denoise` made of a picture, as a user gets it: nothing is told.

    Where it raises, `result` is None, and the picture counts as black.
    """

    otsu: Picture
    result: DenoiseResult | None
    said: tuple[str, ...]
    seconds: float

    @property
    def image(self) -> Picture:
        return np.zeros_like(self.otsu) if self.result is None else self.result.image

    @property
    def light(self) -> bool:
        """Return whether the picture was divided by its light."""
        return self.result is not None and self.result.background is not None

    @property
    def changed(self) -> float:
        """Return the share of pixels that Otsu's threshold has otherwise."""
        return float(np.mean(self.image != self.otsu))

    @property
    def assumed(self) -> str:
        if self.result is None:
            return "**raised**"
        return "" if self.result.fit is None else self.result.fit.assumed

    def record(self) -> Record:
        return {
            "shape": list(self.otsu.shape),
            "changed": self.changed,
            "assumed": self.assumed,
            "light": self.light,
            "warnings": list(self.said),
            "seconds": round(self.seconds, 3),
        }


def run(picture: npt.NDArray[Any]) -> Run:
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result, raised = denoise(picture, rng=0), ()
        except IsingDenoiseError as error:
            result, raised = None, (str(error),)
    seconds = time.perf_counter() - started
    said = *(str(w.message) for w in caught), *raised
    return Run(judges.otsu(picture), result, said, seconds)


class Saver:
    """Writes picture, Otsu's and the result side by side, if a folder is named."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def __call__(self, section: str, name: str, picture: npt.NDArray[Any], made: Run) -> None:
        if self.folder is None:
            return
        place = self.folder / section
        place.mkdir(parents=True, exist_ok=True)
        three = [judges.as_grey(x) for x in (picture, made.otsu, made.image)]
        stem = "".join(c if c.isalnum() or c in "-." else "_" for c in name)
        Image.fromarray(np.hstack(three)).save(place / f"{stem}.png")


def of_pages(save: Saver) -> Iterator[Record]:
    """Judge pages by words; Tesseract works beside us.

    Words of a quiet page are those that are also read in grey. With much noise
    or little light these are few, and those of the drawing count.
    """
    read = judges.has_tesseract()
    with ThreadPoolExecutor(2) as pool:
        waiting = []
        for number, page in enumerate(pages.PAGES, 1):
            picture, drawn = pages.draw(page, number)
            made = run(picture)
            save("pages", page.name, picture, made)
            record = {"section": "pages", "name": page.name, "kind": page.kind, **made.record(),
                      "errors": [float(np.mean(x != (drawn >= 0.5)))
                                 for x in (made.otsu, made.image)]}  # fmt: skip
            seen = [picture, made.otsu, made.image]
            if page.kind != pages.QUIET:
                seen.append(np.round(255 * drawn).astype(np.uint8))
            waiting.append((record, [pool.submit(judges.words, x) for x in seen if read]))
        for record, readings in waiting:
            yield record | _words(*(reading.result() for reading in readings))


def _words(*readings: list[str]) -> Record:
    """Count what readings of grey page, Otsu's, the result and the drawing share; all or none."""
    if not readings:
        return {}
    grey, by_otsu, by_run, *drawn = readings
    right = drawn[0] if drawn else grey
    found = {"grey": judges.shared(right, grey), "otsu": judges.shared(right, by_otsu),
             "run": judges.shared(right, by_run)}  # fmt: skip
    return {"right": len(right), **found}


def of_codes(save: Saver) -> Iterator[Record]:
    """Judge codes by whether they are read."""
    if not judges.has_zxing():
        return
    for kind, source in (("crisp", codes.crisp()), ("photographed", codes.photographed())):
        for code in source:
            made = run(code.picture)
            save("codes", code.name, code.picture, made)
            yield {
                "section": "codes",
                "name": code.name,
                "kind": kind,
                **made.record(),
                "otsu": judges.decodes(made.otsu, code.text),
                "run": judges.decodes(made.image, code.text),
            }


def of_clean(save: Saver) -> Iterator[Record]:
    """Judge clean pictures by the pixels that change."""
    for name, picture in clean.pictures().items():
        made = run(picture)
        save("clean", name, picture, made)
        yield {"section": "clean", "name": name, **made.record()}


def of_specks(save: Saver) -> Iterator[Record]:
    """Judge specked text by the specks that go and the dots that stay."""
    for page in specks.pages():
        made = run(page.picture)
        save("specks", page.name, page.picture, made)
        gone, drawn = judges.touched(page.specks, made.image, level=True)
        kept, dots = judges.touched(page.dots, made.image)
        text = int(np.count_nonzero((made.image != page.clean) & ~page.specks))
        yield {"section": "specks", "name": page.name, **made.record(), "specks": drawn,
               "gone": gone, "dots": dots, "kept": kept, "text_changed": text}  # fmt: skip


def of_blanks(save: Saver) -> Iterator[Record]:
    """Judge blank pages: one colour, white, and a warning."""
    for name, picture in specks.blanks().items():
        made = run(picture)
        save("blank", name, picture, made)
        yield {"section": "blank", "name": name, **made.record(),
               "white": float(np.mean(made.image))}  # fmt: skip


SECTIONS: dict[str, Callable[[Saver], Iterator[Record]]] = {
    "pages": of_pages,
    "codes": of_codes,
    "clean": of_clean,
    "specks": of_specks,
    "blank": of_blanks,
}


def of_folder(folder: Path, save: Saver) -> Iterator[Record]:
    """Judge the pictures of a folder by what they hold: words or codes; the first page of each."""
    from isingdenoise.io import EXTENSIONS

    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in EXTENSIONS):
        try:
            picture = _first_page(path)
            made = run(picture)
        except IsingDenoiseError as error:
            yield {"section": "folder", "name": path.name, "error": str(error)}
            continue
        save("folder", path.name, picture, made)
        record = {"section": "folder", "name": path.name, **made.record()}
        if judges.has_zxing():
            said = judges.texts(picture)
            record["codes"] = [sum(judges.decodes(x, text) for text in said)
                               for x in (picture, made.otsu, made.image)]  # fmt: skip
        if judges.has_tesseract():
            grey, *others = (judges.words(x) for x in (picture, made.otsu, made.image))
            record["words"] = [len(grey), *(judges.shared(grey, other) for other in others)]
        yield record


def _first_page(path: Path) -> npt.NDArray[Any]:
    from isingdenoise.io import read_picture

    try:
        return read_picture(path).pixels
    except ReadError:  # of many pages, perhaps
        return read_picture(path, frame=0).pixels
