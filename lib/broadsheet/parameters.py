"""The parameters of a notebook: a schema read from its parameters cell.

A notebook says what can be changed by typed assignments in one cell with papermill's tag
``parameters``, each with a comment that is its help, and nothing else:

    city: str = "oslo"  # whose series is shown [one of stations.city]
    height: float = 50.0  # where it is read [1..500 m]
    as_of: str | None = None  # rows up to this day [date]
    how: Literal["mean", "median"] = "mean"  # what stands for a month
    months: list[str] = ["2025-10"]  # months shown

The cell is parsed and never run here: papermill's own inspector is a regular expression
that does not see optional and ``Literal`` types, and it validates nothing. Values are
checked before a kernel starts. Dates are ISO strings marked ``[date]``, because a string
is what both papermill and a person at the notebook can write without an import.
Running notebooks and drawing the table of parameters do not belong here.
"""

import ast
import datetime
import io
import json
import math
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from broadsheet.errors import UsageError, among

_SCALARS = {"int": int, "float": float, "bool": bool, "str": str}
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?: (.+))?")
_CONSTRAINTS = "[LOW..HIGH unit], [date], [one of TABLE.COLUMN]"
_TYPES = "int, float, bool, str, list[int], list[float], list[str], Literal[...], each also | None"


@dataclass(frozen=True)
class Parameter:
    """One parameter: ``base`` is a scalar type's name or ``Literal``; a list holds items of it."""

    name: str
    base: str
    default: object
    help: str
    literals: tuple = ()
    is_list: bool = False
    optional: bool = False
    low: float | None = None
    high: float | None = None
    unit: str = ""
    is_date: bool = False
    choices_of: str = ""

    @property
    def type(self) -> str:
        """The type as text, as a reader is shown it."""
        base = "date" if self.is_date else self.base
        if self.base == "Literal":
            base = f"Literal[{', '.join(map(repr, self.literals))}]"
        base = f"list[{base}]" if self.is_list else base
        return f"{base} | None" if self.optional else base

    @property
    def constraint(self) -> str:
        """The constraint as text, empty where there is none."""
        if self.low is not None:
            return f"{self.low:g}..{self.high:g} {self.unit}".strip()
        return f"one of {self.choices_of}" if self.choices_of else ""


def read(notebook: Path, /, *, edited: bool = False) -> tuple[Parameter, ...]:
    """Return the parameters of a notebook in the order of its cell, none if it has no such cell.

    With ``edited``, a default of the wrong type or range is taken as it stands: whoever edits the
    cell by hand may have saved it, and is told of the value when that is checked.

    Raises UsageError naming the notebook and the line of anything that is not a typed
    assignment of a literal with a comment.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        tagged = ["".join(cell["source"]) for cell in cells if "parameters" in tags(cell)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise UsageError(f"{notebook.name} is not a notebook: {problem}") from error
    if len(tagged) > 1:
        raise UsageError(f"{notebook.name} has {len(tagged)} cells tagged parameters, one is meant")
    return _parse(tagged[0], notebook.name, edited) if tagged else ()


def tags(cell: dict, /) -> list[str]:
    """Return the tags of a cell, none where what stands there is no list of them."""
    found = (cell.get("metadata") or {}).get("tags")
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def parse_value(parameter: Parameter, /, *texts: str):
    """Return the typed value that the texts of ``--set name=text`` stand for.

    Lists take commas or several texts; ``none`` is None where the type is optional.
    Raises UsageError where a text is not of the parameter's type.
    """
    if len(texts) > 1 and not parameter.is_list:
        raise UsageError(f"parameter {parameter.name!r} is set {len(texts)} times")
    if parameter.optional and texts[-1].strip().lower() == "none":
        return None
    if parameter.is_list:
        items = [item.strip() for text in texts for item in text.split(",")]
        return [_scalar(parameter, item) for item in items if item]
    return _scalar(parameter, texts[0])


def format_value(value, /) -> str:
    """Return the text that ``parse_value`` reads as this value."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


def check(parameters, values, /, *, choices=None, notebook="the notebook") -> dict:
    """Return ``values`` (name to typed value) with whole numbers made floats where floats are due.

    ``choices(name)`` gives the values that the data have for ``[one of name]``. Raises
    UsageError for an unknown name, a wrong type, a value out of range or not in the data.
    """
    known = by_name(parameters, values, notebook)
    return {name: _checked(known[name], value, choices) for name, value in values.items()}


