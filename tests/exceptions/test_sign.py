"""`python -m exceptions.sign`: evidence that the product takes, or every mistake in what was asked for."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from exceptions.models import ExceptionEvidence, PolicyException
from exceptions.rules.hooks import HookKind
from exceptions.services.evidence import Attached, attach_evidence
from exceptions.services.hooks import evidence_report
from exceptions.sign import main
from stellapolicy.trust.dsse import Envelope, verify
from stellapolicy.trust.intoto import PAYLOAD_TYPE, Statement, read_statement
from tests.exceptions.desk import Desk
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.processes import ROOT
from tests.reports import HARMLESS, digest_of
from tests.signing_keys import new_key, pem_of, trusting

SAM = new_key()
NUMBER = "EXC-2026-0010"
TERMS = digest_of("terms")
CLAIMS = {"reviewer": "sam", "outcome": "passed", "reviewed_at": "2026-03-01T12:00:00Z"}


class Bench:
    """A folder with a private key, and what the command answers there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.key, self._capsys = folder / "key.pem", capsys
        self.key.write_text(pem_of(SAM.material), encoding="ascii")

    def ask(self, *more: str, hook: str = "security_review", claims: dict[str, str] | None = None) -> int:
        stated = [word for name, text in (claims or CLAIMS).items() for word in ("--claim", f"{name}={text}")]
        return main(["--key", str(self.key), "--hook", hook, *stated, *more])

    def about(self, *, number: str = NUMBER, terms: str = TERMS, **said: Any) -> Envelope:
        assert self.ask("--exception", number, "--terms", terms, **said) == 0
        return self.envelope()

    def envelope(self) -> Envelope:
        return Envelope.from_json(json.loads(self._capsys.readouterr().out))

    def complaints(self) -> list[str]:
        captured = self._capsys.readouterr()
        assert not captured.out
        return [line.strip() for line in captured.err.splitlines()]


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(tmp_path, capsys)


@pytest.fixture
def waiting(in_shop: Shop, desk: Desk, settings: Settings) -> PolicyException:
    """Ask for an exception of one artifact, where evidence signed by sam is believed."""
    settings.EVIDENCE_KEYS = SAM.public.pem
    return desk.ask(vulnerability=HARMLESS.id, digest=digest_of("shop/api"))


def stated(envelope: Envelope) -> Statement:
    """Return what an envelope states, its signature verified."""
    assert verify(envelope, trusting(SAM), payload_type=PAYLOAD_TYPE) == (SAM.public.key_id,)
    return read_statement(envelope.payload)


def terms_of(exception: PolicyException) -> str:
    assert exception.asked is not None
    return str(exception.asked.digest)


def attached(desk: Desk, exception: PolicyException, envelope: Envelope) -> ExceptionEvidence:
    said = Attached(hook=HookKind.SECURITY_REVIEW, envelope=envelope.to_json())
    return attach_evidence(actor=desk.actor("ada"), pk=exception.pk, attached=said, at=NOON)


def test_evidence_is_about_the_number_and_the_terms(bench: Bench) -> None:
    found = stated(bench.about())

    assert [(one.name, one.digests) for one in found.subjects] == [(NUMBER, {"sha256": TERMS.removeprefix("sha256:")})]
    assert found.predicate_type == "https://stellapolicy.dev/attestations/exception-evidence/security_review/v1"
    assert found.predicate == CLAIMS


def test_evidence_may_be_about_an_artifact_alone(bench: Bench) -> None:
    assert bench.ask("--artifact", TERMS) == 0

    [subject] = stated(bench.envelope()).subjects
    assert subject.digests == {"sha256": TERMS.removeprefix("sha256:")}


def test_evidence_may_be_about_many_artifacts(bench: Bench) -> None:
    several = [digest_of(name) for name in ("shop/api", "shop/web")]

    assert bench.ask(*(word for one in several for word in ("--artifact", one))) == 0

    assert [one.name for one in stated(bench.envelope()).subjects] == several


def test_signed_evidence_meets_its_hook(bench: Bench, waiting: PolicyException, desk: Desk) -> None:
    envelope = bench.about(number=waiting.number, terms=terms_of(waiting))

    row = attached(desk, waiting, envelope)

    assert (row.signature, row.signer, row.claims) == ("verified", SAM.public.key_id, CLAIMS)
    assert waiting.asked is not None
    states = {report.kind: report.state for report in evidence_report(waiting, waiting.asked, at=NOON)}
    assert states[HookKind.SECURITY_REVIEW] == "met"


def test_evidence_about_an_artifact_of_the_scope_is_taken(bench: Bench, waiting: PolicyException, desk: Desk) -> None:
    assert bench.ask("--artifact", digest_of("shop/api")) == 0

    assert attached(desk, waiting, bench.envelope()).signature == "verified"


