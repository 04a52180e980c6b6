"""Saying that there is nothing to say, with the reasons."""

from collections.abc import Sequence

from exceptions.errors import NothingToExport
from exceptions.formats.values import Loss
from stellapolicy.kernel.refusals import Fault


def refuse_nothing(title: str, losses: Sequence[Loss]) -> NothingToExport:
    """Return the refusal to write a document that would state nothing; the faults say why of each exception."""
    faults = tuple(
        Fault(loss.about, "export.not_said", f"{loss.member}: {loss.message}") for loss in losses if loss.about
    )
    return NothingToExport(f"{title} has no form for a document that states nothing", faults=faults[:100])
