#!/usr/bin/env python3
"""stellagate: asks a stellapolicy gate whether an artifact may ship.

One file, standard library only, Python 3.8 or newer: stellagate.py check trivy.json --environment production
Exit codes: 0 pass or warn · 2 block · 3 warn with --fail-on warn · 4 pass with exceptions with --fail-on exceptions ·
10 internal error or server unreachable · 11 usage · 12 a block for missing or stale evidence only, with --strict ·
13 timeout · 14 bypassed with --fail-on bypass. 1 is never returned, but for a warning with --exit-codes=classic.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import http.client
import json
import os
import re
import socket
import sys
import time
import traceback
import unicodedata
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib
from pathlib import Path
from typing import Any, Mapping, NoReturn, Sequence  # noqa: UP035 - Python 3.8

PASSED, CLASSIC_WARNED, BLOCKED, WARNED, EXCUSED = 0, 1, 2, 3, 4
INTERNAL, USAGE, EVIDENCE_MISSING, TIMEOUT, BYPASSED = 10, 11, 12, 13, 14
ATTEMPTS, LONGEST_PAUSE, LONGEST_TIMEOUT, ROWS, WIDEST = 5, 8.0, 86_400.0, 20, 48
DECISIONS = {"pass": "\033[32m", "warn": "\033[33m", "block": "\033[31m"}  # each with its colour
FORMATS = {".json": "json", ".txt": "text", ".md": "markdown", ".sarif": "sarif", ".xml": "junit", ".html": "html"}
COLUMNS = ("id", "component", "version", "severity", "cvss", "epss", "kev", "raw_status", "status")
DIGEST, GZIP = re.compile(r"sha256:[0-9a-f]{64}"), b"\x1f\x8b"
Json = Any  # Any: whatever the other side says; every use looks before it believes
BUILD_FIELDS = ("repository", "commit", "branch", "base_branch", "base_commit", "pipeline_url", "actor")
CI_VARIABLES = {  # the variable that gives the CI away, then one per field above; | parts alternatives, - is none
    "github": "GITHUB_ACTIONS GITHUB_REPOSITORY GITHUB_SHA GITHUB_HEAD_REF|GITHUB_REF_NAME GITHUB_BASE_REF - -"
    " GITHUB_ACTOR",
    "gitlab": "GITLAB_CI CI_PROJECT_PATH CI_COMMIT_SHA CI_MERGE_REQUEST_SOURCE_BRANCH_NAME|CI_COMMIT_REF_NAME"
    " CI_MERGE_REQUEST_TARGET_BRANCH_NAME CI_MERGE_REQUEST_DIFF_BASE_SHA CI_PIPELINE_URL GITLAB_USER_LOGIN",
    "jenkins": "JENKINS_URL GIT_URL GIT_COMMIT CHANGE_BRANCH|GIT_BRANCH CHANGE_TARGET GIT_PREVIOUS_SUCCESSFUL_COMMIT"
    " BUILD_URL BUILD_USER_ID",
    "generic": "- - - - - - - -",
}


class Stop(Exception):  # noqa: N818 - an end with a code, not an accident
    """The run is over: what to say, and the exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; whatever goes wrong unforeseen is 10."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a real stream, not a test's
        return _run(_parser().parse_args(arguments))
    except Stop as stop:
        _complain(str(stop))
        return stop.code
    except KeyboardInterrupt:
        _complain("interrupted")
    except Exception:  # noqa: BLE001 - the last line: a surprise is neither a pass nor a block
        traceback.print_exc()
    return INTERNAL


