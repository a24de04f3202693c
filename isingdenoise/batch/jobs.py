"""What became of a job: in the journal, and for the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import IsingDenoiseError, printable
from ..inference import Advice
from ..pipeline import OUTPUTS, FileJob
from ..result import DenoiseResult

__all__ = ["Entry", "Outcome"]

#: What the journal knows of: films are made of single pictures.
_NOTED = tuple(name for name in OUTPUTS if name != "animation")


@dataclass(frozen=True)
class Entry:
    """A line of the journal.

    Attributes
    ----------
    input, output : str
        Names, both relative to the journal's folder.
    input_sha256, output_sha256 : str or None
        Of the bytes; None where the file could not be read, or was not made.
    settings : dict
        Everything that decides what comes out (`describe_settings`).
    result : dict or None
        What came out, in figures; None where it failed.
    error : str or None
        Why it failed.
    probability, probability_sha256, change_map, change_map_sha256 : str or None
        Name and bytes of further files, where they were written.
    """

    input: str
    input_sha256: str | None
    settings: dict[str, Any]
    output: str
    output_sha256: str | None = None
    result: dict[str, Any] | None = None
    error: str | None = None
    probability: str | None = None
    probability_sha256: str | None = None
    change_map: str | None = None
    change_map_sha256: str | None = None

    @property
    def made(self) -> dict[str, str | None]:
        """Names and SHA-256 of the files that were made."""
        named = {name: getattr(self, name) for name in _NOTED}
        return {
            made: getattr(self, f"{name}_sha256")
            for name, made in named.items()
            if made is not None
        }

    def settled(self, digests: Mapping[str, str], result: dict[str, Any]) -> Entry:
        """Return the line of a job that was done, by the SHA-256 of each kind of output."""
        made: dict[str, Any] = {
            f"{name}_sha256": digests[name] for name in _NOTED if name in digests
        }
        return replace(self, **made, result=result, error=None)

    def failed(self, error: str) -> Entry:
        """Return the line of a job that failed."""
        nothing: dict[str, Any] = {f"{name}_sha256": None for name in _NOTED}
        return replace(self, **nothing, result=None, error=error)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a job: pages or an error, never both; neither where it was up to date.

    Attributes
    ----------
    job : FileJob
        What was to do.
    pages : tuple
        The record of each page (`isingdenoise.pipeline.page_record`).
    result : DenoiseResult or None
        Of a picture of one page; several would not fit into memory together.
    error : IsingDenoiseError or None
        Why it failed.
    advice : tuple of Advice
        What had to be assumed, or did not go well, and which settings help.
    seconds : float
        Time for reading, solving and writing.
    entry : Entry or None
        The journal's line, where there is a journal.
    stale : bool
        Whether it failed, and an older result stays under the target's name.
    """

    job: FileJob
    pages: tuple[Any, ...]
    result: DenoiseResult | None
    error: IsingDenoiseError | None
    advice: tuple[Advice, ...]
    seconds: float
    entry: Entry | None = None
    stale: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """What had to be assumed, or did not go well, in words."""
        return tuple(map(str, self.advice))

    @property
    def line(self) -> str | None:
        """Why it failed, and what that leaves behind; None where it did not."""
        if self.error is None:
            return None
        return f"{self.error}{self.leaves}"

    @property
    def leaves(self) -> str:
        """What a failure leaves behind, as the end of a line."""
        return f"; {printable(self.job.target)} is from an earlier run" if self.stale else ""

    @property
    def skipped(self) -> bool:
        """Whether nothing was done, because the journal has it all."""
        return not self.pages and self.error is None
