"""datalogic-py: JSONLogic, compiled in Rust."""

from collections.abc import Mapping

from bench.peers import Judge

NAME = "datalogic-py"


def _fact(name: str) -> dict[str, object]:
    return {"var": name}


def _is(name: str, value: object) -> dict[str, object]:
    return {"===": [_fact(name), value]}


def _one_of(name: str, values: list[str]) -> dict[str, object]:
    return {"in": [_fact(name), values]}


def _at_least(name: str, value: float) -> dict[str, object]:
    return {">=": [_fact(name), value]}


_SEVERE = _one_of("severity_normalized", ["high", "critical"])
_BLOCKED: list[object] = [
    {"and": [_SEVERE, _fact("kev_listed")]},
    {"and": [_is("severity_normalized", "critical"), _fact("advisory_fix_available"), _at_least("epss_score", 0.6)]},
    {"and": [_at_least("cvss_score", 7.0), _is("reachability_state", "reachable")]},
    _is("finding_kind", "malware"),
    {"and": [_is("finding_kind", "secret"), _SEVERE]},
    {"and": [_is("env_exposure", "internet"), _at_least("cvss_score", 9.0)]},
]
_WARNED: list[object] = [
    _is("severity_normalized", "critical"),
    {"and": [_is("severity_normalized", "high"), _fact("advisory_fix_available")]},
    _at_least("epss_score", 0.9),
    {"and": [_is("component_scope", "dev"), _is("severity_normalized", "medium")]},
    {"and": [{">": [_fact("age_days"), 90]}, _one_of("severity_normalized", ["medium", "high", "critical"])]},
]
_POLICY = {
    "if": [
        _one_of("vex_status", ["not_affected", "fixed"]),
        "ignored",
        {"or": _BLOCKED},
        "blocked",
        {"or": _WARNED},
        "warned",
        "pass",
    ]
}


def judge() -> Judge:
    from datalogic_py import Engine

    engine = Engine()
    rule = engine.compile(_POLICY)
    session = engine.session()

    def decide(finding: Mapping[str, object]) -> str:
        return str(session.evaluate(rule, finding))

    return decide
