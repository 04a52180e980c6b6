"""A verb is held against the version of the exception that its caller looked at."""

import pytest

from exceptions.models import PolicyException
from tests.exceptions.api.office import Office, at, refused
from tests.reports import HARMLESS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "verb, body",
    [
        (":withdraw", {"comment": "fixed instead"}),
        (":approve", {"comment": "yes", "payload_hash": "sha256:" + "0" * 64}),
        (":reject", {"comment": "no", "payload_hash": "sha256:" + "0" * 64}),
        (":request-changes", {"comment": "which one?"}),
        (":revoke", {"comment": "no longer"}),
        (":extend", {"expires_at": "2036-01-01T00:00:00Z", "rationale": "x" * 60}),
        (":resubmit", {"comment": "as it was"}),
    ],
)
def test_a_verb_about_another_version_is_refused_and_changes_nothing(
    office: Office, verb: str, body: dict[str, str]
) -> None:
    exception = office.ask(vulnerability=HARMLESS.id)
    client = office.session("sam")

    late = client.post(at(exception, verb), body, format="json", headers={"If-Match": '"of-another-day"'})

    assert refused(late) == (412, "precondition.failed")
    with office.opened():
        assert PolicyException.objects.get(pk=exception.pk).state == "proposed"


def test_a_verb_about_the_version_that_was_read_is_done(office: Office) -> None:
    exception = office.ask(vulnerability=HARMLESS.id)
    client = office.session("ada")
    seen = client.get(at(exception)).headers["ETag"]

    done = client.post(at(exception, ":withdraw"), {"comment": "fixed"}, format="json", headers={"If-Match": seen})

    assert done.status_code == 200
    assert done.json()["state"] == "withdrawn"
