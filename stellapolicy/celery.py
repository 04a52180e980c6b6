"""The Celery application: workers and beat, which do not start where the settings are unfit."""

import os

from celery import Celery
from celery.signals import import_modules

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stellapolicy.settings")

app = Celery("stellapolicy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@import_modules.connect(sender=app)
def _refuse_unfit(**_: object) -> None:
    """Judge the settings as a worker or beat loads its tasks; Celery's own fixup has set Django up before."""
    from stellapolicy.checks import refuse_unfit  # noqa: PLC0415 - needs settings

    refuse_unfit()
