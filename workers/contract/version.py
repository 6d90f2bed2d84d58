"""The version of the distribution and of the protocol between controller and worker."""

__version__ = "0.1.0"

PROTOCOL = 1
"""The protocol this code speaks. Fields are only ever added within one number."""

OLDEST_PROTOCOL = 1
"""The oldest protocol a controller of this version still serves."""
