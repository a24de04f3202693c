"""Who may import whom: the layers of the package, read from its sources."""

import ast
import io
import re
import tokenize
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY, CLI = "isingdenoise", "isingdenoise_cli"

# Each part of the library, and the parts it may import; what is not listed is refused.
LAYERS = {
    "_version": set(),
    "errors": set(),
    "names": set(),
    "environment": {"errors"},
    "_kernels": {"environment"},  # before numba is loaded
    "validation": {"errors"},
    "edges": {"validation", "errors"},
    "coupling": {"edges", "validation", "errors"},
    "model": {"coupling", "validation", "errors"},
    "gauge": {"coupling", "edges", "model"},
    "metrics": {"validation", "errors"},
    "diagnostics": {"validation", "errors"},
    "messages": set(),
    "noise": {"_kernels", "messages", "model", "validation", "errors"},
    "background": {"validation", "errors"},
    "prior": {"io", "model", "errors"},
    "backends": {"_kernels", "prior", "model", "coupling", "environment", "errors"},
    "deadline": {"validation", "errors"},
    "inference": {
        *("deadline", "backends", "gauge", "model", "edges", "diagnostics", "validation"),
        *("prior", "coupling", "errors"),
    },
    "learning": {
        *("inference", "noise", "background", "messages", "model", "coupling", "validation"),
        *("names", "errors", "_kernels"),
    },
    "_notebook": {"io"},
    "result": {
        *("_notebook", "plotting", "learning", "inference", "noise", "model", "coupling"),
        "errors",
    },
    "criticism": {"result", "inference", "noise"},
    "api": {
        *(
            "criticism",
            "messages",
            "result",
            "learning",
            "background",
            "inference",
            "noise",
            "model",
            "coupling",
        ),
        *("names", "validation", "errors", "_version"),
    },
    "restoration": {
        *("api", "learning", "inference", "noise", "coupling", "names", "validation"),
    },
    "plugins": {"api", "result", "inference", "messages", "names", "errors"},
    "memory": {"api", "learning", "inference", "noise", "coupling", "validation"},
    "io": {"deadline", "errors"},
    "animation": {"inference", "io", "noise", "result", "errors"},
    "plotting": {
        *("inference", "learning", "noise"),  # the types of a trace, an estimate, a noise model
        *("io", "validation", "errors"),
    },
    "warmup": {"backends", "inference", "model", "coupling"},
    "pipeline": {
        *(
            "api",
            "animation",
            "memory",
            "background",
            "result",
            "learning",
            "io",
            "inference",
            "messages",
            "noise",
        ),
        *("coupling", "criticism", "deadline", "names", "validation", "errors", "_version"),
    },
    "html": {"pipeline", "inference", "result", "io", "errors", "_version"},
    "batch": {
        *("html", "pipeline", "inference", "result", "io", "validation", "errors"),
        *("environment", "_version"),
    },
    "tuning": {
        *("api", "html", "pipeline", "result", "io", "noise", "messages", "coupling", "errors"),
    },
    "training": {"prior", "inference", "model", "coupling", "metrics", "validation", "errors"},
    "generative": {"io", "validation", "errors", "_version"},
    "gradient_experiment": {"inference", "model", "validation", "errors"},
    "potts": {"inference", "backends", "diagnostics", "model", "coupling", "validation", "errors"},
    "segmentation": {
        *("potts", "inference", "learning", "noise", "messages", "coupling", "validation"),
        *("io", "errors", "_version"),
    },
    "volumes": {
        *("learning", "inference", "backends", "noise", "messages", "diagnostics", "model"),
        *("coupling", "edges", "io", "deadline", "names", "validation", "errors", "_version"),
    },
    "chunked": {
        *("pipeline", "api", "result", "learning", "inference", "noise"),
        *("model", "coupling", "deadline", "io", "validation", "errors", "_version"),
    },
    "experiments": {
        *("api", "result", "learning", "io", "metrics", "warmup", "inference", "noise"),
        *("coupling", "messages", "model", "validation", "errors"),
        *("plotting", "generative", "gradient_experiment"),  # the figure and fonts of examples
    },
}
# The package itself names what is public, for type checkers alone.
LAYERS["__main__"] = set()
LAYERS["__init__"] = {
    *("_version", "api", "background", "coupling", "errors", "inference", "learning", "memory"),
    *("messages", "model", "noise", "restoration", "result"),
}

