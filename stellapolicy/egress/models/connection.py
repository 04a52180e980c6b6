"""How this installation is connected: one row, whatever the number of tenants."""

from django.db import models


class ConnectionMode(models.TextChoices):
    """Who may be called: anybody in public, the hosts of a list, or nobody."""

    CONNECTED = "connected"
    CONSTRAINED = "constrained"
    SEALED = "sealed"


class ConnectionState(models.Model):
    """The mode in force; without a row the installation is connected."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    mode = models.CharField(max_length=16, choices=ConnectionMode.choices)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200)
    reason = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_connection_state"),
            models.CheckConstraint(condition=models.Q(mode__in=ConnectionMode.values), name="connection_mode_is_known"),
        ]

    def __str__(self) -> str:
        return self.mode
