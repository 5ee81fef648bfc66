/* The library of library.c. */
#include "../program.h"

int library_call(void (*callback)(size_t), size_t size, int depth);

int library_call(void (*callback)(size_t), size_t size, int depth) {
    volatile long area[55];

    area[depth] = depth;
    if (depth > 0)
        library_call(callback, size, depth - 1);
    else
        callback(size);
    return (int)area[depth];
}