# Each package of the command line, and those that it may import.
COMMAND_LAYERS = {
    "__init__": set(),
    "console": set(),
    "framework": {"console"},
    "options": set(),
    "render": {"console", "framework", "options"},
    "commands": {"console", "framework", "options", "render"},
    "main": {"framework"},
    "__main__": {"main"},
}

# Foreign packages, and the parts that alone may import them, at the top or inside a function.
OWNERS = {
    "numba": {"_kernels"},
    "llvmlite": {"_kernels"},
    "matplotlib": {"plotting"},
    "PIL": {"io", "training", "plugins"},  # which draws its pictures; that of OCRmyPDF
    "imageio": {"io"},
    "tifffile": {"io", "chunked"},  # single tiles of files larger than memory
    "zarr": {"chunked", "volumes"},
    "torch": {"generative", "training"},
    "jinja2": {"html"},
    "markupsafe": {"html"},
    "starlette": {"tuning"},
    "uvicorn": {"tuning"},
    "napari": {"plugins"},
    "distributed": {"batch"},
    "ocrmypdf": {"plugins"},
}
NEVER_IN_THE_LIBRARY = {"click", CLI}
LONGEST_COMMAND = 120  # lines of code: a command parses, calls and prints
LONGEST_SHARED = 180


def sources():
    """Return {dotted name: text} of all modules; a package's own file ends in `.__init__`."""
    found = {}
    for base in (ROOT, ROOT / "cli"):
        for path in sorted((base / (CLI if base.name == "cli" else LIBRARY)).rglob("*.py")):
            name = ".".join(path.relative_to(base).with_suffix("").parts)
            found[name] = path.read_text(encoding="utf-8")
    return found


def imports(module, text, known):
    """Yield (dotted name, whether for types alone) of everything a module imports."""
    tree = ast.parse(text)
    for_types = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and "TYPE_CHECKING" in ast.unparse(test.test)
        for statement in test.body
        for node in ast.walk(statement)
    }
    package = module.split(".")[:-1]
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [inner(base, alias.name, known) for alias in node.names]
        elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
            first = node.args[0] if node.args else None
            names = [first.value] if isinstance(first, ast.Constant) else []
        for name in names:
            yield name, id(node) in for_types


def inner(base, name, known):
    """Return `base.name`, or `base` where it is ours and has no such module."""
    full = f"{base}.{name}"
    ours = place(base)[0] in {LIBRARY, CLI}
    return base if ours and full not in known and f"{full}.__init__" not in known else full


def called(node):
    function = node.func
    return getattr(function, "id", None) or getattr(function, "attr", None)


def faults(modules):
    """Return one line for each rule that a module breaks."""
    found = []
    graph = {}
    for module, text in modules.items():
        found += [f"{module}: {fault}" for fault in faults_of_text(module, text)]
        for name, for_types in imports(module, text, modules):
            found += [f"{module}: imports {name}"] * is_refused(module, name)
            own = name if name in modules else f"{name}.__init__"
            if own in modules and own != module and not for_types:
                graph.setdefault(module, set()).add(own)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        found.append(f"imports in a circle: {' -> '.join(circle.args[1])}")
    return found


def faults_of_text(module, text):
    home, part = place(module)
    if home == CLI:
        if part not in COMMAND_LAYERS:
            yield "is in no layer"
        longest = LONGEST_COMMAND if part == "commands" else LONGEST_SHARED
        if (lines := code_lines(text)) > longest:
            yield f"has {lines} lines of code"
        return
    if part not in LAYERS:
        yield "is in no layer"
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    yield from ("prints" for call in calls if called(call) in {"print", "echo"})


def is_refused(module, name):
    """Tell whether `module` must not import `name`."""
    home, part = place(module)
    top, target = place(name)
    if top == home:
        if is_another_command(module, name):
            return True
        layers = LAYERS if home == LIBRARY else COMMAND_LAYERS
        return target not in {part, *layers.get(part, ())}
    if home == LIBRARY and top in NEVER_IN_THE_LIBRARY:
        return (part, top) != ("__main__", CLI)  # `python -m isingdenoise`
    if home == CLI and top == LIBRARY:
        private = target.startswith("_") and target not in {"__init__", "_version"}
        return private or name.startswith(f"{LIBRARY}.io.")  # the package names what is public
    owner = OWNERS.get(top)
    alone = owner is None or (home == LIBRARY and part in owner)
    return name.startswith("matplotlib.pyplot") or not alone


