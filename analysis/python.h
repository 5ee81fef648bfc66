/* python.h - objects of CPython 3.11 in the frozen heap, under PYTHONMALLOC=malloc: one block each.
 *
 * A block is a Python object when its second word, behind what the collector keeps before the object, points at a type,
 * and its size and count are such as that type has. That is no guess: a type is an object whose own type leads to `type`.
 *
 * source  CPython 3.11, Include/cpython/object.h, Include/internal/pycore_frame.h, Objects/dictobject.c, Modules/gcmodule.c */
#ifndef CASTAWAY_ANALYSIS_PYTHON_H
#define CASTAWAY_ANALYSIS_PYTHON_H

#include "counts.h"

enum {
    PYTHON_VERSION = 0x030b,  /* major and minor: layouts of others differ */
    PYTHON_OBJECTS_MIN = 2000 /* an interpreter that runs has more; with fewer it does not take them from malloc */
};

/* Types of which some words own nothing; each is a symbol of the interpreter. */
#define PYTHON_TYPES(X)                                                                                                \
    X(TYPE, "PyType_Type")                                                                                             \
    X(LIST, "PyList_Type")                                                                                             \
    X(CODE, "PyCode_Type")                                                                                             \
    X(FRAME, "PyFrame_Type")                                                                                           \
    X(GENERATOR, "PyGen_Type")                                                                                         \
    X(COROUTINE, "PyCoro_Type")                                                                                        \
    X(ASYNC_GENERATOR, "PyAsyncGen_Type")                                                                              \
    X(DICTIONARY, "PyDict_Type")                                                                                       \
    X(SET, "PySet_Type")                                                                                               \
    X(FROZEN_SET, "PyFrozenSet_Type")                                                                                  \
    X(STRING, "PyUnicode_Type")                                                                                        \
    X(BYTES, "PyBytes_Type")                                                                                           \
    X(INTEGER, "PyLong_Type")                                                                                          \
    X(FLOAT, "PyFloat_Type")                                                                                           \
    X(SLICE, "PySlice_Type")                                                                                           \
    X(REFERENCE, "_PyWeakref_RefType")                                                                                 \
    X(PROXY, "_PyWeakref_ProxyType")                                                                                   \
    X(CALLABLE_PROXY, "_PyWeakref_CallableProxyType")

enum python_type {
#define X(name, symbol) PYTHON_##name,
    PYTHON_TYPES(X)
#undef X
        PYTHON_TYPE_COUNT
};

struct python {
    uintptr_t types[PYTHON_TYPE_COUNT]; /* addresses; 0: there is none such */
};

/* Find them all. heap: frozen, or a young view; heap->unreadable must name all memory that can't be read.
 *
 * found    receives how many objects there are
 * returns  0 or -ENOMEM */
int python_read(const struct python *python, const struct heap *heap, struct counts *counts, size_t *found);

#endif
