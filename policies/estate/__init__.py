"""The present evidence of every artifact, asked by what an exception selects."""
