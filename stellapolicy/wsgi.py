"""The web application as gunicorn runs it; it does not start where the settings are unfit."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stellapolicy.settings")
application = get_wsgi_application()

from stellapolicy.checks import refuse_unfit  # noqa: E402 - reads the settings, which the line above makes ready

refuse_unfit()
