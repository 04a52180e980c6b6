"""The same policy as a careful engineer would write it in Python: one pass, no unknown fact taken for granted."""

from typing import Final, NamedTuple

from policies.language.types import Facts


class Judgement(NamedTuple):
    """What is compared with our verdict, and nothing more."""

    status: str
    severity: int | None
    rule: str | None
    matched: tuple[str, ...]
    undecided: bool


_RANKS: Final = {"critical": 5, "high": 4, "medium": 3, "low": 2, "info": 1, "none": 0}
_KNOWN: Final[dict[tuple[object, ...], Judgement]] = {}


def judge(facts: Facts) -> Judgement:  # noqa: C901, PLR0912, PLR0915 - what it takes when nothing is generated
    get = facts.get
    severity = _RANKS.get(get("severity.normalized"))  # type: ignore[arg-type] # absent is no rank
    vex = get("vex.status")
    if vex in ("not_affected", "fixed"):
        return _judgement("ignored", severity, ("dismissed",), ())
    blocks: list[str] = []
    warns: list[str] = []
    might_block: list[str] = []
    might_warn: list[str] = []
    fix, epss, cvss, kind = get("advisory.fix_available"), get("epss.score"), get("cvss.score"), get("finding.kind")

    if severity is None or severity >= 4:
        kev = get("kev.listed")
        if kev is not False:
            (blocks if kev and severity is not None else might_block).append("exploited")
    if severity is None or severity == 5:
        if fix is not False and (epss is None or epss >= 0.6):  # type: ignore[operator] # a number
            (might_block if severity is None or fix is None or epss is None else blocks).append("likely")
        (might_warn if severity is None else warns).append("critical")
    if (severity is None or severity == 4) and fix is not False:
        (might_warn if severity is None or fix is None else warns).append("fixable")
    if cvss is None or cvss >= 7.0:  # type: ignore[operator] # a number
        state = get("reachability.state")
        if state is None or (cvss is None and state == "reachable"):
            might_block.append("reachable")
        elif state == "reachable":
            blocks.append("reachable")
        if cvss is None or cvss >= 9.0:  # type: ignore[operator] # a number
            exposure = get("env.exposure")
            if exposure is None or (cvss is None and exposure == "internet"):
                might_block.append("exposed")
            elif exposure == "internet":
                blocks.append("exposed")
    if epss is None:
        might_warn.append("predicted")
    elif epss >= 0.9:  # type: ignore[operator] # a number
        warns.append("predicted")
    if kind == "malware":
        blocks.append("malware")
    elif kind == "secret" and (severity is None or severity >= 4):
        (might_block if severity is None else blocks).append("secret")
    if severity is None or severity == 3:
        scope = get("component.scope")
        if scope is None or (severity is None and scope == "dev"):
            might_warn.append("development")
        elif scope == "dev":
            warns.append("development")
    if severity is None or severity >= 3:
        age = get("age.days")
        if age is None or (severity is None and age > 90):  # type: ignore[operator] # a number
            might_warn.append("old")
        elif age > 90:  # type: ignore[operator] # a number
            warns.append("old")

    if blocks:
        return _judgement("blocked", severity, tuple(blocks + warns), ())
    if warns:
        return _judgement("warned", severity, tuple(warns), tuple(might_block))
    return _judgement("pass", severity, (), tuple(might_block + might_warn))


def _judgement(status: str, severity: int | None, matched: tuple[str, ...], might: tuple[str, ...]) -> Judgement:
    key = (status, severity, matched, might)
    known = _KNOWN.get(key)
    if known is None:
        shown = "warned" if might and status == "pass" else status
        known = _KNOWN[key] = Judgement(shown, severity, matched[0] if matched else None, matched, bool(might))
    return known