def exit_code(body: Mapping[str, Json], *, fail_on: Sequence[str] = (), strict: bool = False, style: str = "") -> int:
    """Return what a decision means to a pipeline; the same table as the server's."""
    if body["mode"] == "observe" or body.get("bypassed"):
        return BYPASSED if "bypass" in fail_on and body["mode"] != "observe" else PASSED
    if body["decision"] == "block":
        return EVIDENCE_MISSING if strict and body.get("evidence_only") else BLOCKED
    if body["decision"] == "warn" and (style == "classic" or "warn" in fail_on):
        return CLASSIC_WARNED if style == "classic" else WARNED
    return EXCUSED if body.get("with_exceptions") and "exceptions" in fail_on else PASSED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with 11: the usual 2 would read as a block."""
        self.print_usage(sys.stderr)
        raise Stop(USAGE, message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="stellagate", description="Asks a gate whether an artifact may ship.")
    commands = parser.add_subparsers(dest="command", metavar="check", required=True)
    check = commands.add_parser("check", help="submit reports and wait for the decision")
    check.add_argument("reports", nargs="*", type=Path, metavar="REPORT", help="none: the evidence already there")
    check.add_argument("--environment", required=True, help="where the artifact wants to go")
    check.add_argument("--artifact", default="", help="sha256:… or name@sha256:…; else what the reports name")
    check.add_argument("--name", default="", help="name of the artifact; else what the reports name")
    check.add_argument("--gate", default="default")
    check.add_argument("--server", default=os.environ.get("STELLA_URL", ""), help="else $STELLA_URL")
    check.add_argument("--token", default=os.environ.get("STELLA_TOKEN", ""), help="better in $STELLA_TOKEN")
    check.add_argument("--auth", default="token", choices=["token", "github", "gitlab"], help="who proves who asks")
    check.add_argument("--tenant", default=os.environ.get("STELLA_TENANT", ""), help="for --auth; else $STELLA_TENANT")
    check.add_argument("--id-token", default="STELLA_ID_TOKEN", metavar="VARIABLE", help="GitLab's; $STELLA_ID_TOKEN")
    check.add_argument("--queue", action="store_true", help="put the question into the queue instead of asking at once")
    check.add_argument("--wait", action="store_true", default=True, help="wait for the decision (the default)")
    check.add_argument("--no-wait", dest="wait", action="store_false", help="submit, and end with 0 undecided")
    check.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for everything; default 300")
    check.add_argument("--fail-on", action="append", default=[], choices=["warn", "exceptions", "bypass"])
    check.add_argument("--strict", action="store_true", help="12 for a block by missing or stale evidence only")
    check.add_argument("--exit-codes", default="standard", choices=["standard", "classic"])
    check.add_argument("--format", default="text", choices=["text", "json"], help="on standard output")
    check.add_argument("--output", "--report", dest="targets", action="append", default=[], type=_target,
                       metavar="[FORMAT=]FILE", help=f"write a report: {', '.join(FORMATS.values())}")  # fmt: skip
    return parser


def _target(text: str) -> tuple[str, Path]:
    kind, _, name = text.rpartition("=")
    kind = kind or FORMATS.get(Path(name).suffix.lower(), "")
    if kind not in FORMATS.values() or not name:
        raise argparse.ArgumentTypeError(f"{text}: no format known by that name or extension")
    return kind, Path(name)


def subject_of(content: bytes) -> tuple[str, Sequence[str]]:
    """Return the name and the digests that a Trivy, Grype or CycloneDX report gives what it is about, if it does."""
    try:
        report = json.loads(gzip.decompress(content) if content.startswith(GZIP) else content)
    except (ValueError, RecursionError, OSError, EOFError, zlib.error):
        return "", ()
    trivy, grype = _at(report, "Metadata"), _at(report, "source", "target")
    stated = [*_list(_at(trivy, "RepoDigests")), *_list(_at(grype, "repoDigests")), _at(grype, "manifestDigest")]
    stated += [_at(trivy, "ImageID"), _at(grype, "imageID")]
    product = _at(report, "metadata", "component") if _at(report, "bomFormat") == "CycloneDX" else None
    marks = [(_at(one, "name"), _at(one, "value")) for one in _list(_at(product, "properties"))]
    stated += [value for name, value in marks if name == "aquasecurity:trivy:RepoDigest"] + [_at(product, "version")]
    stated += [f"sha256:{_at(one, 'content')}" for one in _list(_at(product, "hashes")) if _at(one, "alg") == "SHA-256"]
    stated += [value for name, value in marks if name == "aquasecurity:trivy:ImageID"]
    bare = [one.rpartition("@")[2].lower() for one in stated if isinstance(one, str)]
    name = _at(report, "ArtifactName") or _at(grype, "userInput") or _at(product, "name")
    return str(name or ""), list(dict.fromkeys(one for one in bare if DIGEST.fullmatch(one)))


def artifact_of(options: argparse.Namespace, contents: Sequence[bytes]) -> Mapping[str, str]:
    """Return digest and name of the artifact: as stated, else the digest that every report agrees on."""
    stated_name, _, stated = options.artifact.rpartition("@")
    subjects = [subject_of(content) for content in contents]
    name = options.name or stated_name or next((name for name, _ in subjects if name), "")
    naming = [digests for _, digests in subjects if digests]
    if options.artifact and not DIGEST.fullmatch(stated):
        raise Stop(USAGE, f"--artifact {options.artifact}: a digest is sha256: and 64 hexadecimal digits")
    if not options.artifact and not naming:
        raise Stop(USAGE, "no report says which artifact it is about (is it one?): name it, --artifact sha256:…")
    agreed = [stated] if stated else [one for one in naming[0] if all(one in others for others in naming)]
    if not agreed:
        raise Stop(USAGE, "the reports are about different artifacts: submit them apart, or name one with --artifact")
    return {"digest": agreed[0], "name": name}


def build_context(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return where the question comes from, without credentials; STELLA_BUILD_COMMIT and its like overrule the CI's."""
    known = {name: words.split() for name, words in CI_VARIABLES.items()}
    provider = next((name for name, (marker, *_) in known.items() if environment.get(marker)), "generic")
    build = {"ci": provider}
    server, repository, run = (environment.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if provider == "github" and server and repository and run:
        build["pipeline_url"] = f"{server}/{repository}/actions/runs/{run}"
    try:
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text(encoding="utf-8"))
        build["base_commit"] = str(event["pull_request"]["base"]["sha"])
    except (OSError, ValueError, LookupError, TypeError):
        pass  # only the event of a pull request has a base
    for field, variables in zip(BUILD_FIELDS, known[provider][1:]):  # noqa: B905 - Python 3.8
        names = [f"STELLA_BUILD_{field.upper()}", *variables.split("|")]
        build[field] = next((environment[name] for name in names if environment.get(name)), build.get(field, ""))
    return {field: re.sub(r"(?<=://)[^/@\s]*@", "", value)[:2000] for field, value in build.items() if value}


