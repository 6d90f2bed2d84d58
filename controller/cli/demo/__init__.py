"""``farm demo``: the whole way on real parts, each step checked; the first that is not as said ends it."""