def test_what_is_no_text_is_claimed_as_json(bench: Bench) -> None:
    claims = {"predicate_type": "https://example.org/scan/v1", "statement:": '{"findings": 0}'}

    found = stated(bench.about(hook="custom_attestation", claims=claims))

    assert found.predicate == {"predicate_type": "https://example.org/scan/v1", "statement": {"findings": 0}}


def test_every_mistake_is_told_and_nothing_is_signed(bench: Bench) -> None:
    claims = {"reviewer": " ", "outcome": "failed", "reviewed_at": "yesterday", "note:": "{"}

    assert bench.ask("--exception", "EXC-10", "--terms", "abc", "--artifact", "sha1:ab", claims=claims) == 11

    told = bench.complaints()
    assert told[0] == "nothing is signed:"
    assert [line.partition(": ")[0] for line in told[1:]] == [
        "--exception",
        "--terms",
        "--artifact",
        "--claim note:",
        "--claim outcome",
        "--claim reviewed_at",
        "--claim reviewer",
    ]


@pytest.mark.parametrize(
    "words,complaint",
    [
        ([], "say what it is about"),
        (["--exception", NUMBER], "--terms"),
        (["--terms", TERMS], "--exception"),
        (["--artifact", TERMS, "--hook", "security_reviw"], "Did you mean security_review?"),
        (["--artifact", TERMS, "--hook", ""], "name the hook"),
        (["--artifact", TERMS, "--key", ""], "name the file of the private key"),
        (["--artifact", TERMS, "--claim", "reviewer"], "NAME=TEXT"),
        (["--artifact", TERMS, "--claim", "reviewer=kit"], "claimed twice"),
        (["--artifact", TERMS, "--claim", "reviewed=1", "--claim", "count:=9007199254740993"], "no canonical form"),
        (["--artifact", TERMS, "--key", "gone.pem"], "gone.pem"),
        (["--artifact", TERMS, "--unknown"], "--unknown"),
    ],
)
def test_a_call_that_cannot_be_signed_says_why(bench: Bench, words: list[str], complaint: str) -> None:
    assert bench.ask(*words) == 11
    assert complaint in " ".join(bench.complaints())


def test_a_claim_that_is_missing_is_named(bench: Bench) -> None:
    assert bench.ask("--artifact", TERMS, claims={"reviewer": "sam", "outcome": "passed"}) == 11
    assert "security_review: 'reviewed_at' is a required property" in bench.complaints()


def test_what_is_yet_to_come_is_not_claimed(bench: Bench) -> None:
    assert bench.ask("--artifact", TERMS, claims={**CLAIMS, "reviewed_at": "2999-01-01T00:00:00Z"}) == 11
    assert "--claim reviewed_at: 2999-01-01T00:00:00Z is yet to come" in bench.complaints()


def test_a_key_that_signs_nothing_is_named_and_never_repeated(bench: Bench) -> None:
    bench.key.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", encoding="ascii")

    assert bench.ask("--artifact", TERMS) == 11
    told = " ".join(bench.complaints())
    assert "key.pem" in told
    assert "c2VjcmV0" not in told


@pytest.mark.parametrize("hook", HookKind)
def test_a_template_names_every_claim_of_a_hook(hook: HookKind, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--template", hook]) == 0

    title, *claims = capsys.readouterr().out.splitlines()
    assert title.startswith(f"{hook}: ")
    assert claims


def test_a_template_of_no_hook_is_refused(bench: Bench) -> None:
    assert main(["--template", "nothing"]) == 11
    assert "There is no 'nothing'" in " ".join(bench.complaints())


def test_it_runs_without_django_without_settings_and_without_a_database(bench: Bench) -> None:
    script = (
        "import sys; from exceptions.sign import main; code = main(sys.argv[1:]); "
        "assert not {'django', 'psycopg'} & set(sys.modules); sys.exit(code)"
    )
    words = ["--key", str(bench.key), "--artifact", TERMS, "--hook", "security_review"]
    words += [word for name, text in CLAIMS.items() for word in ("--claim", f"{name}={text}")]
    bare = {"PATH": "/usr/bin:/bin"}

    alone = subprocess.run([sys.executable, "-c", script, *words], cwd=ROOT, env=bare, check=False)
    module = subprocess.run(
        [sys.executable, "-m", "exceptions.sign", *words], cwd=ROOT, env=bare, capture_output=True, check=False
    )

    assert alone.returncode == module.returncode == 0
    assert stated(Envelope.from_json(json.loads(module.stdout))).predicate == CLAIMS
