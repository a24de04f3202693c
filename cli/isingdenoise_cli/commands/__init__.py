"""The subcommands: parse, call the library, print; one file a command."""
