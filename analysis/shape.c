/* shape.c - known-good shapes of interior pointers: arrays with a cookie, strings, second base classes, aligned
 * blocks, exceptions.
 *
 * Owns:    nothing.      Never: reads outside the object and heap->vtable_ranges.
 * Runs in: snapshot child, unit tests, tools.
 * Start:   the table SHAPES; adding a shape is one line there and one function. */
#include "shape.h"

enum { WORD = sizeof(uintptr_t), EXCEPTION_OBJECT = 16 * WORD /* bytes before what was thrown */ };

/* A pointer into an object. */
struct interior {
    const struct heap *heap;
    const struct object *object;
    uintptr_t start;
    uint64_t size_bytes, offset;
};

typedef int shape_test(const struct interior *pointer);

/* A length of the rest in the first word (sqlite's allocator and others): [size - 8][...<-. */
static int is_length64(const struct interior *pointer) {
    return pointer->offset == WORD && heap_load(pointer->start) == pointer->size_bytes - WORD;
}

/* new T[n] of a T with a destructor: [n][T...<-; the elements fill the rest. */
static int is_new_array(const struct interior *pointer) {
    if (pointer->offset != WORD)
        return 0;
    uintptr_t count = heap_load(pointer->start);
    return count > 0 && (pointer->size_bytes - WORD) % count == 0;
}

/* libstdc++'s copy-on-write std::string: [length][capacity][references][characters, NUL<-. */
static int is_std_string(const struct interior *pointer) {
    if (pointer->offset != 3 * WORD)
        return 0;
    uintptr_t length = heap_load(pointer->start), capacity = heap_load(pointer->start + WORD);
    return length <= capacity && capacity == pointer->size_bytes - 3 * WORD - 1;
}

int shape_is_constant(const struct heap *heap, uintptr_t lo, uintptr_t hi) {
    size_t first = 0, last = heap->vtable_range_count;
    if (hi <= lo) /* beyond the end of the address space */
        return 0;
    while (first < last) {
        size_t middle = first + (last - first) / 2;
        if (heap->vtable_ranges[middle].hi < hi)
            first = middle + 1;
        else
            last = middle;
    }
    return first < heap->vtable_range_count && heap->vtable_ranges[first].lo <= lo;
}

/* Is the word at `address` a vtable pointer of a (sub)object that lies `offset` bytes into its complete object?
 * Itanium C++ ABI, 2.5: the two words before the address point are the offset to the top and the type information. */
static int has_vtable(const struct heap *heap, uintptr_t address, uint64_t offset) {
    uintptr_t vtable = heap_load(address);
    if (vtable % WORD || vtable < 2 * WORD || !shape_is_constant(heap, vtable - 2 * WORD, vtable + WORD))
        return 0;
    return heap_load(vtable - 2 * WORD) == (uintptr_t)0 - offset;
}

/* A pointer to the second base class of an object: [vtable][...][vtable<-. */
static int is_second_base(const struct interior *pointer) {
    const struct heap *heap = pointer->heap;
    return heap->vtable_range_count && pointer->offset % WORD == 0 && has_vtable(heap, pointer->start, 0) &&
           has_vtable(heap, pointer->start + pointer->offset, pointer->offset);
}

/* How many of `count` bytes from `lo` on may be read. */
static uint64_t readable_bytes(const struct interior *pointer, uintptr_t lo, uint64_t count) {
    struct range readable = heap_readable_in(pointer->heap, pointer->object, lo, lo + count);
    return readable.lo == lo ? readable.hi - lo : 0;
}

/* A block aligned by hand, which keeps the true start beside the aligned one, to free it by: [...][start][<-  or [<-][start].
 * Compilers' _mm_malloc does the former; the loader's table of mappings (glibc, elf/dl-find_object.c) the latter. */
static int is_aligned_block(const struct interior *pointer) {
    uintptr_t start = pointer->start, address = start + pointer->offset;
    if (address % (2 * WORD))
        return 0;
    return heap_load(address + WORD) == start ||
           (pointer->offset >= WORD && readable_bytes(pointer, address - WORD, WORD) == WORD &&
            heap_load(address - WORD) == start);
}

/* A C++ exception: [count][header [class]][object. Handlers and std::exception_ptr point at the object or the header, the
 * unwinder at the part of it that begins with the class, which ends with "C++" and a zero.
 * Source: Itanium C++ ABI, Exception Handling, 2.2; libstdc++, unwind-cxx.h, __cxa_refcounted_exception */
static int is_exception(const struct interior *pointer) {
    enum { HEADER = 2 * WORD, CLASS = 12 * WORD };
    uint64_t offset = pointer->offset;
    return (offset == HEADER || offset == CLASS || offset == EXCEPTION_OBJECT) &&
           (uint32_t)heap_load(pointer->start + CLASS) == 0x432b2b00;
}

/* A pointer to the start with a tag in the three bits that alignment leaves free. */
static int is_tagged(const struct interior *pointer) {
    return pointer->offset < WORD;
}

enum { START_BYTES_MAX = EXCEPTION_OBJECT, POINTER_BYTES_MAX = 2 * WORD };

static const struct shape {
    const char *name; /* Valgrind's */
    shape_test *test;
    uint64_t bytes_min;                  /* an object of fewer is not of this shape */
    uint64_t start_bytes, pointer_bytes; /* what the test reads at the object's start and at the pointer */
} SHAPES[] = {
    {"lowtag", is_tagged, 0, 0, 0},
    {"length64", is_length64, 2 * WORD, WORD, 0},
    {"newarray", is_new_array, 2 * WORD, WORD, 0},
    {"stdstring", is_std_string, 3 * WORD + 1, 2 * WORD, 0},
    {"multipleinheritance", is_second_base, 2 * WORD, WORD, WORD},
    {"alignedblock", is_aligned_block, 4 * WORD, 0, POINTER_BYTES_MAX},
    {"exception", is_exception, EXCEPTION_OBJECT, START_BYTES_MAX, 0},
};

int shape_known_good(const struct heap *heap, const struct object *object, uintptr_t start, uintptr_t address) {
    const struct interior pointer = {heap, object, start, object->size_bytes, address - start};
    if (start % WORD)
        return 0;
    if (pointer.offset == WORD && pointer.size_bytes == WORD) /* heap_empty_array() has looked */
        return 1;
    uint64_t at_start = readable_bytes(&pointer, start, START_BYTES_MAX);
    uint64_t at_pointer = readable_bytes(&pointer, address, POINTER_BYTES_MAX);
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        const struct shape *shape = &SHAPES[i];
        if (pointer.size_bytes >= shape->bytes_min && pointer.size_bytes - pointer.offset >= shape->pointer_bytes &&
            at_start >= shape->start_bytes && at_pointer >= shape->pointer_bytes && shape->test(&pointer))
            return 1;
    }
    return 0;
}
