"""People, roles and tokens."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from knox.models import AbstractAuthToken


class User(AbstractUser):
    """A person."""


class ApiToken(AbstractAuthToken):
    """A token."""

    name = models.CharField(max_length=100)
