/* protobuf.c - the wire format of Protocol Buffers: keys, base-128 numbers, lengths.
 *
 * Start: put_varint(); everything else is made of it. */
#include "protobuf.h"

enum wire_type { VARINT = 0, LENGTH_DELIMITED = 2 };

static void put_byte(struct protobuf *to, unsigned char byte) {
    to->bytes = pool_grow(to->pool, to->bytes, to->count, &to->capacity, 1);
    to->bytes[to->count++] = byte;
}

static void put_varint(struct protobuf *to, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        put_byte(to, (unsigned char)(value | 0x80));
    put_byte(to, (unsigned char)value);
}

static void put_key(struct protobuf *to, unsigned field, enum wire_type type) {
    put_varint(to, (uint64_t)field << 3 | type);
}

void protobuf_number(struct protobuf *to, unsigned field, uint64_t value) {
    if (!value)
        return;
    put_key(to, field, VARINT);
    put_varint(to, value);
}

void protobuf_bytes(struct protobuf *to, unsigned field, const void *bytes, size_t count) {
    const unsigned char *from = bytes;
    put_key(to, field, LENGTH_DELIMITED);
    put_varint(to, count);
    for (size_t i = 0; i < count; i++)
        put_byte(to, from[i]);
}

void protobuf_message(struct protobuf *to, unsigned field, const struct protobuf *message) {
    protobuf_bytes(to, field, message->bytes, message->count);
}

void protobuf_numbers(struct protobuf *to, unsigned field, const uint64_t *values, size_t count) {
    struct protobuf packed = {.pool = to->pool};
    for (size_t i = 0; i < count; i++)
        put_varint(&packed, values[i]);
    protobuf_message(to, field, &packed);
}
