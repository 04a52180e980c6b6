"""Who may do what: people, roles, scopes, tokens."""
