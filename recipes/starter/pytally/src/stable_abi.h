/* What pytally needs of Python's stable ABI, for machines where Python came without its C headers. All of it is promised
 * for every Python 3 on 64-bit systems (docs.python.org, "C API Stability"), free-threaded builds excepted. */
#ifndef STABLE_ABI_H
#define STABLE_ABI_H

#include <stddef.h>

typedef struct _object PyObject;
typedef PyObject *(*PyCFunction)(PyObject *, PyObject *);

typedef struct PyMethodDef {
    const char *ml_name;
    PyCFunction ml_meth;
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;

typedef struct PyModuleDef_Base {
    struct { ptrdiff_t ob_refcnt; void *ob_type; } ob_base;
    PyObject *(*m_init)(void);
    ptrdiff_t m_index;
    PyObject *m_copy;
} PyModuleDef_Base;

typedef struct PyModuleDef {
    PyModuleDef_Base m_base;
    const char *m_name, *m_doc;
    ptrdiff_t m_size;
    PyMethodDef *m_methods;
    void *m_slots, *m_traverse, *m_clear, *m_free;
} PyModuleDef;

#define PyModuleDef_HEAD_INIT {{1, NULL}, NULL, 0, NULL}
#define METH_O 8
#define PyMODINIT_FUNC __attribute__((visibility("default"))) PyObject *
#define PyModule_Create(definition) PyModule_Create2((definition), 3) /* 3: the stable ABI */
#define Py_DECREF(object) Py_DecRef(object)
#define Py_CLEAR(object) (Py_DecRef(object), (object) = NULL)

void Py_DecRef(PyObject *);
PyObject *PyErr_Occurred(void);
PyObject *PyIter_Next(PyObject *);
PyObject *PyLong_FromLongLong(long long);
PyObject *PyModule_Create2(PyModuleDef *, int);
PyObject *PyObject_GetIter(PyObject *);
int PyModule_AddIntConstant(PyObject *, const char *, long);
long PyLong_AsLong(PyObject *);

#endif
