"""The reference: what each public name is, read from the source without running it.

Names, signatures with their types and docstrings come from the syntax tree, so that nothing is
imported and two machines give the same text. How it looks on a page belongs in `batch.pages`.

>>> [name.title for name in modules() if name.title == "words"]
['words']
"""

import ast
import functools
import inspect
import re
from dataclasses import dataclass
from pathlib import Path

import frontier

_PACKAGE = Path(__file__).parent
# Commands, pages and controls have documents of their own; nobody types these at the prompt.
APART = (
    "additions", "batch", "charts", "citations", "cli", "datapackage", "explored", "folders",
    "preview", "prompt", "reference", "refreshes", "widgets",
)  # fmt: skip
# Where a reader starts; the others follow in the order of the alphabet.
FIRST = ("measurements", "curves", "comparisons", "claims", "serving", "hardware", "pareto")
_SECTION = re.compile(r"(Args|Returns|Raises|Yields):")
_ITEM = re.compile(r"(\*{0,2}\w+): (.*)")
_LONGEST = 88  # characters of a constant that are shown


@dataclass(frozen=True)
class Block:
    """A part of a docstring.

    `kind` is text or list (lines of prose in `lines`), code (an example or what is set apart), or
    section, with a `title` and `items` of name and text; the name is empty where there is none.
    """

    kind: str
    lines: tuple[str, ...] = ()
    title: str = ""
    items: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Name:
    """A public name: its place on the page, how it is called, what it says, what it has."""

    title: str
    anchor: str
    kind: str
    signature: str
    blocks: tuple[Block, ...] = ()
    members: tuple["Name", ...] = ()

    @property
    def first(self) -> str:
        """The first sentence or line of what it says."""
        return " ".join(self.blocks[0].lines) if self.blocks else ""


@functools.cache
def modules() -> tuple[Name, ...]:
    """Return the documented modules, those of `FIRST` first, each with its public names."""
    rest = [name for name in frontier.MODULES if name not in (*APART, *FIRST)]
    return tuple(_module(name) for name in (*FIRST, *rest))


def blocks(docstring: str, /) -> tuple[Block, ...]:
    r"""Return the parts of a docstring.

    >>> found = blocks("Say it.\n\nArgs:\n    what: the\n        words.\n\n>>> say(1)\n'1'")
    >>> [block.kind for block in found], found[1].items
    (['text', 'section', 'code'], (('what', 'the words.'),))
    """
    found = []
    for part in re.split(r"\n\s*\n", inspect.cleandoc(docstring)):
        lines = part.splitlines()
        if not lines:
            continue
        if match := _SECTION.fullmatch(lines[0]):
            found.append(_section(match[1], lines[1:]))
        elif part.startswith("    ") and found and found[-1].kind == "section":
            last = found[-1]  # a blank line inside a section
            items = (*last.items, *_section(last.title, lines).items)
            found[-1] = Block("section", title=last.title, items=items)
        else:
            found += _prose(lines)
    return tuple(found)


def _prose(lines):
    """Return the blocks of one paragraph: a list or an example may follow text at once."""
    found = []
    for line in lines:
        kind = "text"
        if line.startswith((">>>", "    ")):
            kind = "code"
        elif line.startswith("- "):
            kind = "list"
        last = found[-1] if found else None
        if last and last[0] == "code" and last[1][0].startswith(">>>"):
            kind = "code"  # what an example gives
        if last and last[0] == "list" and line.startswith("  "):
            last[1][-1] += f" {line.strip()}"
        elif last and last[0] == kind:
            last[1].append(line)
        else:
            found.append((kind, [line]))
    return [
        Block(kind, tuple(one.removeprefix("- ") if kind == "list" else one for one in some))
        for kind, some in found
    ]


def _section(title, lines):
    items, deep = [], len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    for line in lines:
        text = line.strip()
        match = _ITEM.fullmatch(text) if title in ("Args", "Raises") else None
        if match and len(line) - len(line.lstrip()) == deep:
            items.append([match[1], match[2]])
        elif items:
            items[-1][1] += f" {text}"
        else:
            items.append(["", text])
    return Block("section", title=title, items=tuple(map(tuple, items)))