def _question(options: argparse.Namespace) -> Json:
    try:
        contents = [path.read_bytes() for path in options.reports]
    except OSError as fault:
        raise Stop(USAGE, f"{fault.filename}: {fault.strerror}") from None
    packed = [content if content.startswith(GZIP) else gzip.compress(content, mtime=0) for content in contents]
    sent = {path: base64.b64encode(content).decode() for path, content in zip(options.reports, packed)}  # noqa: B905
    return {
        "artifact": artifact_of(options, contents),
        "environment": options.environment,
        "gate": options.gate,
        "reports": [{"filename": path.name, "content_base64": content} for path, content in sent.items()],
        "build": build_context(os.environ),
        "wait": options.wait,
    }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token is for the server that was named, and for no other."""

    def redirect_request(self, *_: object) -> None: ...


class Server:
    """The server's API, asked again after transient failures until the time is up."""

    def __init__(self, options: argparse.Namespace) -> None:
        parts = urllib.parse.urlsplit(options.server.strip())
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise Stop(USAGE, f"say where the server is, --server https://… or $STELLA_URL, not {options.server!r}")
        if not 0 < options.timeout <= LONGEST_TIMEOUT:
            raise Stop(USAGE, f"--timeout {options.timeout}: more than nothing, and at most a day")
        self.address = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.headers = {"Accept": "application/json", "User-Agent": "stellagate"}
        self.opener, self.deadline = urllib.request.build_opener(_NoRedirect), time.monotonic() + options.timeout
        token = options.token.strip() if options.auth == "token" else self._exchanged(options)
        if not token or not token.isascii() or not token.isprintable():
            raise Stop(USAGE, "a token is needed, in $STELLA_TOKEN or --token, or --auth with an ID token of the job")
        self.headers["Authorization"] = f"Bearer {token}"

    def _exchanged(self, options: argparse.Namespace) -> str:
        """Return the token that the server gives for the pipeline's own ID token; GitHub issues that when asked."""
        if not options.tenant.strip():
            raise Stop(USAGE, f"--auth {options.auth} needs to know whose pipeline this is: --tenant or $STELLA_TENANT")
        proof: Json = os.environ.get(options.id_token, "").strip()
        if options.auth == "github":
            url, secret = (os.environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}", "") for name in ("URL", "TOKEN"))
            if not url.startswith(("https://", "http://127.0.0.1:")):
                raise Stop(USAGE, "GitHub gives this job no identity: it needs `permissions: id-token: write`")
            wanted = f"{url}&audience={urllib.parse.quote(os.environ.get('STELLA_AUDIENCE') or self.address, safe='')}"
            answer = self._answer(urllib.request.Request(wanted, headers={"Authorization": f"Bearer {secret}"}))
            proof = _at(json.loads(answer), "value")
        asked = {"provider": options.auth, "token": proof, "tenant": options.tenant.strip()}
        return str(_at(self.ask("/api/v1/auth/token", asked), "access_token") or "") if proof else ""

    def ask(self, path: str, question: Json = None) -> Json:
        """Return the answer as JSON; with a question it is posted, and asking again is the same question."""
        content = self.fetch(path, None if question is None else json.dumps(question).encode())
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise Stop(INTERNAL, f"the answer is no JSON; is {self.address} the address of stellapolicy?") from None

    def fetch(self, path: str, content: bytes | None = None) -> bytes:
        """Return an answer as it is; whatever host a link names, the server that was named is asked."""
        parts = urllib.parse.urlsplit(path)
        address = f"{self.address}/{parts.path.lstrip('/')}{'?' if parts.query else ''}{parts.query}"
        posting = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())} if content else {}
        return self._answer(urllib.request.Request(address, content, {**self.headers, **posting}))

    def _answer(self, request: urllib.request.Request) -> bytes:
        attempt, found = 1, self._try(request)
        while isinstance(found, Stop):
            pause = min(LONGEST_PAUSE, 0.25 * 2**attempt)
            if attempt == ATTEMPTS or self.deadline - time.monotonic() <= pause:
                raise found
            time.sleep(pause)
            attempt, found = attempt + 1, self._try(request)
        return found

    def _try(self, request: urllib.request.Request) -> bytes | Stop:
        try:
            with self.opener.open(request, timeout=max(self.deadline - time.monotonic(), 0.1)) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as answer:
            if answer.code in {429, 500, 502, 503, 504}:
                return _refusal(answer)
            raise _refusal(answer) from None
        except (socket.timeout, TimeoutError):  # noqa: UP041 - two classes before Python 3.10
            raise Stop(TIMEOUT, f"{request.host} did not answer in time") from None
        except (OSError, http.client.HTTPException) as fault:
            why = getattr(fault, "reason", None) or fault
            return Stop(INTERNAL, f"cannot reach {request.type}://{request.host}: {why}")