def is_another_command(module, name):
    """Tell whether one subcommand imports another."""
    return module.startswith(f"{CLI}.commands.") and name.startswith(f"{CLI}.commands.")


def place(name):
    """Return (top-level package, part below it) of a dotted name."""
    top, _, below = name.partition(".")
    return top, below.partition(".")[0] or "__init__"


def code_lines(text):
    """Count the lines that hold code: no blank ones, comments, docstrings or help."""
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    quiet |= {tokenize.ENCODING, tokenize.ENDMARKER}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in quiet:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        is_help = isinstance(node, ast.Assign) and "HELP" in ast.unparse(node.targets[0])
        if (isinstance(node, ast.Expr) or is_help) and isinstance(node.value, ast.Constant):
            lines.difference_update(range(node.lineno, node.end_lineno + 1))
    return len(lines)


@pytest.mark.slow
def test_every_module_keeps_to_its_layer():
    assert faults(sources()) == []


def test_the_sources_were_found():
    found = sources()
    assert {"isingdenoise.__init__", "isingdenoise._kernels._jit", f"{CLI}.main"} <= set(found)
    edges = {name for name, _ in imports("isingdenoise.api", found["isingdenoise.api"], found)}
    assert {"isingdenoise.inference", "isingdenoise.noise", "numpy"} <= edges
    inside = imports("isingdenoise.plotting.scores", found["isingdenoise.plotting.scores"], found)
    assert ("matplotlib.figure.Figure", False) in inside  # imported within a function


def test_the_layers_themselves_have_no_circle():
    TopologicalSorter(LAYERS).prepare()


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        ("isingdenoise.coupling", "from .inference import MeanField", "inference"),
        ("isingdenoise.coupling", "from isingdenoise import api", "api"),
        ("isingdenoise.coupling", "import isingdenoise.model", "model"),
        ("isingdenoise.coupling", "from . import model", "model"),
        ("isingdenoise.coupling", "from isingdenoise import denoise", "isingdenoise"),
        ("isingdenoise._kernels.icm", "from ..errors import ParameterError", "errors"),
        (
            "isingdenoise.noise.models.flip",
            "def f():\n    from ...inference import ICM",
            "inference",
        ),
        ("isingdenoise.inference.icm", "from ..noise import FlipNoise", "noise"),
        ("isingdenoise.inference.icm", "from ..api import denoise", "api"),
        ("isingdenoise.inference.icm", "import numba", "numba"),
        ("isingdenoise.inference.icm", "from .._kernels import icm", "_kernels"),
        ("isingdenoise.backends.numba.lattice", "import numba", "numba"),
        ("isingdenoise.inference.icm", "def f():\n    from numba import njit", "numba"),
        ("isingdenoise.metrics", "__import__('numba')", "numba"),
        ("isingdenoise.metrics", "importlib.import_module('numba.core')", "numba"),
        ("isingdenoise.api", "def f():\n    from matplotlib.figure import Figure", "matplotlib"),
        ("isingdenoise.plotting", "import matplotlib.pyplot as plt", "pyplot"),
        ("isingdenoise.plotting", "from matplotlib import pyplot", "pyplot"),
        ("isingdenoise.batch", "from PIL import Image", "PIL"),
        ("isingdenoise.batch", "import click", "click"),
        ("isingdenoise.batch", "def f():\n    from isingdenoise_cli import render", "cli"),
        ("isingdenoise.batch", "def f():\n    print('done')", "prints"),
        ("isingdenoise.__main__", "from isingdenoise import api", "api"),
        ("isingdenoise.brandnew", "import numpy", "no layer"),
        ("isingdenoise_cli.console.bar", "from .. import options", "options"),
        ("isingdenoise_cli.console.bar", "from ..render import text", "render"),
        ("isingdenoise_cli.main", "from .commands.run import run", "run"),
        ("isingdenoise_cli.commands.run", "from .batch import batch", "batch"),
        ("isingdenoise_cli.commands.run", "import numba", "numba"),
        (
            "isingdenoise_cli.commands.run",
            "from isingdenoise.io.atomic import atomic_file",
            "io.atomic",
        ),
        ("isingdenoise_cli.commands.run", "from isingdenoise import _kernels", "_kernels"),
        ("isingdenoise_cli.console.bar", "x = 1\n" * 181, "181 lines"),
        ("isingdenoise_cli.commands.run", "x = 1\n" * 121, "121 lines"),
        ("isingdenoise_cli.brandnew", "import click", "no layer"),
    ],
)
def test_each_rule_can_be_broken(module, text, fault):
    packages = ("inference", "noise", "_kernels", "io")
    names = [
        "api",
        "errors",
        "model",
        "io.atomic",
        *(f"{package}.__init__" for package in packages),
    ]
    modules = {f"{LIBRARY}.{name}": "" for name in names}
    parts = ("console.bar", "options.__init__", "render.text", "commands.run", "commands.batch")
    modules |= {f"{CLI}.{name}": "" for name in parts}
    assert faults(modules) == []
    found = faults({**modules, module: text})
    assert len(found) == 1, found
    assert found[0].startswith(f"{module}: ")
    assert fault in found[0]


