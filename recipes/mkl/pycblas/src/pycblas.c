/* Products of anything that gives a buffer of doubles (array.array, memoryview, numpy arrays), without copying. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <mkl.h>
#include <string.h>

static int doubles(PyObject *object, Py_buffer *view) {
  if (PyObject_GetBuffer(object, view, PyBUF_ND | PyBUF_FORMAT))
    return -1;
  if (view->format && !strcmp(view->format, "d") && view->len / 8 <= 2147483647)
    return 0;
  PyBuffer_Release(view);
  PyErr_SetString(PyExc_TypeError, "a contiguous buffer of doubles was expected");
  return -1;
}

static PyObject *dot(PyObject *self, PyObject *args) {
  PyObject *left, *right, *result = NULL;
  Py_buffer x, y;
  (void)self;
  if (!PyArg_ParseTuple(args, "OO:dot", &left, &right) || doubles(left, &x))
    return NULL;
  if (!doubles(right, &y)) {
    if (x.len == y.len)
      result = PyFloat_FromDouble(cblas_ddot((MKL_INT)(x.len / 8), x.buf, 1, y.buf, 1));
    else
      PyErr_SetString(PyExc_ValueError, "the two vectors differ in length");
    PyBuffer_Release(&y);
  }
  PyBuffer_Release(&x);
  return result;
}

static PyObject *product(const Py_buffer *a, const Py_buffer *x) {
  MKL_INT columns = (MKL_INT)(x->len / 8), rows = columns ? (MKL_INT)(a->len / 8 / columns) : 0;
  if (!columns || (Py_ssize_t)rows * columns * 8 != a->len) {
    PyErr_SetString(PyExc_ValueError, "the matrix is not made of rows as long as the vector");
    return NULL;
  }
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)rows * 8);
  if (bytes)
    cblas_dgemv(CblasRowMajor, CblasNoTrans, rows, columns, 1.0, a->buf, columns, x->buf, 1, 0.0,
                (double *)PyBytes_AS_STRING(bytes), 1);
  return bytes;
}

static PyObject *gemv(PyObject *self, PyObject *args) {
  PyObject *matrix, *vector, *result = NULL;
  Py_buffer a, x;
  (void)self;
  if (!PyArg_ParseTuple(args, "OO:gemv", &matrix, &vector) || doubles(matrix, &a))
    return NULL;
  if (!doubles(vector, &x)) {
    result = product(&a, &x);
    PyBuffer_Release(&x);
  }
  PyBuffer_Release(&a);
  return result;
}

static PyObject *mkl_version(PyObject *self, PyObject *ignored) {
  char words[198];
  (void)self, (void)ignored;
  mkl_get_version_string(words, sizeof words);
  return PyUnicode_FromString(words);
}

static PyMethodDef methods[] = {
    {"dot", dot, METH_VARARGS, "dot(x, y): the sum of the products of two vectors of doubles."},
    {"gemv", gemv, METH_VARARGS, "gemv(a, x): matrix (row by row) times vector, as the bytes of a vector of doubles."},
    {"mkl_version", mkl_version, METH_NOARGS, "mkl_version(): what the loaded library says it is."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "pycblas", "Products by CBLAS.", -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_pycblas(void) { return PyModule_Create(&module); }
