"""The Protocols that rooms ask to be filled, found in their `ports.py`."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOMS = ("stellapolicy", "policies", "gates", "exceptions", "airgap")


def protocols(root: Path) -> Iterator[str]:
    """Yield the dotted path of every Protocol in a `ports.py`; one that is only called is the shape of a function."""
    for path in sorted(found for room in ROOMS for found in (root / room).rglob("ports.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and _is_protocol(node) and not _is_only_called(node):
                yield f"{module}.{node.name}"


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).split("[")[0].endswith("Protocol") for base in node.bases)


def _is_only_called(node: ast.ClassDef) -> bool:
    methods = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
    return methods == ["__call__"]
