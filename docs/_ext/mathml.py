"""Formulae as MathML, which browsers draw themselves: pages need no script and no network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math import latex2mathml

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SPACE = '<mspace width="0.17em"/>'
# A name such as log or tanh; browsers set it close to what stands around it.
BEFORE = re.compile(r"(</m(?:i|n|sub|sup|frac)>|\)</mo>)(\s*<mi[^>]*>[a-z]{3,}</mi>\s*<mo>&Apply)")
AFTER = re.compile(r"(<mo>&ApplyFunction;</mo>)(?!\s*<mo[^>]*>[(\[])")


def converted(code: str, as_block: bool = False) -> str:
    """Return a formula in LaTeX's language as MathML."""
    text = latex2mathml.tex2mathml(code, as_block=as_block)
    return AFTER.sub(rf"\1{SPACE}", BEFORE.sub(rf"\1{SPACE}\2", text))


def inline(translator: Any, node: nodes.math) -> None:
    """Write a formula in a line of text."""
    translator.body.append(converted(node.astext()))
    raise nodes.SkipNode


def block(translator: Any, node: nodes.math_block) -> None:
    """Write a formula on lines of its own."""
    code = node.astext().strip()
    if "\\\\" in code and "\\begin" not in code:
        code = f"\\begin{{aligned}}{code}\\end{{aligned}}"
    translator.body.append(f'<div class="math">{converted(code, as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
