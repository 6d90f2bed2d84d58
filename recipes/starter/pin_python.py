#!/usr/bin/env python3
"""Pin a starter tree to the Python that runs this file.

    python recipes/starter/pin_python.py DIR

rewrites the two Python pins of DIR/variants.yaml, so that the `python` recipe, which repackages the first `python3` on
PATH, finds the version it is told to expect. Run it with that interpreter, on a copy of the tree.
"""
import platform
import re
import sys
from pathlib import Path


def pin_python(tree: Path, version: str) -> str:
    """Set the pins of `tree` to the full `version` ("3.12.1") and give back the new text of variants.yaml.

    Comments and other pins stay as they are. LookupError when one of the two pins is not in the file.
    """
    file = tree / "variants.yaml"
    minor = ".".join(version.split(".")[:2])
    text = file.read_text(encoding="utf-8")
    for key, value in {"python": f"{minor}.*", "starter_python": version}.items():
        text, found = re.subn(rf'(?m)^({key}:[^\n]*\n\s*-\s*)"[^"\n]*"', rf'\g<1>"{value}"', text)
        if found != 1:
            raise LookupError(f"{file} holds {found} pins called {key}; exactly one is expected")
    file.write_text(text, encoding="utf-8")
    return text


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python pin_python.py DIR   (DIR holds variants.yaml)")
    pin_python(Path(sys.argv[1]), platform.python_version())
    print(f"{sys.argv[1]}/variants.yaml: Python {platform.python_version()}")
