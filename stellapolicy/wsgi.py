"""The web application as gunicorn runs it; it does not start where the settings are unfit."""

import os

import django
from django.core.wsgi import get_wsgi_application

from stellapolicy import telemetry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stellapolicy.settings")
django.setup()
telemetry.begin()
application = get_wsgi_application()

from stellapolicy.checks import refuse_unfit  # noqa: E402 - reads the settings, which the lines above make ready

refuse_unfit()
