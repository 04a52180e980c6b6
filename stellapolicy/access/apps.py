"""The access app."""

from importlib import import_module

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in

from stellapolicy.audit import actions


class AccessConfig(AppConfig):
    """People, roles, scopes and tokens."""

    name = "stellapolicy.access"
    label = "access"

    def ready(self) -> None:
        """Name the actions that this app records, and describe how to sign in."""
        import_module("stellapolicy.access.openapi")
        # Read once here, so that a setting which is no list of issuers stops the start.
        import_module("stellapolicy.access.issuers").configured()
        import_module("stellapolicy.access.held").register()
        user_logged_in.connect(
            import_module("stellapolicy.access.middleware").remember_sign_in, dispatch_uid="access.remember_sign_in"
        )
        actions.register(
            {
                "team.made": "Team made",
                "team.described": "Team described anew",
                "service.made": "Service made",
                "service.described": "Service described anew",
                "environment.made": "Environment made",
                "environment.described": "Environment described anew",
                "person.created": "Person made known",
                "person.disabled": "Person locked out",
                "role.assigned": "Role given",
                "role.withdrawn": "Role withdrawn",
                "token.issued": "API token issued",
                "token.rotated": "API token given a new secret",
                "token.revoked": "API token revoked",
                "person.sign_in_locked": "Sign-in locked after wrong passwords",
                "person.sign_in_unlocked": "Sign-in unlocked",
                "group_mapping.added": "Group given a role",
                "group_mapping.removed": "Group's role taken away",
                "workload.trusted": "Pipeline trusted",
                "workload.withdrawn": "Pipeline trusted no longer",
                "workload.exchanged": "Pipeline's identity exchanged for a token",
            }
        )
