"""All periodic work on one screen. Bootstrap creates the missing rows; after that the admin's edits stand."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Periodic:
    """One line of the beat schedule."""

    task: str
    every: timedelta
    does: str


SCHEDULE = (
    Periodic("outbox.dispatch", timedelta(seconds=2), "Hands events to whoever follows them."),
    Periodic("outbox.deliver_webhooks", timedelta(seconds=2), "Sends webhooks and messages."),
    Periodic("outbox.send_digests", timedelta(minutes=5), "Composes the hourly and daily messages that are due."),
    Periodic("outbox.purge", timedelta(days=1), "Forgets old events, deliveries and messages."),
    Periodic("outbox.reap", timedelta(seconds=60), "Returns to the queue the deliveries a lost worker had claimed."),
    Periodic("policies.drain_runs", timedelta(seconds=5), "Does the long work that waits."),
    Periodic("policies.reap_runs", timedelta(seconds=30), "Returns to the queue the runs a lost worker had claimed."),
    Periodic("gates.drain_queue", timedelta(seconds=2), "Evaluates the gate jobs that wait."),
    Periodic("gates.reap_leases", timedelta(seconds=30), "Returns to the queue what a lost worker had claimed."),
    Periodic(
        "policies.consume_events", timedelta(seconds=2), "Acts upon events from outside, where a stream is named."
    ),
    Periodic("policies.write_columns", timedelta(seconds=30), "Writes the columns of new snapshots."),
    Periodic("policies.compact_columns", timedelta(days=1), "Puts small columnar files together."),
    Periodic("governance.expire_approvals", timedelta(seconds=60), "Closes approval requests whose time ran out."),
    Periodic("exceptions.advance_lifecycles", timedelta(seconds=60), "Begins exceptions, ends their graces."),
    Periodic("exceptions.expire_due", timedelta(minutes=5), "Ends exceptions, and announces what ends soon."),
    Periodic("exceptions.recheck_sweep", timedelta(days=1), "Compares every exception with the facts of today."),
    Periodic("access.purge_workload_tokens", timedelta(days=1), "Forgets pipelines' tokens that ended a week ago."),
    Periodic("feeds.fetch", timedelta(hours=1), "Asks every feed that has an address whether it is new."),
    Periodic("feeds.tell_tenants", timedelta(seconds=60), "Tells tenants which artifacts a change of a feed concerns."),
    Periodic("api.beat_heart", timedelta(seconds=15), "Shows that beat, broker and workers do their work."),
    Periodic("audit.verify", timedelta(days=1), "Walks every audit chain from its beginning."),
    Periodic("stellapolicy.purge", timedelta(days=1), "Removes what every room has kept long enough."),
    Periodic("api.purge_idempotency", timedelta(days=1), "Forgets idempotency keys older than a day."),
)
