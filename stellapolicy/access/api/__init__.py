"""People and tokens over HTTP."""