def by_name(parameters, names, where: str, /) -> dict[str, Parameter]:
    """Return the parameters of `where` by name; UsageError where one of `names` is none's."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in names:
        if name not in known:
            raise UsageError(f"unknown parameter {name!r} of {where}: {among(name, known)}")
    return known


def _parse(source, notebook, edited=False):
    def fail(line, problem):
        return UsageError(f"{notebook}, parameters cell, line {line}: {problem}")

    try:
        statements = ast.parse(source).body
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, tokenize.TokenError) as error:
        raise fail(getattr(error, "lineno", 1), f"not Python: {error.args[0]}") from error
    comments = {
        t.start[0]: t.string.lstrip("#").strip() for t in tokens if t.type == tokenize.COMMENT
    }
    found = {}
    for node in statements:
        help_text = comments.pop(node.end_lineno, "")
        try:
            parameter = _parameter(node, help_text, edited)
        except ValueError as error:
            raise fail(node.lineno, error) from error
        if parameter.name in found:
            raise fail(node.lineno, f"{parameter.name!r} is assigned twice")
        found[parameter.name] = parameter
    if comments:
        raise fail(min(comments), "a comment that is no parameter's help; use a Markdown cell")
    return tuple(found.values())


def _parameter(node, help_text, edited):
    """Return the parameter that one statement declares; ValueError says why it does not."""
    if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value):
        raise ValueError("only typed assignments belong here: name: type = literal  # help")
    if not help_text:
        raise ValueError(f"{node.target.id!r} has no help; add it as a comment on its line")
    try:
        default = ast.literal_eval(node.value)
    except ValueError as error:
        if not edited:
            raise ValueError(f"the default of {node.target.id!r} is not a literal") from error
        default = None  # who computes a value by hand has it checked as what it came to
    bracket = ""
    if help_text.endswith("]"):
        help_text, _, bracket = help_text[:-1].rpartition("[")
    parameter = Parameter(
        name=node.target.id,
        default=default,
        help=help_text.strip(),
        **_type(node.annotation),
        **_constraint(bracket),
    )
    if not edited:
        try:
            _checked(parameter, default, None)
        except UsageError as error:
            raise ValueError(str(error)) from error
    return parameter


def _type(annotation):
    match annotation:
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return {**_type(left), "optional": True}
        case ast.Name(id=name) if name in _SCALARS:
            return {"base": name}
        case ast.Subscript(value=ast.Name(id="list"), slice=ast.Name(id="int" | "float" | "str")):
            return {"base": annotation.slice.id, "is_list": True}
        case ast.Subscript(value=ast.Name(id="Literal"), slice=items):
            found = ast.literal_eval(items)
            return {"base": "Literal", "literals": found if isinstance(found, tuple) else (found,)}
    raise ValueError(f"type {ast.unparse(annotation)!r} is not one of: {_TYPES}")


def _constraint(bracket):
    if not bracket:
        return {}
    text = bracket.strip()
    if text == "date":
        return {"is_date": True}
    if text.startswith("one of "):
        return {"choices_of": text.removeprefix("one of ").strip()}
    if found := _RANGE.fullmatch(text):
        low, high, unit = found.groups()
        return {"low": float(low), "high": float(high), "unit": unit or ""}
    raise ValueError(f"constraint [{text}] is not one of: {_CONSTRAINTS}")


def _scalar(parameter, text):
    text = text.strip()
    if parameter.base == "bool":
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
    elif parameter.base == "Literal":
        for literal in parameter.literals:
            if text == str(literal):
                return literal
    else:
        try:
            return _SCALARS[parameter.base](text)
        except ValueError:
            pass
    raise UsageError(_wrong_type(parameter, text))


def _wrong_type(parameter, value):
    how = "; write YYYY-MM-DD" if parameter.is_date else ""
    return f"parameter {parameter.name!r} is {parameter.type}, not {value!r}{how}"


def _checked(parameter, value, choices):
    if value is None and parameter.optional:
        return None
    if not parameter.is_list:
        return _checked_item(parameter, value, choices)
    if not isinstance(value, list):
        raise UsageError(_wrong_type(parameter, value))
    return [_checked_item(parameter, item, choices) for item in value]


def _checked_item(parameter, value, choices):
    if parameter.base == "float" and type(value) is int:
        value = float(value)
    if not _is_of_type(parameter, value):
        raise UsageError(_wrong_type(parameter, value))
    told = f"parameter {parameter.name!r} is {value!r}"
    if parameter.low is not None and not parameter.low <= value <= parameter.high:
        raise UsageError(f"{told}, out of range {parameter.constraint}")
    if parameter.choices_of and choices is not None:
        present = list(choices(parameter.choices_of))
        if value not in present:
            known = f"{parameter.choices_of} has: {', '.join(map(str, present))}"
            raise UsageError(f"{told}, which is not in the data; {known}")
    return value


def _is_of_type(parameter, value):
    if parameter.base == "Literal":
        # 1 == True == 1.0 in Python, and a reader means one of them.
        return any(value == one and type(value) is type(one) for one in parameter.literals)
    if type(value) is not _SCALARS[parameter.base]:
        return False
    if parameter.is_date:
        try:
            # Python also takes 20251001 and 2025-W40-1, which others do not read as that day.
            return datetime.date.fromisoformat(value).isoformat() == value
        except ValueError:
            return False
    return not isinstance(value, float) or math.isfinite(value)
