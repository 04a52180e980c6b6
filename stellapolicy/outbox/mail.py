"""Mail where nobody configured any: it says so instead of losing messages."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from stellapolicy.outbox.errors import EmailUnsupported


class UnsupportedBackend(BaseEmailBackend):
    """Stands in for a mail server that EMAIL_HOST does not name."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:  # noqa: ARG002 - Django's signature
        """Refuse."""
        raise EmailUnsupported("set EMAIL_HOST and DEFAULT_FROM_EMAIL, then send mail")