def named_engines(module, text, engines):
    """Return the engines that a module names: in a text of its own, or by asking for a class."""
    tree = ast.parse(text)
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    asked = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node) == "isinstance"
        for name in re.findall(r"\w+", ast.unparse(node.args[1]))
    }
    return {
        name
        for name, kind in engines.items()
        if kind.__module__ != module and (name in texts or kind.__name__ in asked)
    }


@pytest.mark.slow
def test_no_module_names_an_engine_but_its_own():
    from isingdenoise import ENGINES, Status
    from isingdenoise.potts import POTTS_ENGINES
    from isingdenoise.volumes import VOLUME_ENGINES

    found = {module: named_engines(module, text, ENGINES) for module, text in sources().items()}
    found["isingdenoise.inference.solution"] -= {Status.EXACT.value}  # a status of the same name
    assert found.pop("isingdenoise.names") == set(ENGINES)  # the types of arguments name them all
    # engines of label maps and of volumes share names
    for kind in (*POTTS_ENGINES.values(), *VOLUME_ENGINES.values()):
        found[kind.__module__] -= {kind.name}
    assert {module: names for module, names in found.items() if names} == {}
    assert named_engines("m", "isinstance(x, (int, MeanField))", ENGINES) == {"mf"}
    assert named_engines("m", "x == 'gibbs'", ENGINES) == {"gibbs"}
    assert named_engines("isingdenoise.inference.gibbs", "x == 'gibbs'", ENGINES) == set()


def options_named(text):
    """Return the strings of a source that name an option of a command, docstrings left out."""
    tree = ast.parse(text)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
        if "--" in node.value or re.search(r"(?<!\w)-[A-Za-z] ", node.value + " ")
    ]


def test_the_library_names_no_option_of_a_command():
    library = {module: text for module, text in sources().items() if place(module)[0] == LIBRARY}
    found = {module: options_named(text) for module, text in library.items()}
    assert found.pop("isingdenoise.plugins.ocrmypdf") == ["--ising-denoise"]  # of OCRmyPDF
    assert {module: texts for module, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("raise ReadError(name, 'exists; use --force to replace it')", 1),
        ("x = f'{what}; raise it with --{limit}'", 1),
        ("x = ' or '.join(f'-O {name}' for name in names)", 1),
        ("x = 'choose one with -O'", 1),
        ("def f():\n    'As --force does.'\n    return 'a-b - c -1 x-O'  # not --force", 0),
    ],
)
def test_an_option_that_the_library_names_would_be_seen(text, number):
    assert len(options_named(text)) == number


def test_a_circle_is_found_within_a_part_but_not_where_it_is_for_types_alone():
    one, two = "isingdenoise.noise.one", "isingdenoise.noise.two"
    assert "circle" in faults({one: "from .two import x", two: "from .one import y"})[0]
    quiet = "if TYPE_CHECKING:\n    from .one import y"
    assert faults({one: "from .two import x", two: quiet}) == []


def test_lines_of_code_leave_out_what_is_none():
    text = '"""A\ndocstring."""\n\n# a comment\ndef f():\n    """Doc."""\n    return (\n1\n)\n'
    assert code_lines(text) == 4
    assert code_lines('HELP = """A\ntext."""\nOTHER = """B\ntext."""\n') == 2
