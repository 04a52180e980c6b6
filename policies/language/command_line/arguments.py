"""The words of the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn

from policies.language.command_line.answers import UsageRefused
from policies.language.facts import OPTIONAL_GROUPS

_ENDING = "exit codes: 0 fine, 2 blocked (eval --gate), 4 diagnostics, 5 failed test, 10 internal, 11 usage"


class Form(StrEnum):
    """How an answer is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the command, checked for form: whether its files exist is not known yet."""

    verb: str
    files: tuple[str, ...]
    form: Form
    facts: str | None = None
    at: datetime | None = None
    gate: bool = False
    only_check: bool = False
    groups: tuple[str, ...] = ()


class _Parser(argparse.ArgumentParser):
    """Refuses by exception where argparse would end the process with 2, which here means blocked."""

    def error(self, message: str) -> NoReturn:
        raise UsageRefused(f"{self.format_usage()}{self.prog}: {message}")


def read_arguments(arguments: Sequence[str]) -> Request:
    """Return what is asked for; raises UsageRefused, or SystemExit 0 after printing the help that was asked for."""
    found = _parser().parse_args(arguments)
    return Request(
        verb=found.verb,
        files=tuple(getattr(found, "files", ())),
        form=Form(found.form),
        facts=getattr(found, "facts", None),
        at=getattr(found, "at", None),
        gate=getattr(found, "gate", False),
        only_check=getattr(found, "only_check", False),
        groups=tuple(getattr(found, "groups", ())),
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m policies.language", description=__doc__, epilog=_ENDING, allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _verb(verbs, "check", "report every mistake of the policies")
    fmt = _verb(verbs, "fmt", "lay the policies out, in place; `-` reads standard input and writes standard output")
    fmt.add_argument("--check", dest="only_check", action="store_true", help="change nothing, answer 4 where fmt would")
    _verb(verbs, "test", "run the tests inside the policies and show what they cover")
    evaluated = _verb(verbs, "eval", "give the verdict on each finding of a facts file, and on all of them together")
    evaluated.add_argument("--gate", action="store_true", help="answer 2 where a verdict is blocked")
    explained = _verb(verbs, "explain", "say why each verdict is what it is", forms=tuple(Form))
    for verb in (evaluated, explained):
        verb.add_argument("--facts", required=True, metavar="FILE", help="JSON: one finding by path, or a list of them")
        verb.add_argument("--at", type=_instant, metavar="INSTANT", help="run.at of findings that do not say it")
    _verb(verbs, "ir", "print the canonical program and its digest")
    _verb(
        verbs,
        "facts",
        "print the catalogue of facts, or the facts these policies read",
        at_least="*",
        forms=tuple(Form),
    )
    codes = verbs.add_parser("codes", help="print what every diagnostic means, as Markdown", allow_abbrev=False)
    _add_form(codes, (Form.MARKDOWN, Form.JSON))
    return parser


def _verb(
    verbs: "argparse._SubParsersAction[_Parser]",
    name: str,
    promise: str,
    *,
    at_least: str = "+",
    forms: tuple[Form, ...] = (Form.TEXT, Form.JSON),
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=promise, description=promise, epilog=_ENDING, allow_abbrev=False)
    parser.add_argument("files", nargs=at_least, metavar="FILE", help="a policy, or a folder of them (*.stella)")
    if name != "fmt":
        groups = sorted(OPTIONAL_GROUPS)
        promise = "an optional group of facts that a source delivers"
        parser.add_argument("--group", dest="groups", action="append", default=[], choices=groups, help=promise)
    _add_form(parser, forms)
    return parser


def _add_form(parser: argparse.ArgumentParser, forms: tuple[Form, ...]) -> None:
    words = [form.value for form in forms]
    parser.add_argument("--format", dest="form", choices=words, default=words[0], help="how the answer is written")


def _instant(text: str) -> datetime:
    """Read an instant with its zone; argparse turns the ValueError into a usage mistake."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return instant.astimezone(UTC)
