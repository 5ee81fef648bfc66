/* protobuf.h - messages of Protocol Buffers, as they stand in a file: numbers, bytes, messages in messages. */
#ifndef CASTAWAY_TOOLS_PROTOBUF_H
#define CASTAWAY_TOOLS_PROTOBUF_H

#include "pool.h"

#include <stdint.h>

struct protobuf {
    struct pool *pool;
    unsigned char *bytes;
    size_t count, capacity;
};

/* Append a field. A number that is 0 is left out: that is what a reader assumes. */
void protobuf_number(struct protobuf *, unsigned field, uint64_t value);
void protobuf_bytes(struct protobuf *, unsigned field, const void *bytes, size_t count);
void protobuf_message(struct protobuf *, unsigned field, const struct protobuf *message);
void protobuf_numbers(struct protobuf *, unsigned field, const uint64_t *values, size_t count); /* packed */

#endif
