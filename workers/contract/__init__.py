"""What controller and worker say to each other: messages and their meanings, nothing else.

The worker owns the language and the controller learns it, so that a worker installs without a
database, a web server or templates. Messages are frozen pydantic models; fields are only ever
added within one protocol number (``version.py``), which golden JSON in ``tests/contract`` guards.
"""
