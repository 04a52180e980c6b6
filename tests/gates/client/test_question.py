"""What the client asks: reports, artifact, build context."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from gates.client.stellagate import build_context, subject_of
from tests.gates.client.running import ARTIFACT, DIGEST, check, decision, run
from tests.gates.client.scripted_server import EVALUATIONS, Answer, serving
from tests.real_data import real_data

TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": "registry.example/shop:1.2",
    "Metadata": {"ImageID": "sha256:" + "1" * 64, "RepoDigests": [f"registry.example/shop@{DIGEST}"]},
    "Results": [],
}
SBOM = {
    "bomFormat": "CycloneDX",
    "metadata": {
        "component": {
            "name": "registry.example/shop:1.2",
            "properties": [{"name": "aquasecurity:trivy:ImageID", "value": "sha256:" + "1" * 64}],
        }
    },
}


def test_a_question_carries_reports_artifact_build_and_token(tmp_path: Path) -> None:
    report = tmp_path / "trivy.json"
    report.write_text(json.dumps(TRIVY))
    variables = {"GITLAB_CI": "true", "CI_COMMIT_SHA": "c0ffee", "CI_PIPELINE_URL": "https://gitlab.example/p/1"}
    with serving({EVALUATIONS: [Answer(body=decision())]}) as server:
        run(server.url, "check", report, "--environment", "production", "--gate", "release", variables=variables)

    (asked,) = server.asked
    question = asked.json
    content = base64.b64decode(question["reports"][0]["content_base64"], validate=True)
    assert (asked.method, asked.headers["Authorization"]) == ("POST", "Bearer stella_secret")
    assert asked.headers["Content-Type"] == "application/json"
    assert question["artifact"] == {"digest": DIGEST, "name": "registry.example/shop:1.2"}
    assert (question["environment"], question["gate"], question["wait"]) == ("production", "release", True)
    assert question["reports"][0]["filename"] == "trivy.json"
    assert gzip.decompress(content) == report.read_bytes()
    assert question["build"] == {
        "ci": "gitlab",
        "commit": "c0ffee",
        "pipeline_url": "https://gitlab.example/p/1",
    }


def test_the_artifact_of_several_reports_is_what_all_of_them_name(tmp_path: Path) -> None:
    reports = [tmp_path / "trivy.json", tmp_path / "sbom.cdx.json", tmp_path / "secrets.sarif"]
    for path, document in zip(reports, (TRIVY, SBOM, {"runs": []}), strict=True):
        path.write_text(json.dumps(document))
    with serving({EVALUATIONS: [Answer(body=decision())]}) as server:
        run(server.url, "check", *reports, "--environment", "production")

    question = server.asked[0].json
    assert question["artifact"]["digest"] == "sha256:" + "1" * 64
    assert [report["filename"] for report in question["reports"]] == ["trivy.json", "sbom.cdx.json", "secrets.sarif"]


def test_a_stated_artifact_overrules_what_reports_name(tmp_path: Path) -> None:
    report = tmp_path / "trivy.json.gz"
    report.write_bytes(gzip.compress(json.dumps(SBOM).encode()))
    with serving({EVALUATIONS: [Answer(body=decision())]}) as server:
        check(server.url, report, "--name", "shop")

    question = server.asked[0].json
    assert question["artifact"] == {"digest": DIGEST, "name": "shop"}
    assert base64.b64decode(question["reports"][0]["content_base64"]) == report.read_bytes()


def test_without_reports_the_evidence_already_there_is_asked_about() -> None:
    with serving({EVALUATIONS: [Answer(body=decision())]}) as server:
        check(server.url)

    question = server.asked[0].json
    assert question["reports"] == []
    assert question["artifact"] == {"digest": DIGEST, "name": ARTIFACT.partition("@")[0]}


def test_a_server_below_a_path_keeps_it() -> None:
    with serving({f"/stella{EVALUATIONS}": [Answer(body=decision())]}) as server:
        ended = check(f"{server.url}/stella/")

    assert ended.returncode == 0


@pytest.mark.parametrize(
    "path, name, digest",
    [
        ("scans/trivy-golden/alpine-310.json", None,
         "sha256:961769676411f082461f9ef46626dd7a2d1e2b2a38e6a44364bcbecf51e66dd4"),
        ("scans/trivy/license_scheme.json", "alpine:3.11",
         "sha256:bcae378eacedab83da66079d9366c8f5df542d7ed9ab23bf487e3e1a8481375d"),
        ("scans/anchore_grype/check_all_fields.json", "vulnerable-image:latest",
         "sha256:9d8825ab20ac86b40eb71495bece1608a302fb180384740697a28c2b0a5a0fc6"),
        ("scans/trivy-golden/fluentd-multiple-lockfiles-short.cdx.json", None,
         "sha256:5a992077baba51b97f27591a10d54d2f2723dc9c81a3fe419e261023f2554933"),
        ("sbom/guac__alpine-cyclonedx.json", "docker.io/library/alpine:latest",
         "sha256:cbaa390ec61abd889dfa5146a411c11717c19ef9e5e18458dbdc06439076ffe7"),
    ],
)  # fmt: skip
def test_a_real_report_names_its_artifact(path: str, name: str | None, digest: str) -> None:
    stated_name, digests = subject_of(real_data(path).read_bytes())

    assert digests[0] == digest
    assert name in (None, stated_name)


@pytest.mark.parametrize("path", ["scans/trivy-golden/gomod.json", "scans/anchore_grype/many_vulns4.json"])
def test_a_real_report_of_a_directory_names_no_digest(path: str) -> None:
    assert subject_of(real_data(path).read_bytes())[1] == []


@pytest.mark.parametrize(
    "content",
    [b"", b"not json", b"[1, 2]", b"\x1f\x8bbroken", b'{"Metadata": 5, "source": [], "bomFormat": "CycloneDX"}',
     b"[" * 100_000, b'{"Metadata": {"RepoDigests": "x", "ImageID": ["y"]}}', b"<?xml version='1.0'?><bom/>",
     b"\xff\xfe"],
)  # fmt: skip
def test_whatever_names_nothing_names_nothing(content: bytes) -> None:
    name, digests = subject_of(content)

    assert not name
    assert not digests


def test_the_build_context_of_github_names_run_and_base(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"base": {"sha": "ba5e"}}}))
    build = build_context(
        {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "shop/checkout",
            "GITHUB_RUN_ID": "42",
            "GITHUB_SHA": "c0ffee",
            "GITHUB_REF_NAME": "7/merge",
            "GITHUB_HEAD_REF": "feature",
            "GITHUB_BASE_REF": "main",
            "GITHUB_ACTOR": "ada",
            "GITHUB_EVENT_PATH": str(event),
        }
    )

    assert build == {
        "ci": "github",
        "repository": "shop/checkout",
        "commit": "c0ffee",
        "branch": "feature",
        "base_branch": "main",
        "base_commit": "ba5e",
        "pipeline_url": "https://github.example/shop/checkout/actions/runs/42",
        "actor": "ada",
    }


def test_the_build_context_of_jenkins_holds_no_credentials() -> None:
    build = build_context(
        {
            "JENKINS_URL": "https://ci.example/",
            "GIT_URL": "https://robot:hunter2@git.example/shop.git",
            "GIT_COMMIT": "c0ffee",
            "GIT_BRANCH": "origin/main",
            "BUILD_URL": "https://ci.example/job/7/",
        }
    )

    assert build["repository"] == "https://git.example/shop.git"
    assert build["branch"] == "origin/main"
    assert "hunter2" not in json.dumps(build)


def test_any_other_pipeline_states_its_build_itself() -> None:
    build = build_context({"STELLA_BUILD_COMMIT": "c0ffee", "STELLA_BUILD_BRANCH": "main", "HOME": "/home/ada"})

    assert build == {"ci": "generic", "commit": "c0ffee", "branch": "main"}


def test_what_a_pipeline_states_overrules_what_its_ci_says() -> None:
    build = build_context({"GITLAB_CI": "true", "CI_COMMIT_SHA": "other", "STELLA_BUILD_COMMIT": "c0ffee"})

    assert build["commit"] == "c0ffee"
