"""Finding facts as typed columns, for questions about a whole estate. Pure: values in, bytes out."""
