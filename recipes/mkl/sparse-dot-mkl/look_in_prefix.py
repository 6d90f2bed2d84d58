"""Let sparse_dot_mkl look in the environment's own lib folder before it asks the system."""

import sys
from pathlib import Path

BEFORE = "    # Use MKL_RT env (useful if there are multiple MKL binaries in path)\n"
INSERTED = """    import sys as _sys
    _libmkl = _try_load_mkl_rt(os.path.join(_sys.prefix, "lib")) if "MKL_RT" not in os.environ else None
    if _libmkl is not None:
        return _libmkl

"""

file = Path(sys.argv[1])
text = file.read_text(encoding="utf-8")
if text.count(BEFORE) != 1:
    sys.exit(f"{file} is not as this edit expects it: look at it again for this version")
file.write_text(text.replace(BEFORE, INSERTED + BEFORE), encoding="utf-8")
