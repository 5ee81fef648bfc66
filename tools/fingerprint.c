/* fingerprint.c - FNV-1a over what names a finding.
 *
 * Start: fingerprint_set(). */
#include "fingerprint.h"

#include "symbols.h"

#include <stdlib.h>
#include <string.h>

/* EXACT also tells two calls in one function apart: by line, or by offset where no line is known (one line can have
 * several offsets, as in an unrolled loop). */
enum detail { DETAIL_NAME, DETAIL_EXACT };

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t mix_bytes(uint64_t hash, const void *bytes, size_t count) {
    for (const unsigned char *at = bytes; count--; at++)
        hash = (hash ^ *at) * FNV_PRIME;
    return hash;
}

static uint64_t mix_string(uint64_t hash, const char *string) {
    return mix_bytes(hash, string ? string : "", string ? strlen(string) + 1 : 1);
}

static uint64_t mix_number(uint64_t hash, uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
        unsigned char byte = (unsigned char)(number >> shift);
        hash = mix_bytes(hash, &byte, 1);
    }
    return hash;
}

static uint64_t mix_stack(uint64_t hash, const struct stack *stack, enum detail detail) {
    for (size_t i = 0; i < stack->named_count; i++) {
        const struct stack_frame *frame = &stack->frames[i];
        hash = mix_string(hash, frame->module ? path_base(frame->module) : NULL);
        hash = mix_string(hash, frame->function);
        if (detail == DETAIL_EXACT && frame->line)
            hash = mix_number(mix_string(hash, frame->file), (uint64_t)frame->line);
        else if (frame->module && (detail == DETAIL_EXACT || !frame->function))
            hash = mix_number(hash, frame->offset);
    }
    return mix_number(hash, stack->named_count);
}

static uint64_t entry_hash(const struct report_entry *entry, enum detail detail) {
    uint64_t hash = mix_stack(FNV_START, entry->stack, detail);
    hash = mix_number(hash, entry->size_bytes);
    hash = mix_number(hash, entry->offset);
    if (entry->type)
        hash = mix_string(hash, entry->type);
    return mix_number(hash, entry->target_offset);
}

/* Where the least rotation of `keys` starts. Linear: each step moves a candidate past what it lost by. */
static size_t least_rotation(const uint64_t *keys, size_t count) {
    size_t first = 0, second = 1, same = 0;
    while (first < count && second < count && same < count) {
        uint64_t a = keys[(first + same) % count], b = keys[(second + same) % count];
        if (a == b) {
            same++;
            continue;
        }
        if (a > b)
            first += same + 1;
        else
            second += same + 1;
        second += first == second;
        same = 0;
    }
    return first < second ? first : second;
}

/* A cycle that is listed in part starts where its recording starts it: only the set of its entries counts. */
static int compare_keys(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static size_t distinct(uint64_t *keys, size_t count) {
    size_t kept = 0;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < count; i++)
        if (!kept || keys[kept - 1] != keys[i])
            keys[kept++] = keys[i];
    return kept;
}

/* What a cycle is turned by: the largest object comes first, as its owner most likely does; then the least offset. */
static uint64_t rotation_key(const struct report_entry *entry) {
    uint64_t size = entry->size_bytes < UINT16_MAX ? entry->size_bytes : UINT16_MAX;
    uint64_t offset = entry->offset < UINT16_MAX ? entry->offset : UINT16_MAX;
    return (UINT16_MAX - size) << 48 | offset << 32 | entry_hash(entry, DETAIL_NAME) >> 32;
}

static void rotate(struct pool *pool, struct report_finding *finding, const uint64_t *keys) {
    size_t count = finding->cycle_listed, start = least_rotation(keys, count);
    struct report_entry *turned = pool_array(pool, count, sizeof *turned);
    for (size_t i = 0; i < count; i++)
        turned[i] = finding->cycle[(start + i) % count];
    finding->cycle = turned;
    finding->stack = turned[0].stack;
}

static uint64_t hash_cycle(struct pool *pool, const struct report_finding *finding, uint64_t hash, enum detail detail) {
    size_t count = finding->cycle_listed;
    uint64_t *keys = pool_array(pool, count, sizeof *keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = entry_hash(&finding->cycle[i], detail);
    if (finding->cycle_length > count)
        count = distinct(keys, count);
    for (size_t i = 0; i < count; i++)
        hash = mix_number(hash, keys[i]);
    return mix_number(hash, finding->cycle_length);
}

void fingerprint_set(struct pool *pool, struct report_finding *finding) {
    uint64_t start = mix_string(FNV_START, kind_word(finding->kind));
    if (finding->kind != KIND_CYCLE) {
        if (finding->type)
            start = mix_string(start, finding->type);
        finding->fingerprint = mix_stack(start, finding->stack, DETAIL_NAME);
        finding->identity = mix_stack(start, finding->stack, DETAIL_EXACT);
        return;
    }
    if (finding->cycle_length == finding->cycle_listed) {
        uint64_t *keys = pool_array(pool, finding->cycle_listed, sizeof *keys);
        for (size_t i = 0; i < finding->cycle_listed; i++)
            keys[i] = rotation_key(&finding->cycle[i]);
        rotate(pool, finding, keys);
    }
    finding->fingerprint = hash_cycle(pool, finding, start, DETAIL_NAME);
    finding->identity = hash_cycle(pool, finding, start, DETAIL_EXACT);
}

uint64_t fingerprint_again(uint64_t fingerprint, size_t n) {
    return mix_number(fingerprint, n);
}
