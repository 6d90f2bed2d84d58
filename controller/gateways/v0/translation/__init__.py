"""From an evaluated ``meta.yaml`` to a recipe of the new format."""
