"""The old recipe format, ``meta.yaml``: read and turned into what the builder of the new one understands."""
