"""`manage.py gate REPORT… --environment production`: asks a gate without a server, with the client's exit codes."""

import getpass
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from gates import selectors
from gates.checks.exit_codes import ExitCode, ExitStyle, FailOn, exit_code
from gates.reports import json_report, text_report
from gates.requests import DEFAULT_GATE, GateRequest
from gates.services.evaluation import evaluate_gate
from policies.importers.registry import import_report
from policies.services.evidence import ArtifactReference, Upload
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.scope import tenant_scope
from stellapolicy.tenancy.selectors import named_tenant


class _Parser(CommandParser):
    """Ends with 11 on a mistake in the arguments: 2 would read as a block."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        sys.stderr.write(f"{self.prog}: {message}\n")
        sys.exit(ExitCode.USAGE)


class Command(BaseCommand):
    help = "Asks a gate whether what the reports are about may ship; exits 0, 2 … as the table in README.md says."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Return a parser that knows our exit codes."""
        parser = _Parser(prog=f"{Path(prog_name).name} {subcommand}", description=self.help, **kwargs)
        self.add_base_argument(parser, "--settings", help="The Python path of a settings module.")
        self.add_base_argument(parser, "--pythonpath", help="A directory to add to the Python path.")
        self.add_base_argument(parser, "--traceback", action="store_true", help="Show surprises in full.")
        parser.set_defaults(no_color=False, force_color=False, skip_checks=True, verbosity=1)
        self.add_arguments(parser)
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT")
        parser.add_argument("--environment", required=True)
        parser.add_argument("--gate", default=DEFAULT_GATE)
        parser.add_argument("--artifact", default="", help="Digest; read from the first report that states one.")
        parser.add_argument("--name", default="", help="Name of the artifact; read from the report.")
        parser.add_argument("--tenant", default="")
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument("--fail-on", action="append", choices=[str(one) for one in FailOn], default=[])
        parser.add_argument("--strict", action="store_true", help="12 for a block by missing or stale evidence only.")
        parser.add_argument("--exit-codes", choices=[str(one) for one in ExitStyle], default=str(ExitStyle.STANDARD))

    def run_from_argv(self, argv: list[str]) -> None:
        """INVARIANT: 1 is never returned on purpose; whatever happens unforeseen is 10."""
        try:
            super().run_from_argv(argv)
        except Exception:  # noqa: BLE001 - the last line of the command: a surprise is neither a pass nor a block
            traceback.print_exc()
            sys.exit(ExitCode.INTERNAL)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            code = self._ask(options)
        except Refusal as refusal:
            self.stderr.write(f"{refusal.title}: {refusal.detail} [{refusal.code}]")
            for fault in refusal.faults:
                self.stderr.write(f"  {fault.pointer or '/'}: {fault.message} [{fault.code}]")
            sys.exit(ExitCode.USAGE)
        except OSError as error:
            self.stderr.write(f"{error.filename}: {error.strerror}")
            sys.exit(ExitCode.USAGE)
        sys.exit(code)

    def _ask(self, options: dict[str, Any]) -> ExitCode:
        uploads = tuple(Upload(path.name, path.read_bytes()) for path in options["reports"])
        tenant = named_tenant(options["tenant"])
        actor = Actor(
            tenant_id=tenant.pk,
            subject=f"command:{getpass.getuser()}",
            scopes=frozenset({"evidence:write", "gate:evaluate"}),
        )
        request = GateRequest(
            artifact=_artifact(uploads, options),
            environment=options["environment"],
            gate=options["gate"],
            uploads=uploads,
        )
        with tenant_scope(tenant.pk):
            decision = evaluate_gate(actor=actor, request=request, at=now())
            view = selectors.decision_view(decision)
        self.stdout.write(json_report(view).decode() if options["format"] == "json" else text_report(view))
        return exit_code(
            selectors.ruling_of(decision),
            fail_on=[FailOn(one) for one in options["fail_on"]],
            strict=options["strict"],
            style=ExitStyle(options["exit_codes"]),
        )


def _artifact(uploads: tuple[Upload, ...], options: dict[str, Any]) -> ArtifactReference:
    """Return what the command line names, else what the first report that states a digest is about."""
    if options["artifact"]:
        return ArtifactReference(options["artifact"], options["name"])
    for upload in uploads:
        subject = import_report(upload.content).subject
        for reference in (*subject.digests, subject.image_id):
            if reference:
                return ArtifactReference(reference.rpartition("@")[2], options["name"] or subject.name)
    sys.stderr.write("no report says which artifact it is about: name it with --artifact sha256:…\n")
    sys.exit(ExitCode.USAGE)
