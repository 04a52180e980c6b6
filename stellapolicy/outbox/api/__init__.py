"""Events, webhooks and notifications over HTTP."""
