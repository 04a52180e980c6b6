"""What lists of approvals and delegations may be narrowed to."""

from typing import Any

import django_filters

from stellapolicy.governance.models import ApprovalRequest, ApprovalState, Delegation
from stellapolicy.governance.models.approval import ApprovalRequestQuerySet
from stellapolicy.governance.models.delegation import DelegationQuerySet
from stellapolicy.governance.selectors import decidable
from stellapolicy.kernel.clock import now


class ApprovalFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Requests by state (as it is now), kind, target, who asked, and whether they wait for you."""

    state = django_filters.ChoiceFilter(choices=ApprovalState.choices, method="in_state", label="As it is now.")
    kind = django_filters.CharFilter(label="Kind, such as `governance.setting`.")
    target_type = django_filters.CharFilter(label="Type of what it is about.")
    target_id = django_filters.CharFilter(label="Id of what it is about.")
    requester = django_filters.CharFilter(field_name="person", label="Who asked: `user:` and a name.")
    mine_to_decide = django_filters.BooleanFilter(method="of_mine", label="Only those you could approve now.")

    class Meta:
        model = ApprovalRequest
        fields: list[str] = []

    def in_state(self, rows: ApprovalRequestQuerySet, _name: str, value: str) -> ApprovalRequestQuerySet:
        """Return those in a state, whether or not a worker has recorded it."""
        return rows.standing(value, at=now())

    def of_mine(self, rows: ApprovalRequestQuerySet, _name: str, value: Any) -> ApprovalRequestQuerySet:  # noqa: ANN401 - of the library
        """Return those that wait for whoever asks, or the others."""
        mine = decidable(self.request.actor, at=now()).values("pk")
        return rows.filter(pk__in=mine) if value else rows.exclude(pk__in=mine)


class DelegationFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter is untyped
    """Delegations by who gave and who holds them, and whether they hold now."""

    delegator = django_filters.CharFilter(label="Who gave it: `user:` and a name.")
    delegate = django_filters.CharFilter(label="Who may vote with it: `user:` and a name.")
    in_force = django_filters.BooleanFilter(method="holding", label="Only those that hold now.")

    class Meta:
        model = Delegation
        fields: list[str] = []

    def holding(self, rows: DelegationQuerySet, _name: str, value: Any) -> DelegationQuerySet:  # noqa: ANN401 - of the library
        """Return those that hold now, or the others."""
        holding = Delegation.objects.in_force(at=now()).values("pk")
        return rows.filter(pk__in=holding) if value else rows.exclude(pk__in=holding)