def _refusal(answer: urllib.error.HTTPError) -> Stop:
    try:
        problem = json.loads(answer.read())
    except (ValueError, OSError, http.client.HTTPException):
        problem = {}
    title = _at(problem, "title") or f"the server answers {answer.reason}"
    said = ": ".join(str(part) for part in (title, _at(problem, "detail")) if part)
    said += f" [{_at(problem, 'code') or 'no code'}, HTTP {answer.code}]"
    for fault in _list(_at(problem, "errors")):
        said += f"\n  {_at(fault, 'pointer') or '/'}: {_at(fault, 'message')} [{_at(fault, 'code')}]"
    return Stop(USAGE if answer.code in {400, 401, 403, 404, 409, 413, 422} else INTERNAL, said)


def _run(options: argparse.Namespace) -> int:
    server, question = Server(options), _question(options)
    answer = server.ask("/api/v1/gates/jobs" if options.queue else "/api/v1/gates/evaluations", question)
    if not _at(answer, "decision") and not options.wait:
        _show(f"submitted, not decided: {_at(answer, 'status_url') or 'the server will decide'}")
        return PASSED
    body = _decision(server, answer)
    code = exit_code(body, fail_on=options.fail_on, strict=options.strict, style=options.exit_codes)
    written = [_write(server, body, kind, path) for kind, path in options.targets]
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    _show(json.dumps(body, indent=2, sort_keys=True) if options.format == "json" else text_of(body, colour=colour))
    return code if all(written) else code or INTERNAL


