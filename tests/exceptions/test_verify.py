"""`python -m exceptions.verify`: one exit code each, and the approval in words."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import exceptions.verify
from exceptions.formats import csaf, cyclonedx_writing, ndjson_writing, openvex
from exceptions.formats.media_types import CSAF, DOCUMENTS, OPENVEX
from exceptions.formats.writing import Format
from exceptions.verify import main
from stellapolicy.kernel import digest
from stellapolicy.signing.private_keys import PrivateKey
from stellapolicy.trust.dsse import Envelope
from stellapolicy.trust.intoto import PAYLOAD_TYPE, Statement
from tests.exceptions.approvals import DECIDED, TERMS, statement
from tests.processes import ROOT
from tests.signing_keys import new_key, signed_by

ADA, BEN = new_key(), new_key()


class Desk:
    """A folder with an envelope, a key and terms, and what the command says of them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.put("key.pem", ADA.public.pem)
        self.put("terms.json", json.dumps(TERMS, indent=2))
        self.sign(statement())

    def put(self, name: str, content: str) -> str:
        (self.folder / name).write_text(content, encoding="utf-8")
        return str(self.folder / name)

    def sign(self, stated: Statement, *, payload_type: str = PAYLOAD_TYPE) -> None:
        self.lay(ADA.envelope(payload_type, stated.payload()))

    def lay(self, envelope: Envelope) -> None:
        self.put("approval.json", json.dumps(envelope.to_json()))

    def envelope(self) -> Envelope:
        return Envelope.from_json(json.loads((self.folder / "approval.json").read_text(encoding="utf-8")))

    def ask(self, *more: str, at: str = "2026-03-10") -> int:
        when = ("--at", at) if at else ()
        return main([*self.files(), *when, *more])

    def files(self) -> list[str]:
        return [str(self.folder / "approval.json"), "--key", str(self.folder / "key.pem")]

    def said(self) -> str:
        captured = self._capsys.readouterr()
        return captured.out + captured.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_a_signed_approval_is_verified_and_said_in_words(desk: Desk) -> None:
    terms = str(desk.folder / "terms.json")

    assert desk.ask("--terms", terms) == 0
    assert desk.said().splitlines() == [
        "VERIFIED: EXC-2026-0001, an approved exception of level A3.",
        "Asked for by user:ada: the release of Thursday",
        "Approved at 2026-03-02T12:05:00Z by:",
        "  user:ben as security at 2026-03-02T12:00:00Z",
        "  user:cleo in the stead of user:dev as release captain at 2026-03-02T12:05:00Z",
        "Holds from 2026-03-02T12:05:00Z until 2026-03-16T12:00:00Z.",
        f"Its terms are sha256:{statement().subjects[0].digests['sha256']}, which {terms} are.",
        f"Signed by {ADA.public.key_id}.",
        "An approval does not know what came after it: whether it was revoked or held since, its installation knows.",
    ]


@pytest.mark.parametrize(
    "at,code,line",
    [
        ("2026-03-02T12:04:59Z", 23, "NOT YET: EXC-2026-0001, an exception of level A3, is approved, and begins at "),
        ("2026-03-02T12:05:00Z", 0, "VERIFIED: EXC-2026-0001, an approved exception of level A3."),
        ("2026-03-16T11:59:59.999999Z", 0, "VERIFIED: EXC-2026-0001, an approved exception of level A3."),
        ("2026-03-16T12:00:00Z", 23, "OVER: EXC-2026-0001, an exception of level A3, was approved, and is over since "),
    ],
    ids=["before", "first instant", "last instant", "after"],
)
def test_an_approval_is_judged_at_an_instant(desk: Desk, at: str, code: int, line: str) -> None:
    assert desk.ask(at=at) == code
    assert desk.said().startswith(line)


def test_an_approval_that_is_over_by_now_is_no_plain_yes(desk: Desk) -> None:
    assert desk.ask(at="") == 23
    assert "was approved, and is over since 2026-03-16T12:00:00Z." in desk.said()


