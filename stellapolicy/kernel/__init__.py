"""Values every room speaks in: pure, without Django, clock, network or chance."""
