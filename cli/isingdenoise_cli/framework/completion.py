"""Completion in bash of what has an equals sign in it, which bash takes for three words."""

from __future__ import annotations

from typing import Any

from click.shell_completion import BashComplete, CompletionItem, add_completion_class

_ADDED = "COMPREPLY+=($value)"
#: No space behind NAME=, for what follows belongs to it.
_NO_SPACE = f"[[ $value == *= ]] && compopt -o nospace\n            {_ADDED}"


class EqualsComplete(BashComplete):
    """Completes NAME=VALUE behind an option such as -O."""

    source_template = BashComplete.source_template.replace(_ADDED, _NO_SPACE)
    _left = ""  # what stands before the word that bash asks for, and belongs to it

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the incomplete one, and it, put together again."""
        args, incomplete = super().get_completion_args()
        if incomplete == "=":
            args, incomplete = [*args, "="], ""
        if len(args) > 2 and args[-1] == "=":
            if args[-2].startswith("--"):  # of an option and its value click knows how to go on
                args = args[:-1]
            else:
                self._left = f"{args[-2]}="
                args, incomplete = args[:-2], self._left + incomplete
        return args, incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return an item as the script takes it, without what stands there already."""
        item.value = str(item.value).removeprefix(self._left)
        return super().format_completion(item)


def enable() -> None:
    """Let click complete so."""
    add_completion_class(EqualsComplete)