def _decision(server: Server, answer: Json) -> Json:
    pause = 0.5
    while not _at(answer, "decision"):
        status, link = _at(answer, "status"), _at(answer, "status_url")
        if status in {"failed", "dead_letter", "cancelled"} or not isinstance(link, str):
            raise Stop(INTERNAL, f"no decision: the job is {status}. {_at(answer, 'failure', 'detail') or ''}")
        if server.deadline - time.monotonic() <= pause:
            raise Stop(TIMEOUT, f"the time is up, and the job is still {status}")
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)
        answer = server.ask(link)
    decision = answer["decision"]
    answer = decision if isinstance(decision, dict) else answer
    if isinstance(decision, str) and decision not in DECISIONS:
        answer = server.ask(f"/api/v1/gates/decisions/{urllib.parse.quote(decision, safe='')}")
    if _at(answer, "decision") not in DECISIONS or not _at(answer, "mode"):
        raise Stop(INTERNAL, "the answer holds no decision that this client knows")
    return answer


def _write(server: Server, body: Json, kind: str, path: Path) -> bool:
    try:
        own = {"json": json.dumps(body, indent=2, sort_keys=True), "text": text_of(body)}.get(kind)
        path.write_bytes(own.encode() if own else server.fetch(f"{_at(body, 'links', 'report')}?format={kind}"))
    except (Stop, OSError) as fault:
        _complain(f"{path}: the {kind} report was not written: {fault}")
        return False
    return True


def text_of(body: Json, *, colour: bool = False) -> str:
    """Return the decision for a person: verdict, causes, findings, remedies and where to read more."""
    shown = f"{DECISIONS[body['decision']]}{body['decision'].upper()}\033[0m" if colour else body["decision"].upper()
    head = f"{_at(body, 'artifact', 'name') or _at(body, 'artifact', 'digest')} to {_at(body, 'environment', 'name')}."
    reasons = [(check, one) for check in _list(_at(body, "checks")) for one in _list(_at(check, "reasons"))]
    held = [pair for weight in ("block", "warn") for pair in reasons if _at(pair[1], "outcome") == weight]
    lines = _top([f"{_at(one, 'outcome'):<5}  {_at(check, 'check')}: {_at(one, 'text')}" for check, one in held])
    kept = [_standing(one) for one in _list(_at(body, "exceptions"))]
    lines += ["", f"Without exceptions: {_at(body, 'raw', 'verdict')}. With them:", *_top(kept)] if kept else []
    table = [[column.replace("_", " ") for column in COLUMNS]]
    table += [[_cell(_at(one, column)) for column in COLUMNS] for one in _list(_at(body, "findings"))]
    widths = [max(map(len, column)) for column in zip(*table[: ROWS + 1])]  # noqa: B905 - Python 3.8
    title, *rows = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    lines += ["", f"  {title}", *_top(rows)] if rows else []
    hidden = [f"{_at(s, 'id')}  {_at(s, 'source')}: {_at(s, 'statement')}" for s in _list(_at(body, "suppressed"))]
    lines += ["", "Hidden by the scanner, and counted all the same:", *_top(hidden)] if hidden else []
    fixes = list(dict.fromkeys(str(_at(one, "fix")) for _, one in held if _at(one, "fix")))
    lines += ["", "What would fix it:", *_top([f"- {fix}" for fix in fixes])] if fixes else []
    lines += ["", f"decision {_at(body, 'id')}  {_at(body, 'links', 'self') or ''}"] if _at(body, "id") else []
    return "\n".join([f"{shown}: {_clean(head)} {_clean(_at(body, 'wording') or '')}", *map(_clean, lines)])


def _standing(one: Json) -> str:
    hours = (_at(one, "grace_seconds_left") or _at(one, "seconds_left") or 0) // 3600
    until = f"until {_at(one, 'grace_until') or _at(one, 'expires_at')}, {hours} h left"
    state = f"does not apply, {_at(one, 'held')}" if _at(one, "held") else until
    return "  ".join(map(str, [_at(one, "id"), _at(one, "effect"), state, *_list(_at(one, "fired"))]))


def _top(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines[:ROWS]] + [f"  … and {len(lines) - ROWS} more"] * (len(lines) > ROWS)


def _cell(value: Json) -> str:
    cell = {None: "?", True: "yes", False: "no"}[value] if value is None or isinstance(value, bool) else str(value)
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + "…"


def _clean(line: str) -> str:
    """Return a line without control characters: what a report names must not speak to the terminal."""
    return "".join("\ufffd" if unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp"} else one for one in line)


def _show(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # a reader who has gone away changes nothing about the decision
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    print("\n".join(map(_clean, f"stellagate: {message}".split("\n"))), file=sys.stderr)


def _at(value: Json, *path: str) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []


if __name__ == "__main__":
    sys.exit(main())
