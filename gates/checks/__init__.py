"""The checks of a gate: pure functions from one frozen input to a result that carries its reasons."""
