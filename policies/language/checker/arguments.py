"""Arguments: which parameter each one is for, by place or by name."""

from collections.abc import Sequence

from policies.language import tree
from policies.language.checker.scope import Scope
from policies.language.diagnostics import did_you_mean


def bind(scope: Scope, node: tree.Call, names: Sequence[str], *, required: int) -> dict[str, tree.Expression] | None:
    """Return the argument of each parameter by name, the first `required` of them present; None after reporting."""
    bound: dict[str, tree.Expression] = {}
    for place, argument in enumerate(node.arguments):
        name = _name(scope, argument, names, place)
        if name is None:
            return None
        if name in bound:
            scope.gathering.report("E303", argument.span, f"`{name}` is given twice")
            return None
        bound[name] = argument.value
    missing = [name for name in names[:required] if name not in bound]
    if missing:
        message = f"`{node.target.dotted}` needs {', '.join(f'`{name}`' for name in missing)}"
        scope.gathering.report("E303", node.span, message, hint=_signature(node, names))
        return None
    return bound


def _name(scope: Scope, argument: tree.Argument, names: Sequence[str], place: int) -> str | None:
    if argument.name is None:
        if place < len(names):
            return names[place]
        count = f"at most {len(names)}" if names else "no"
        scope.gathering.report("E303", argument.span, f"{count} argument{'' if len(names) == 1 else 's'} can be given")
        return None
    if argument.name.text in names:
        return argument.name.text
    hint = did_you_mean(argument.name.text, names)
    scope.gathering.report("E303", argument.name.span, f"there is no parameter `{argument.name.text}`", hint=hint)
    return None


def _signature(node: tree.Call, names: Sequence[str]) -> str:
    return f"write `{node.target.dotted}({', '.join(names)})`"
