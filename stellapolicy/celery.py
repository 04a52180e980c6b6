"""The Celery application: workers and beat, which do not start where the settings are unfit."""

import os

from celery import Celery
from celery.signals import import_modules, worker_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stellapolicy.settings")

app = Celery("stellapolicy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@import_modules.connect(sender=app)
def _refuse_unfit(**_: object) -> None:
    """Judge the settings as a worker or beat loads its tasks; Celery's own fixup has set Django up before."""
    from stellapolicy.checks import refuse_unfit  # noqa: PLC0415 - needs settings

    refuse_unfit()


@worker_init.connect
def _tell_metrics(**_: object) -> None:
    """Let Prometheus read what this worker counts, where an address is set for that."""
    from django.conf import settings  # noqa: PLC0415 - needs settings

    from stellapolicy.api import metrics  # noqa: PLC0415 - needs settings

    if settings.METRICS_WORKER_ADDRESS:
        host, port = settings.METRICS_WORKER_ADDRESS.rsplit(":", 1)
        metrics.serve(host=host, port=int(port))


@worker_process_init.connect
def _send_traces(**_: object) -> None:
    """Begin to send traces in each child: what sends them does not survive the fork."""
    from stellapolicy import telemetry  # noqa: PLC0415 - needs settings

    telemetry.begin()
