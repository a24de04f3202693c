"""`python -m isingdenoise_cli` is `isingdenoise`."""

from .main import cli

if __name__ == "__main__":
    cli(prog_name="isingdenoise")
