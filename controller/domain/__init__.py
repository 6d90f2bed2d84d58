"""What is it? Frozen values, tables of moves, errors and words. No I/O, no clock, no framework."""
