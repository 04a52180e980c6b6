"""Two people of one name arrive at once, on real connections."""

import threading

import pytest
from django.db import connection, connections, transaction

from stellapolicy.access.models import User
from stellapolicy.access.services.provisioning import Identity, sign_in_identity
from tests.factories import NOON

WAITING = (
    "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_of_two_people_of_one_name_both_are_let_in() -> None:
    arrived: list[User] = []

    def arrive(subject: str) -> None:
        try:
            identity = Identity(issuer="https://sso.example", subject=subject, username="alice")
            arrived.append(sign_in_identity(identity=identity, at=NOON))
        finally:
            connections.close_all()

    second = threading.Thread(target=arrive, args=("2",))
    with transaction.atomic():
        first = sign_in_identity(identity=Identity("https://sso.example", "1", username="alice"), at=NOON)
        second.start()
        while second.is_alive() and not somebody_waits():
            second.join(timeout=0.01)
    second.join()

    assert first.username == "alice"
    assert [person.username.startswith("alice-") for person in arrived] == [True]