def _module(name):
    path = _PACKAGE / f"{name}.py"
    path = path if path.is_file() else _PACKAGE / name / "__init__.py"
    tree = _tree(path)
    members = _all(tree, name) if _exports(tree) else _names(tree, name, path)
    said = blocks(ast.get_docstring(tree) or "")
    return Name(name, name, "module", f"frontier.{name}", said, tuple(members))


@functools.cache
def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _exports(tree):
    """Return what ``__all__`` lists, nothing where there is none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return []


def _all(tree, module):
    """Return the names that a package takes from its parts, in the order of the alphabet."""
    made = {name.title: name for name in _names(tree, module, None)}
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom):
            continue
        path = _PACKAGE.parent / f"{node.module.replace('.', '/')}.py"
        if path.is_file():
            made |= {name.title: name for name in _names(_tree(path), module, path)}
    return [made[name] for name in _exports(tree) if name in made]


def _names(tree, module, path):
    found = []
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found += _constants(node, module)
        elif made := _name(node, module, path):
            found.append(made)
    return found


def _constants(node, module):
    """Return the constants that an assignment makes: one, or several at once."""
    target, value = node.targets[0], node.value
    pairs = [(target, value)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = list(zip(target.elts, value.elts, strict=True))
    found = []
    for name, given in pairs:
        if not isinstance(name, ast.Name) or not name.id.isupper() or name.id.startswith("_"):
            continue
        text = " ".join(ast.unparse(given).split())
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
        made = f"{name.id} = {shown}"
        found.append(Name(name.id, f"{module}.{name.id}", "constant", made))
    return found


def _name(node, place, path):
    """Return what a statement defines, None where that is private or no name."""
    if isinstance(node, ast.FunctionDef):
        if node.name.startswith("_"):
            return None
        return Name(
            node.name,
            f"{place}.{node.name}",
            _kind(node),
            _signature(node),
            blocks(ast.get_docstring(node) or ""),
        )
    if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
        return _class(node, place, path)
    return None


def _class(node, place, path):
    anchor = f"{place}.{node.name}"
    bases = f"({', '.join(map(ast.unparse, node.bases))})" if node.bases else ""
    members, fields = [], []
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and not one.target.id.startswith("_"):
            fields.append(_field(one, anchor, path))
        elif isinstance(one, ast.FunctionDef) and one.name == "__init__":
            fields = []  # what it takes is said by its signature
            members.append(Name(node.name, f"{anchor}.init", "method", _signature(one, node.name)))
        elif made := _name(one, anchor, path):
            members.append(made)
    return Name(
        node.name,
        anchor,
        "class",
        f"class {node.name}{bases}",
        blocks(ast.get_docstring(node) or ""),
        (*fields, *members),
    )


def _field(node, anchor, path):
    """Return an annotated field with the comment that stands behind it."""
    value = f" = {ast.unparse(node.value)}" if node.value else ""
    said = ""
    if path is not None:
        line = path.read_text(encoding="utf-8").splitlines()[node.end_lineno - 1]
        said = line[node.end_col_offset :].strip().lstrip("#: ")
    return Name(
        node.target.id,
        f"{anchor}.{node.target.id}",
        "field",
        f"{node.target.id}: {ast.unparse(node.annotation)}{value}",
        blocks(said) if said else (),
    )


def _kind(node):
    known = {ast.unparse(one) for one in node.decorator_list}
    if known & {"property", "cached_property", "functools.cached_property"}:
        return "property"
    return "classmethod" if "classmethod" in known else "function"


def _signature(node, name=None):
    arguments = ast.unparse(node.args)
    arguments = re.sub(r"^(self|cls)(, /)?(, |$)", "", arguments)
    gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    if _kind(node) == "property":
        return f"{node.name}{gives.replace(' -> ', ': ')}"
    return f"{name or node.name}({arguments}){gives}"
