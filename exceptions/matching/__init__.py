"""Which exception covers which finding: the one matcher of the product; pure."""
