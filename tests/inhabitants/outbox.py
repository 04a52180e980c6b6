"""What the pages of the outbox show: a webhook with a failed attempt, a channel, a rule, a message in an inbox."""

from datetime import datetime

from stellapolicy.access.models import User
from stellapolicy.kernel.actor import Actor
from stellapolicy.outbox.models import ChannelKind, Delivery, DeliveryStatus, Digest
from stellapolicy.outbox.services import dispatching, outward
from stellapolicy.outbox.services.notifications import create_channel, create_rule
from stellapolicy.outbox.services.webhooks import create_webhook, ping_webhook
from stellapolicy.tenancy.scope import tenant_scope


def tell(actor: Actor, person: User, *, at: datetime) -> None:
    """Make a webhook that nobody answers, and tell people of what happened before."""
    with tenant_scope(actor.tenant_id):
        channel = create_channel(
            actor=actor, name="security", kind=ChannelKind.IN_APP, recipients=(person.username,), at=at
        )
        create_rule(actor=actor, channel_id=channel.pk, events=["gate.*"], digest=Digest.IMMEDIATELY, at=at)
        # A documentation address: it is judged when it is called, and refused.
        webhook = create_webhook(
            actor=actor, url="https://releases.example/hook", events=["gate.decided"], description="chat", at=at
        ).webhook
        ping_webhook(actor=actor, pk=webhook.pk, at=at)
        dispatching.dispatch(clock=lambda: at)
        outward.deliver(clock=lambda: at)
        Delivery.objects.of_tenant(actor.tenant_id).filter(subscriber=webhook.subscriber).update(
            status=DeliveryStatus.DEAD_LETTER, finished_at=at, failure="egress.failed"
        )
