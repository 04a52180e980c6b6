"""Image, compose file and Kubernetes examples say only what the product understands, and their commands run."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from stellapolicy.celery import app as celery_app
from stellapolicy.embedded import _free_port
from stellapolicy.management.environment import replaced, table, variables
from tests.processes import ROOT
from tests.production import PATIENCE_SECONDS, Installation, ask

SETTINGS = ROOT / "stellapolicy" / "settings.py"
KUBERNETES = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
KNOWN = {variable.name for variable in variables(SETTINGS)}
UNDERSTOOD = KNOWN | {f"{name}_FILE" for name in KNOWN}
Document = dict[str, Any]


def compose() -> Document:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8")))


def ours() -> dict[str, Document]:
    """The services of compose.yaml that run the product."""
    return {name: said for name, said in compose()["services"].items() if said.get("build")}


def kubernetes(*kinds: str) -> list[Document]:
    documents = [one for path in KUBERNETES for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    return [document for document in documents if document["kind"] in kinds]


def pods() -> dict[str, Document]:
    return {
        document["metadata"]["name"].removeprefix("stella-"): document["spec"]["template"]["spec"]
        for document in kubernetes("Deployment", "Job")
    }


def dockerfile(instruction: str) -> list[str]:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    found = [line.strip() for line in lines]
    return [line.removeprefix(instruction).strip() for line in found if line.startswith(f"{instruction} ")]


def image_command() -> list[str]:
    return list(json.loads(dockerfile("CMD")[-1]))


def test_the_documented_variables_are_those_the_settings_read() -> None:
    document = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    # If this fails: manage.py environment --write
    assert document == replaced(document, table(variables(SETTINGS)))
    assert [known.name for known in variables(SETTINGS) if not known.about] == []


@pytest.mark.parametrize("service", ["web", "worker", "outward", "beat", "migrate", "bootstrap"])
def test_every_variable_of_the_compose_file_is_one_that_settings_read(service: str) -> None:
    assert set(ours()[service]["environment"]) <= UNDERSTOOD


def test_every_variable_of_the_kubernetes_examples_is_one_that_settings_read() -> None:
    shared = {name for document in kubernetes("ConfigMap") for name in document["data"]}
    own = {
        variable["name"]
        for pod in pods().values()
        for container in pod["containers"]
        for variable in container.get("env", [])
    }

    assert (shared | own) <= UNDERSTOOD
    assert shared == set(ours()["web"]["environment"])


def test_every_variable_of_the_image_is_one_that_settings_or_python_read() -> None:
    names = {pair.split("=")[0] for line in dockerfile("ENV") for pair in shlex.split(line)}

    assert {name for name in names if not name.startswith(("PYTHON", "PIP_", "UV_", "PATH"))} <= UNDERSTOOD


def test_the_image_holds_every_room_and_runs_as_nobody_special() -> None:
    from django.conf import settings

    rooms = {app.split(".")[0] for app in settings.INSTALLED_APPS if (ROOT / app.split(".")[0]).is_dir()}
    copied = {line.split()[0] for line in dockerfile("COPY") if not line.startswith("--from")}
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert rooms | {"manage.py", "templates"} <= copied
    assert {f"!{room}" for room in rooms | {"manage.py", "templates", "requirements.txt"}} <= set(sent)
    assert dockerfile("USER") == ["10001:10001"]


def test_the_same_commands_run_under_compose_and_under_kubernetes() -> None:
    commands = {name: service.get("command") for name, service in ours().items()}

    assert {name: pod["containers"][0].get("command") for name, pod in pods().items()} == commands


@pytest.mark.parametrize("name", sorted(pods()))
def test_no_pod_may_more_than_it_must(name: str) -> None:
    pod = pods()[name]
    container = pod["containers"][0]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"requests", "limits"} <= set(container["resources"])


@pytest.mark.parametrize("name", sorted(ours()))
def test_no_service_may_more_than_it_must(name: str) -> None:
    service = ours()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not any("password" in str(value).lower() for value in service["environment"].values())


def test_the_broker_of_the_compose_file_forgets_no_task() -> None:
    assert "--maxmemory-policy noeviction" in compose()["services"]["broker"]["command"][-1]


def test_every_secret_of_the_compose_file_is_drawn_once(tmp_path: Path) -> None:
    script = tmp_path / "secrets.sh"
    script.write_text((ROOT / "deploy/compose/secrets.sh").read_text(encoding="utf-8"), encoding="utf-8")

    subprocess.run(["sh", str(script)], check=True)
    drawn = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir()}
    subprocess.run(["sh", str(script)], check=True)

    assert {Path(secret["file"]).name for secret in compose()["secrets"].values()} == set(drawn)
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir()} == drawn
    assert all(len(content) > 50 for content in drawn.values())
    assert re.fullmatch(r"postgresql://stella_app:[\w-]{64}@database/stella", drawn["database_url"])


def test_the_command_of_the_image_answers_and_its_probe_says_so(installation: Installation, tmp_path: Path) -> None:
    port = _free_port()
    command = [word.replace("0.0.0.0:8080", f"127.0.0.1:{port}") for word in image_command()]
    web = run_on_a_read_only_root(installation, tmp_path, command)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while probe(installation, port, "healthz") != 0:
            assert web.poll() is None, "the web process ended"
            assert time.monotonic() < deadline, "the web process does not answer"

        assert probe(installation, port, "readyz") == 0
        assert probe(installation, port, "nowhere") == 1
        assert ask(f"http://127.0.0.1:{port}", "/admin/login/").status_code == 200
    finally:
        web.terminate()
        web.wait(timeout=PATIENCE_SECONDS)
    assert probe(installation, port, "healthz") == 1


def probe(installation: Installation, port: int, path: str) -> int:
    return installation.run("-m", "stellapolicy.probe", f"http://127.0.0.1:{port}/{path}").returncode


def run_on_a_read_only_root(installation: Installation, folder: Path, command: list[str]) -> "subprocess.Popen[bytes]":
    """Start a command of the image in a folder nobody may write, without bytecode being kept."""
    folder.chmod(0o555)
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**installation.environment(), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def consumed(command: list[str]) -> set[str]:
    """The queues of a worker's command."""
    named = [word.removeprefix("--queues=").split(",") for word in command if word.startswith("--queues=")]
    return {queue for queues in named for queue in queues}


