"""What stands in the cells of the project's notebooks, read without running them."""

import ast

import nbformat

from frontier.data import paths

NOTEBOOKS = sorted(paths.notebooks().glob("*.ipynb"))


def cells(path, kind):
    """The cells of a kind (code or markdown), in order."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def tree(cell):
    """The syntax tree of a code cell."""
    return ast.parse(cell.source)


def exhibit_names(path):
    """The names that a notebook gives its figures and tables."""
    return [
        keyword.value.value
        for cell in cells(path, "code")
        for node in ast.walk(tree(cell))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    ]
