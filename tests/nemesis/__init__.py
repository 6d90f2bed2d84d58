"""A farm of real processes under faults drawn from a seed, and its promises asked afterwards.

What the simulation (``tests.simulate``) leaves out is here as it is: Celery, HTTP, real builds, signals, full disks,
cut networks, a broker and a Postgres that go away.
"""
