"""`python -m isingdenoise` is the command `isingdenoise`, which is a package of its own."""

from isingdenoise_cli.main import cli

if __name__ == "__main__":
    cli(prog_name="isingdenoise")
