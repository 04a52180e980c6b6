"""Approvals, delegations and settings over HTTP."""
