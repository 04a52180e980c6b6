"""Events that reach us from outside, as values. Pure."""
