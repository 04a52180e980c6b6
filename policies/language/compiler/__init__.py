"""From a ruleset to Python functions: closed terms in, closed code out."""
