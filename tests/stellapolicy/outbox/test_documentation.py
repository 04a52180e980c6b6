"""What docs/webhooks.md tells receivers to do is right."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stellapolicy.outbox.message import signature, signed_message
from stellapolicy.outbox.secrets_at_rest import new_webhook_secret
from tests.factories import NOON
from tests.stellapolicy.outbox.test_message import EVENT

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECONDS = NOON.timestamp()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def is_genuine() -> Any:
    names: dict[str, Any] = {}
    exec(block("python"), names)  # noqa: S102 - our own documentation
    return names["is_genuine"]


def test_the_python_of_the_page_believes_a_message_of_ours(is_genuine: Any) -> None:
    old, new = new_webhook_secret(), new_webhook_secret()
    message = signed_message("https://example.org/", EVENT, secrets=[new, old], at=NOON)

    assert is_genuine(old, message.headers, message.body, now=SECONDS)
    assert is_genuine(new, message.headers, message.body, now=SECONDS)


def test_the_python_of_the_page_believes_nothing_forged_or_old(is_genuine: Any) -> None:
    secret = new_webhook_secret()
    message = signed_message("https://example.org/", EVENT, secrets=[secret], at=NOON)

    assert not is_genuine(secret, message.headers, message.body + b" ", now=SECONDS)
    assert not is_genuine(new_webhook_secret(), message.headers, message.body, now=SECONDS)
    assert not is_genuine(secret, message.headers, message.body, now=SECONDS + 600)


@pytest.mark.parametrize("change,said", [(b"", "genuine"), (b" ", "forged")])
def test_the_shell_of_the_page_tells_ours_from_forged(tmp_path: Path, change: bytes, said: str) -> None:
    secret, body = new_webhook_secret(), b'{"type":"gate.decided"}'
    (tmp_path / "body.json").write_bytes(body + change)
    told = {
        "SECRET": secret,
        "WEBHOOK_ID": "01890000",
        "WEBHOOK_TIMESTAMP": "1772452800",
        "WEBHOOK_SIGNATURE": "v1,other " + signature(secret, "01890000", "1772452800", body),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }

    answered = subprocess.run(["sh", "-c", block("sh")], cwd=tmp_path, env=told, capture_output=True, check=False)

    assert answered.stdout.decode().strip() == said