def test_every_queue_has_a_worker_and_what_waits_for_others_has_one_of_its_own() -> None:
    queues = {name: consumed(ours()[name]["command"]) for name in ("worker", "outward")}
    routed = {
        name: celery_app.amqp.router.route({}, name)["queue"].name for name in sorted(celery_app.conf.task_routes)
    }

    assert routed == {"feeds.fetch": "outward", "outbox.deliver_webhooks": "outward"}
    assert celery_app.amqp.router.route({}, "gates.drain_queue")["queue"].name == "celery"
    assert queues == {"worker": {"celery"}, "outward": {"outward"}}


def test_one_worker_serves_all_queues_of_a_laptop() -> None:
    from stellapolicy.management.commands.up import _commands

    command = _commands(8080)["worker"]

    assert command[command.index("--queues") + 1] == "celery,outward"


def test_the_pods_of_every_worker_reach_the_world() -> None:
    (outbound,) = (one for one in kubernetes("NetworkPolicy") if one["metadata"]["name"] == "stella-outbound")
    parts = {name for chosen in outbound["spec"]["podSelector"]["matchExpressions"] for name in chosen["values"]}

    assert {"web", "worker", "outward"} <= parts


def test_workers_and_beat_run_as_the_compose_file_says(installation: Installation, tmp_path: Path) -> None:
    running = {
        name: run_on_a_read_only_root(installation, tmp_path, ours()[name]["command"])
        for name in ("worker", "outward", "beat")
    }
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(answers := celery_app.control.ping(timeout=1) or []) < 2:
            assert {name: process.poll() for name, process in running.items()} == dict.fromkeys(running)
            assert time.monotonic() < deadline, "a worker does not answer"

        here = os.uname().nodename
        assert {name for answer in answers for name in answer} == {f"worker@{here}", f"outward@{here}"}
        assert running["beat"].poll() is None
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait(timeout=PATIENCE_SECONDS)


def test_migrate_and_bootstrap_run_as_the_compose_file_says(bare_installation: Installation) -> None:
    release = {name: ours()[name]["command"][1:] for name in ("migrate", "bootstrap")}

    migrated = bare_installation.run(
        *release["migrate"], role=bare_installation.owner, DATABASE_APP_ROLE=bare_installation.app
    )
    seeded = bare_installation.run(*release["bootstrap"])
    again = bare_installation.run(*release["bootstrap"])

    assert migrated.returncode == 0, migrated.stderr
    assert seeded.returncode == again.returncode == 0, seeded.stderr
