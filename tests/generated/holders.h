/* holders.h - the places of a program that keep objects reachable. */
#ifndef CASTAWAY_TESTS_HOLDERS_H
#define CASTAWAY_TESTS_HOLDERS_H

#include <cstdint>

/* As many as there are kinds of places. */
unsigned holders_count();

/* Keep `address`, which may lie inside an object, in a place of kind `kind` until the process ends.
 * plugin_hold  the plug-in's own way of keeping an address in its thread-local memory */
void holders_keep(unsigned kind, uintptr_t address, void (*plugin_hold)(uintptr_t));

#endif
