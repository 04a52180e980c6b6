"""Events written with the change they tell of, handed on after it is committed."""
