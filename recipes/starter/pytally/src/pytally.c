#if __has_include(<Python.h>)
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#else
#include "stable_abi.h"
#endif
#include <tally.h>

/* libtally 2 counts repeated values in one call. */
#if TALLY_VERSION_MAJOR >= 2
#define ADD(t, value) tally_add((t), (value), 1)
#else
#define ADD(t, value) tally_add((t), (value))
#endif

/* Adds up an iterable of whole numbers; 0 with a Python exception set when that fails. */
static int add_all(tally *t, PyObject *values) {
    PyObject *each = PyObject_GetIter(values), *value;
    if (!each) return 0;
    tally_start(t);
    while ((value = PyIter_Next(each))) {
        long number = PyLong_AsLong(value);
        Py_DECREF(value);
        if (number == -1 && PyErr_Occurred()) break;
        ADD(t, number);
    }
    Py_DECREF(each);
    return !PyErr_Occurred();
}

static PyObject *total(PyObject *module, PyObject *values) {
    (void)module;
    tally t;
    return add_all(&t, values) ? PyLong_FromLongLong(tally_sum(&t)) : NULL;
}

static PyObject *mean(PyObject *module, PyObject *values) {
    (void)module;
    tally t;
    return add_all(&t, values) ? PyLong_FromLongLong(tally_mean(&t)) : NULL;
}

static PyMethodDef functions[] = {
    {"total", total, METH_O, "The sum of an iterable of whole numbers."},
    {"mean", mean, METH_O, "The mean of an iterable of whole numbers, rounded to a whole number."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "pytally", .m_doc = "Sums and means by libtally.", .m_methods = functions};

PyMODINIT_FUNC PyInit_pytally(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module && PyModule_AddIntConstant(module, "LIBTALLY_MAJOR", TALLY_VERSION_MAJOR) < 0) Py_CLEAR(module);
    return module;
}
