"""cel-expr-python: CEL in C++."""

from collections.abc import Mapping

from bench.peers import Judge
from bench.peers.expressions import expression

NAME = "cel-expr-python"


def judge() -> Judge:
    from cel_expr_python import cel

    texts = (
        "severity_normalized",
        "vex_status",
        "reachability_state",
        "finding_kind",
        "component_scope",
        "env_exposure",
    )
    variables = dict.fromkeys(texts, cel.Type.STRING)
    variables |= dict.fromkeys(("epss_score", "cvss_score", "age_days"), cel.Type.DOUBLE)
    variables |= dict.fromkeys(("kev_listed", "advisory_fix_available"), cel.Type.BOOL)
    compiled = cel.NewEnv(variables=variables).compile(expression(conjunction="&&", disjunction="||"))

    def decide(finding: Mapping[str, object]) -> str:
        return str(compiled.eval(data=finding).value())

    return decide
