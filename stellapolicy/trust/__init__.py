"""Whether we believe what somebody signed; it never holds a private key."""
