"""Options of what is made to be looked at, or read by other programs."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["PATH", "csv_option", "plot_option", "report_option"]

PATH = click.Path(path_type=Path, readable=False)  # files have their own words for that

plot_option = click.option("--plot", type=PATH, help="Write a figure (.png, .pdf, .svg).")
csv_option = click.option(
    "--csv", "table", type=PATH, help="Write the numbers, a line for each engine, to a .csv file."
)
report_option = click.option(
    "--report",
    type=PATH,
    help="Write a page for the browser (.html): before and after, changes, how sure, estimates.",
)
