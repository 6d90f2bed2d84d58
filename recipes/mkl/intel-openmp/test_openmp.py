"""The runtime loads from the environment and takes the number of threads it is told."""

import ctypes
import sys
from pathlib import Path

openmp = ctypes.CDLL(str(Path(sys.prefix) / "lib" / "libiomp5.so"))
openmp.omp_get_wtime.restype = ctypes.c_double
openmp.omp_set_num_threads(3)
assert openmp.omp_get_max_threads() == 3
assert openmp.omp_get_wtime() > 0
print("intel-openmp loads and counts its threads")
