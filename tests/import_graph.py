"""Which module of the package imports which, read from the source: lazy and typing imports included."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from repository import SOURCE

PACKAGE = "spinfunnel"


def module_names(source: Path = SOURCE) -> dict[str, Path]:
    """Every module by its dotted name."""
    found = {}
    for path in sorted((source / PACKAGE).rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.AST, *, name: str, package: bool, known: Mapping[str, object]) -> Iterator[str]:
    """Modules that a module imports anywhere in its body: the deepest that exists of each dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                home = name.split(".")
                home = home[: len(home) - node.level + package]
                base = ".".join([*home, base] if base else home)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in known else base


def import_graph(source: Path = SOURCE) -> dict[str, set[str]]:
    """Imports between modules of the package.

    The import of a package counts as one of its ``__init__``; that ``a.b`` implies ``a`` does not count, since it is so
    for every module of a folder.
    """
    modules = module_names(source)
    graph = {}
    for name, path in modules.items():
        tree = ast.parse(path.read_text())
        found = imported(tree, name=name, package=path.name == "__init__.py", known=modules)
        graph[name] = {other for other in found if other in modules and other != name}
    return graph


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Strongly connected components of more than one module, after Tarjan."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            cut = stack.index(node)
            part = stack[cut:]
            del stack[cut:]
            if len(part) > 1:
                found.append(sorted(part))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found
