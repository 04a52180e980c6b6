"""The command `python -m policies.language`: one verb a call, an exit code that means one thing."""

import sys
from collections.abc import Callable, Mapping, Sequence

from policies.language.command_line import judging, policies, reference
from policies.language.command_line.answers import Answer, ExitCode, UsageRefused, as_json
from policies.language.command_line.arguments import Form, Request, read_arguments

__all__ = ["ExitCode", "run"]

_VERBS: Mapping[str, Callable[[Request], Answer]] = {
    "check": policies.check,
    "codes": reference.codes,
    "eval": judging.evaluate,
    "explain": judging.explain,
    "facts": reference.facts,
    "fmt": policies.fmt,
    "ir": policies.ir,
    "test": judging.test,
}


def run(arguments: Sequence[str]) -> int:
    """Answer one call on the standard streams and return its exit code."""
    try:
        request = read_arguments(arguments)
        answer = _VERBS[request.verb](request)
    except UsageRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return ExitCode.USAGE
    if request.form is Form.JSON:
        sys.stdout.write(as_json(answer.document))
    else:
        sys.stdout.write(answer.text)
        sys.stderr.write(answer.complaint)
    sys.stdout.flush()
    return answer.code
