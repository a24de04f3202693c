"""What the commands print: text, JSON, figures."""
