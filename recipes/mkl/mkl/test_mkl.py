"""The single dynamic library finds its parts in the environment, with the threading layer given, and multiplies right."""

import ctypes
import os
import sys
from pathlib import Path

LAYERS = {"intel": 0, "sequential": 1, "tbb": 4}
SIZE = 200
ROW_MAJOR, NO_TRANSPOSE = 101, 111

layer = sys.argv[1]
mkl = ctypes.CDLL(str(Path(sys.prefix) / "lib" / "libmkl_rt.so.2"), mode=ctypes.RTLD_GLOBAL)
mkl.MKL_Set_Threading_Layer(LAYERS[layer])
words = ctypes.create_string_buffer(198)
mkl.mkl_get_version_string(words, len(words))
version = words.value.decode().strip()
series = ".".join(os.environ["PKG_VERSION"].split(".")[:2])
assert f"Version {series}" in version, version

matrix = ctypes.c_double * (SIZE * SIZE)
a = matrix(*(float((i * 7) % 11) for i in range(SIZE * SIZE)))
one = matrix(*(float(i // SIZE == i % SIZE) for i in range(SIZE * SIZE)))
product = matrix()
size, zero, unit = ctypes.c_int(SIZE), ctypes.c_double(0.0), ctypes.c_double(2.0)
mkl.cblas_dgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, size, size, size, unit, a, size, one, size, zero, product, size)
assert all(product[i] == 2 * a[i] for i in range(SIZE * SIZE))
print(layer, "layer:", version)
