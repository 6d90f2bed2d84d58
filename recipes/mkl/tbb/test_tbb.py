"""The library loads from the environment and answers with an interface of the version it claims to have."""

import ctypes
import os
import sys
from pathlib import Path

prefix = Path(sys.prefix)
tbb = ctypes.CDLL(str(prefix / "lib" / "libtbb.so.12"))
tbb.TBB_runtime_version.restype = ctypes.c_char_p
version = tbb.TBB_runtime_version().decode()
assert version.startswith(os.environ["PKG_VERSION"].rpartition(".")[0]), version

malloc = ctypes.CDLL(str(prefix / "lib" / "libtbbmalloc.so.2"))
malloc.scalable_malloc.restype = ctypes.c_void_p
block = malloc.scalable_malloc(ctypes.c_size_t(1 << 20))
assert block
malloc.scalable_free(ctypes.c_void_p(block))
print("tbb", version, "loads and allocates")
