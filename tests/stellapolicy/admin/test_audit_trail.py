"""The audit trail in the admin: in words, linked, and verified on demand."""

from http import HTTPStatus

from django.db import connection
from django.urls import reverse

from stellapolicy.access.roles import Role
from stellapolicy.audit.models import Entry
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.factories import person_with


def test_the_trail_speaks_in_words_and_links_to_what_was_done(acme: Inhabited) -> None:
    with tenant_scope(acme.tenant.pk):
        decided = Entry.objects.filter(action="gate.decided").latest("seq")

    shown = acme.sign_in().get(reverse("admin:audit_entry_changelist")).content.decode()

    assert "Gate decided" in shown
    assert reverse("admin:gates_gatedecision_change", args=[decided.target_id]) in shown


def test_the_trail_is_newest_first(acme: Inhabited) -> None:
    shown = acme.sign_in().get(reverse("admin:audit_entry_changelist"))

    numbers = [entry.seq for entry in shown.context["cl"].result_list]
    assert numbers == sorted(numbers, reverse=True)


def test_the_trail_is_narrowed_to_one_kind_of_deed(acme: Inhabited) -> None:
    shown = acme.sign_in().get(reverse("admin:audit_entry_changelist"), {"did": "gate.decided"})

    assert {entry.action for entry in shown.context["cl"].result_list} == {"gate.decided"}


def test_a_whole_chain_is_said_to_be_whole(acme: Inhabited) -> None:
    shown = acme.sign_in().post(reverse("admin:audit_entry_verification")).content.decode()

    assert "The chain is whole." in shown


def test_a_broken_chain_is_said_to_be_broken_and_where(acme: Inhabited) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE stella_owner")
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER append_only")
        cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(acme.tenant.pk)])
        cursor.execute("UPDATE audit_entry SET reason = 'nothing happened' WHERE seq = 3")
        cursor.execute("SET LOCAL ROLE stella_app")

    shown = acme.sign_in().post(reverse("admin:audit_entry_verification")).content.decode()

    assert "The chain is broken in 1 place." in shown
    assert "#3" in shown


def test_the_chain_is_verified_only_for_whoever_may_read_it(acme: Inhabited) -> None:
    viewer = acme.sign_in(person_with(acme.tenant, Role.VIEWER))

    assert viewer.post(reverse("admin:audit_entry_verification")).status_code == HTTPStatus.FORBIDDEN
    assert acme.sign_in().get(reverse("admin:audit_entry_verification")).status_code == HTTPStatus.FORBIDDEN
