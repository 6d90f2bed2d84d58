"""One seed is one history of the farm: its real services and its real database, under simulated time and faults.

``docs/explanation/what-is-proven.md`` says what is real here, what is not, and how a failing seed is read.
"""
