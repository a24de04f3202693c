"""What a batch is made of: jobs, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import IsingDenoiseError, printable
from ..result import DenoiseResult

__all__ = ["Entry", "Job", "Outcome"]


@dataclass(frozen=True)
class Job:
    """One picture to clean.

    Attributes
    ----------
    source, target : pathlib.Path
        The noisy picture, and the file to write.
    probability : pathlib.Path or None
        Where to write how sure each pixel is, too.
    """

    source: Path
    target: Path
    probability: Path | None = None

    @property
    def targets(self) -> tuple[Path, ...]:
        """The files to write."""
        return (self.target,) if self.probability is None else (self.target, self.probability)


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
    probability, probability_sha256 : str or None
        Name and bytes of the probabilities, where they were written.
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

    @property
    def made(self) -> dict[str, str | None]:
        """Names and SHA-256 of the files that were made."""
        also = {} if self.probability is None else {self.probability: self.probability_sha256}
        return {self.output: self.output_sha256, **also}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a job: pages or an error, never both; neither where it was up to date.

    Attributes
    ----------
    job : Job
        What was to do.
    pages : tuple
        What `denoise_many`'s `describe` returned for each page.
    result : DenoiseResult or None
        Of a picture of one page; several would not fit into memory together.
    error : IsingDenoiseError or None
        Why it failed.
    warnings : tuple of str
        What had to be assumed.
    seconds : float
        Time for reading, solving and writing.
    entry : Entry or None
        The journal's line, where there is a journal.
    stale : bool
        Whether it failed, and an older result stays under the target's name.
    """

    job: Job
    pages: tuple[Any, ...]
    result: DenoiseResult | None
    error: IsingDenoiseError | None
    warnings: tuple[str, ...]
    seconds: float
    entry: Entry | None = None
    stale: bool = False

    @property
    def line(self) -> str | None:
        """Why it failed, and what that leaves behind; None where it did not."""
        if self.error is None:
            return None
        older = f"; {printable(self.job.target)} is from an earlier run" if self.stale else ""
        return f"{self.error}{older}"

    @property
    def skipped(self) -> bool:
        """Whether nothing was done, because the journal has it all."""
        return not self.pages and self.error is None
