/* cfi_bytes.h - the numbers of unwind tables. Nothing is read behind the end. */
#ifndef CASTAWAY_PRELOAD_CFI_BYTES_H
#define CASTAWAY_PRELOAD_CFI_BYTES_H

#include <stdint.h>
#include <string.h>

struct bytes {
    const unsigned char *at, *end;
    int failed; /* something ended too early; what was read then is 0 */
};

static inline uint64_t read_fixed(struct bytes *bytes, size_t size) {
    uint64_t value = 0;
    if ((size_t)(bytes->end - bytes->at) < size) {
        bytes->failed = 1;
        return 0;
    }
    memcpy(&value, bytes->at, size); /* little-endian, as both machines are */
    bytes->at += size;
    return value;
}

static inline int64_t read_signed(struct bytes *bytes, size_t size) {
    unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(read_fixed(bytes, size) << unused) >> unused;
}

static inline uint64_t read_long_uleb(struct bytes *bytes) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint64_t byte = read_fixed(bytes, 1);
        value |= shift < 64 ? (byte & 0x7f) << shift : 0;
        if (!(byte & 0x80))
            return value;
    }
}

/* Nearly all are one byte. */
static inline uint64_t read_uleb(struct bytes *bytes) {
    if (bytes->at < bytes->end && !(*bytes->at & 0x80))
        return *bytes->at++;
    return read_long_uleb(bytes);
}

static inline int64_t read_sleb(struct bytes *bytes) {
    uint64_t value = 0;
    for (unsigned shift = 0;;) {
        uint64_t byte = read_fixed(bytes, 1);
        value |= shift < 64 ? (byte & 0x7f) << shift : 0;
        shift += 7;
        if (!(byte & 0x80))
            return (int64_t)(shift < 64 && byte & 0x40 ? value | ~0ull << shift : value);
    }
}

/* The next `size` bytes, on their own. */
static inline struct bytes read_part(struct bytes *bytes, uint64_t size) {
    if ((uint64_t)(bytes->end - bytes->at) < size) {
        bytes->failed = 1;
        size = 0;
    }
    struct bytes part = {.at = bytes->at, .end = bytes->at + size};
    bytes->at += size;
    return part;
}

/* How a pointer is written. */
enum { ENCODING_FORM = 0x0f, ENCODING_FROM = 0x70, ENCODING_PC_RELATIVE = 0x10, ENCODING_INDIRECT = 0x80 };

static inline uint64_t read_form(struct bytes *bytes, unsigned form) {
    switch (form) {
    case 0x00: /* absptr */
    case 0x04: /* udata8 */
    case 0x0c: /* sdata8 */
        return read_fixed(bytes, 8);
    case 0x01:
        return read_uleb(bytes);
    case 0x02:
        return read_fixed(bytes, 2);
    case 0x03:
        return read_fixed(bytes, 4);
    case 0x09:
        return (uint64_t)read_sleb(bytes);
    case 0x0a:
        return (uint64_t)read_signed(bytes, 2);
    case 0x0b:
        return (uint64_t)read_signed(bytes, 4);
    default:
        bytes->failed = 1;
        return 0;
    }
}

static inline uintptr_t read_pointer(struct bytes *bytes, unsigned encoding) {
    uintptr_t here = (uintptr_t)bytes->at, value = read_form(bytes, encoding & ENCODING_FORM);
    unsigned from = encoding & ENCODING_FROM;
    if (encoding & ENCODING_INDIRECT || (from && from != ENCODING_PC_RELATIVE))
        bytes->failed = 1; /* no compiler writes the addresses of code so */
    return from ? value + here : value;
}

#endif