def test_an_envelope_cut_short_is_not_verified(desk: Desk) -> None:
    whole = (desk.folder / "approval.json").read_text(encoding="utf-8")
    desk.put("approval.json", whole[: len(whole) // 2])

    assert desk.ask() == 22
    assert "VERIFIED" not in desk.said().removeprefix("NOT VERIFIED")


def test_a_payload_cut_short_is_not_verified(desk: Desk) -> None:
    envelope = desk.envelope()
    desk.lay(replace(envelope, payload=envelope.payload[:-1]))

    assert desk.ask() == 22


def test_a_payload_cut_short_before_it_was_signed_is_not_verified(desk: Desk) -> None:
    desk.lay(ADA.envelope(PAYLOAD_TYPE, statement().payload()[:-1]))

    assert desk.ask() == 22
    assert "statement.malformed" in desk.said()


@pytest.mark.parametrize("signers", [(ADA, ADA), (ADA, BEN), (BEN, ADA)], ids=["same", "other last", "other first"])
def test_an_envelope_signed_twice_is_verified_by_the_key_that_is_given(
    desk: Desk, signers: tuple[PrivateKey, ...]
) -> None:
    desk.lay(signed_by(PAYLOAD_TYPE, statement().payload(), *signers))

    assert desk.ask() == 0
    assert f"Signed by {ADA.public.key_id}.\n" in desk.said()


def test_an_approval_that_says_another_end_than_its_terms_is_not_verified(desk: Desk) -> None:
    desk.sign(statement(decided=replace(DECIDED, valid_until=DECIDED.valid_until.replace(year=2036))))

    assert desk.ask() == 22
    assert "/predicate/valid_until" in desk.said()


def test_one_of_several_keys_is_enough(desk: Desk) -> None:
    assert desk.ask("--key", desk.put("other.pem", BEN.public.pem)) == 0


def test_a_tampered_payload_is_not_verified(desk: Desk) -> None:
    later = statement(decided=replace(DECIDED, valid_until=DECIDED.valid_until.replace(year=2036)))
    desk.lay(replace(desk.envelope(), payload=later.payload()))

    assert desk.ask() == 22
    assert "signature.invalid" in desk.said()


def test_another_key_does_not_verify(desk: Desk) -> None:
    desk.put("key.pem", BEN.public.pem)

    assert desk.ask() == 22
    assert desk.said().startswith("NOT VERIFIED")


def test_another_payload_type_is_not_verified_though_it_is_signed(desk: Desk) -> None:
    desk.sign(statement(), payload_type="application/json")

    assert desk.ask() == 22
    assert "envelope.payload_type" in desk.said()


def test_another_statement_is_not_verified_though_it_is_signed(desk: Desk) -> None:
    desk.sign(replace(statement(), predicate_type="https://slsa.dev/provenance/v1"))

    assert desk.ask() == 22
    assert "exception.not_an_approval" in desk.said()


def test_an_unsigned_envelope_is_not_verified(desk: Desk) -> None:
    desk.lay(replace(desk.envelope(), signatures=()))

    assert desk.ask() == 22
    assert "signature.missing" in desk.said()


def test_a_file_that_is_no_envelope_is_not_verified_and_each_mistake_is_said(desk: Desk) -> None:
    desk.put("approval.json", "{}")

    assert desk.ask() == 22
    assert "/payloadType" in desk.said()


def test_terms_that_do_not_match_are_told_apart_from_a_bad_signature(desk: Desk) -> None:
    assert desk.ask("--terms", desk.put("other.json", json.dumps({**TERMS, "effect": "suppress"}))) == 21
    assert "exception.terms_differ" in desk.said()


def test_a_statement_whose_own_terms_do_not_match_is_refused(desk: Desk) -> None:
    sound = statement()
    desk.sign(replace(sound, predicate={**sound.predicate, "terms": {"effect": "suppress"}}))

    assert desk.ask() == 21


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["approval.json"],
        ["gone.json", "--key", "key.pem"],
        ["approval.json", "--key", "gone.pem"],
        ["approval.json", "--key", "terms.json"],
        ["approval.json", "--key", "empty.pem"],
        ["approval.json", "--key", "binary.pem"],
        ["approval.json", "--key", "key.pem", "--terms", "key.pem"],
        ["approval.json", "--key", "key.pem", "--unknown"],
        ["approval.json", "--key", "key.pem", "--at", "soon"],
    ],
    ids=["nothing", "no key", "no envelope", "key gone", "no pem", "no key inside", "binary", "no json", "word", "at"],
)
def test_a_call_that_cannot_be_understood_is_said_to_be_one(
    arguments: list[str], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    desk.put("empty.pem", "# nobody\n")
    (desk.folder / "binary.pem").write_bytes(b"\xff\xfe")

    assert main(arguments) == 11
    assert desk.said()


def test_a_crash_verifies_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(exceptions.verify, "read_envelope")

    assert desk.ask() == 10
    assert "VERIFIED" not in desk.said()


@pytest.mark.parametrize("media_type,named", DOCUMENTS.items(), ids=lambda one: one)
def test_a_signed_export_is_verified_by_its_bytes(desk: Desk, media_type: str, named: str) -> None:
    content = b'{"statements": []}'
    desk.lay(ADA.envelope(media_type, content))

    assert desk.ask(at="") == 0
    assert desk.said().splitlines() == [
        f"VERIFIED: {named}, signed as {media_type}.",
        f"Its 18 bytes are {digest.of_bytes(content)}.",
        f"Signed by {ADA.public.key_id}.",
        "It says what was in force when it was written: what has ended or was revoked since, its installation knows.",
    ]


def test_every_format_that_is_exported_can_be_verified() -> None:
    writers = (csaf, cyclonedx_writing, ndjson_writing, openvex)

    assert len(writers) == len(Format)
    assert {writer.MEDIA_TYPE for writer in writers} == set(DOCUMENTS)


def test_a_tampered_export_is_not_verified(desk: Desk) -> None:
    desk.lay(replace(ADA.envelope(OPENVEX, b"{}"), payload=b'{"statements": []}'))

    assert desk.ask(at="") == 22
    assert "signature.invalid" in desk.said()


def test_an_export_signed_as_another_format_is_not_verified(desk: Desk) -> None:
    desk.lay(replace(ADA.envelope(OPENVEX, b"{}"), payload_type=CSAF))

    assert desk.ask(at="") == 22


def test_an_approval_signed_as_an_export_passes_for_no_approval(desk: Desk) -> None:
    desk.sign(statement(), payload_type=OPENVEX)

    assert desk.ask(at="") == 0
    assert "approved exception" not in desk.said()


@pytest.mark.parametrize("option", ["--at", "--terms"])
def test_an_export_has_neither_terms_nor_an_instant_to_be_judged_at(desk: Desk, option: str) -> None:
    desk.lay(ADA.envelope(OPENVEX, b"{}"))
    value = {"--at": "2026-03-10", "--terms": str(desk.folder / "terms.json")}[option]

    assert desk.ask(option, value, at="") == 11
    assert "signed here is an OpenVEX document" in desk.said()


def test_a_payload_writes_no_control_sequences_to_the_terminal(desk: Desk) -> None:
    desk.sign(statement(decided=replace(DECIDED, reason="\x1b[2Jfine\nVERIFIED: all")))

    assert desk.ask() == 0
    assert "Asked for by user:ada: \\x1b[2Jfine\\nVERIFIED: all\n" in desk.said()


def test_what_a_terminal_cannot_show_does_not_hinder_the_answer(desk: Desk) -> None:
    desk.sign(statement(decided=replace(DECIDED, reason="für später")))

    done = subprocess.run(
        [sys.executable, "-m", "exceptions.verify", *desk.files(), "--at", "2026-03-10"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    assert "für später".encode() in done.stdout


def test_it_runs_without_django_without_settings_and_without_a_database(desk: Desk) -> None:
    script = (
        "import sys; from exceptions.verify import main; code = main(sys.argv[1:]); "
        "assert not {'django', 'psycopg'} & set(sys.modules); sys.exit(code)"
    )
    files = [*desk.files(), "--at", "2026-03-10"]
    bare = {"PATH": "/usr/bin:/bin"}

    alone = subprocess.run([sys.executable, "-c", script, *files], cwd=ROOT, env=bare, check=False)
    module = subprocess.run(
        [sys.executable, "-m", "exceptions.verify", *files], cwd=ROOT, env=bare, capture_output=True, check=False
    )

    assert alone.returncode == module.returncode == 0
    assert b"EXC-2026-0001" in module.stdout
