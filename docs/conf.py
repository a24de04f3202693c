"""Build the documentation: `scripts/docs`, or `python -m sphinx -W docs docs/_build/html`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
for folder in (HERE / "_ext", ROOT / "cli", ROOT):
    sys.path.insert(0, str(folder))

from isingdenoise._version import __version__  # noqa: E402

# What the executed pages start finds the command, this checkout and its samples.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT, ROOT / "cli", HERE / "_ext")))
os.environ["SAMPLES"] = str(ROOT / "sample_images")
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the kernel's debugger is not used

project = "isingdenoise"
author = copyright = "the isingdenoise authors"  # noqa: A001 - Sphinx's own word
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "examples",
    "gallery",
    "mathml",
]
exclude_patterns = ["_build", "_templates", "experiments/*.inc.md"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}  # the first one is autosummary's

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

default_role = "py:obj"
smartquotes = False  # they would make a dash of --
autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say shapes and units too
napoleon_google_docstring = False
# No fields of types: their words, such as "shape", would become links to what is called so.
napoleon_use_param = False
napoleon_custom_sections = [("Attributes", "params_style")]
napoleon_use_rtype = False

html_theme = "pydata_sphinx_theme"
html_title = "isingdenoise"
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["custom.css"]
html_show_sourcelink = False
html_math_renderer = "mathml"
html_sidebars = {"index": []}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "header_links_before_dropdown": 7,
}
