"""Draws a state machine from its code, as Mermaid text for the documentation."""

from django.db.models import Model
from django_fsm import FSMFieldMixin


def mermaid(model: type[Model], field: str = "state") -> str:
    """Return the state diagram of a model: where it begins, every transition by its name, where it ends."""
    machine = model._meta.get_field(field)
    assert isinstance(machine, FSMFieldMixin)
    moves = sorted((each.source, each.target, each.name) for each in machine.get_all_transitions(model))
    ends = sorted({target for _, target, _ in moves} - {source for source, _, _ in moves})
    lines = [
        f"[*] --> {machine.get_default()}",
        *(f"{source} --> {target}: {name}" for source, target, name in moves),
        *(f"{end} --> [*]" for end in ends),
    ]
    return "```mermaid\nstateDiagram-v2\n" + "".join(f"    {line}\n" for line in lines) + "```\n"
