"""What every subcommand stands on: the group, settings from elsewhere, errors, signals."""
