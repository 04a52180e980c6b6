"""The variables an installation reads, taken from the settings themselves: name, meaning, default of production."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BEGIN = "<!-- begin: manage.py environment -->"
END = "<!-- end: manage.py environment -->"
_POSITION_OF_DEFAULT = 1


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; `default` is what a reader is shown, None where it must be given."""

    name: str
    about: str
    default: str | None


def variables(settings: Path) -> tuple[Variable, ...]:
    """Return every variable that a settings file reads through `stellapolicy.env`, in the order it is read."""
    return tuple(_read(ast.parse(settings.read_text(encoding="utf-8"))))


def table(found: tuple[Variable, ...]) -> str:
    """Return the variables as a Markdown table."""
    rows = [f"| `{known.name}` | {known.about} | {_shown(known.default)} |" for known in found]
    return "\n".join(["| variable | what | default |", "|---|---|---|", *rows])


def replaced(text: str, content: str) -> str:
    """Return a document with what stands between the two marks replaced; refuses one without them."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document lacks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def _read(tree: ast.Module) -> Iterator[Variable]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_reader(node.func)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        said = {keyword.arg: keyword.value for keyword in call.keywords}
        reader = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if reader == "mode":
            yield Variable("STELLA_MODE", _text(said.get("about")), "production")
            continue
        default = said.get(
            "default", call.args[_POSITION_OF_DEFAULT] if len(call.args) > _POSITION_OF_DEFAULT else None
        )
        required = default is None and reader == "text"
        yield Variable(_text(call.args[0]), _text(said.get("about")), None if required else _default(default))


def _is_reader(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and called.value.id == "env"
        and called.attr.islower()
    )


def _text(node: ast.expr | None) -> str:
    return str(ast.literal_eval(node)) if node is not None else ""


def _default(node: ast.expr | None) -> str | None:
    """Return the default that production has: of a choice by LAPTOP, the other side."""
    match node:
        case None | ast.IfExp(body=ast.Constant(value="")):
            return ""
        case ast.IfExp(test=ast.Name(id="LAPTOP"), orelse=other):
            return _default(other)
        case ast.Constant(value=value):
            return None if value is None else _spelled(value)
        case ast.BinOp(left=ast.Name(id=folder), op=ast.Div(), right=ast.Constant(value=str() as name)):
            return f"{'' if folder == 'BASE_DIR' else 'STELLA_VAR/'}{name}"
        case other:
            return "true" if ast.unparse(other) == "not LAPTOP" else ast.unparse(other)


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(default: str | None) -> str:
    match default:
        case None:
            return "none, must be given"
        case "":
            return "empty"
        case known:
            return f"`{known}`"
