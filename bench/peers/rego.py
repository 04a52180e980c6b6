"""regopy: Rego in C++."""

import json
from collections.abc import Mapping

from bench.peers import Judge

NAME = "regopy"
_POLICY = """package bench

import rego.v1

severe if input.severity_normalized in {"high", "critical"}

blocked if { severe; input.kev_listed }
blocked if { input.severity_normalized == "critical"; input.advisory_fix_available; input.epss_score >= 0.6 }
blocked if { input.cvss_score >= 7; input.reachability_state == "reachable" }
blocked if input.finding_kind == "malware"
blocked if { input.finding_kind == "secret"; severe }
blocked if { input.env_exposure == "internet"; input.cvss_score >= 9 }

warned if input.severity_normalized == "critical"
warned if { input.severity_normalized == "high"; input.advisory_fix_available }
warned if input.epss_score >= 0.9
warned if { input.component_scope == "dev"; input.severity_normalized == "medium" }
warned if { input.age_days > 90; input.severity_normalized in {"medium", "high", "critical"} }

dismissed if input.vex_status in {"not_affected", "fixed"}

status := "ignored" if dismissed
else := "blocked" if blocked
else := "warned" if warned
else := "pass"
"""


def judge() -> Judge:
    from regopy import Input, Interpreter

    interpreter = Interpreter()
    interpreter.add_module("bench", _POLICY)
    bundle = interpreter.build("status = data.bench.status")

    def decide(finding: Mapping[str, object]) -> str:
        interpreter.set_input(Input(finding))
        answer = interpreter.query_bundle(bundle)
        return str(json.loads(str(answer))["bindings"]["status"])

    return decide
