"""Actions that exist for these tests."""

import pytest

from stellapolicy.audit import actions


@pytest.fixture(autouse=True)
def team_actions() -> None:
    """Make the actions of these tests known."""
    actions.register({"team.made": "Team made"})
