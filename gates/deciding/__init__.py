"""From frozen inputs to a decision; pure, so that the same call repeats it."""
