#include "counted.h"

#include <stdint.h>
#include <stdlib.h>

struct counted *counted_new(void) {
    struct counted *counted = calloc(1, sizeof *counted);
    counted->count = 1;
    return counted;
}
struct counted *counted_new_floating(void) {
    struct counted *counted = counted_new();
    counted->floating = 4;
    return counted;
}
struct counted *counted_ref(struct counted *counted) {
    counted->count++;
    return counted;
}
void counted_unref(struct counted *counted) {
    if (--counted->count == 0)
        free(counted);
}
struct counted *counted_sink(struct counted *counted) {
    if (counted->floating)
        counted->floating = 0;
    else
        counted->count++;
    return counted;
}
void counted_clear(struct counted **counted) {
    struct counted *mine = *counted;
    *counted = NULL;
    if (--mine->count == 0)
        free(mine);
}
struct handle *handle_ref(const struct handle *handle) {
    struct handle *other = malloc(sizeof *other);
    other->counted = handle->counted;
    other->counted->count++;
    return other;
}
void handle_unref(struct handle **handle) {
    struct handle *mine = *handle;
    *handle = NULL;
    if (--mine->counted->count == 0)
        free(mine->counted);
    free(mine);
}
struct counted *counted_shared(void) {
    static uintptr_t hidden; /* from castaway: what it holds is to be lost */
    struct counted *shared = (struct counted *)~hidden;
    if (!hidden) {
        shared = counted_new();
        hidden = ~(uintptr_t)shared;
        return shared;
    }
    shared->count++;
    return shared;
}
void counted_give(int unused, struct counted *counted) {
    (void)unused;
    if (--counted->count == 0)
        free(counted);
}

long many_integers(struct counted *counted, long b, long c, long d, long e, long f, long g, long h, long i) {
    counted->count++;
    return b + 2 * c + 3 * d + 4 * e + 5 * f + 6 * g + 7 * h + 8 * i;
}
double many_numbers(struct counted *counted, double a, double b, double c, double d, double e, double f, double g,
                    double h, double i) {
    counted->count++;
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}
double vary(struct counted *counted, const char *kinds, ...) {
    double sum = 0;
    int number = 1;
    va_list list;
    counted->count++;
    va_start(list, kinds);
    for (; *kinds; kinds++, number++)
        sum += number * (*kinds == 'i'   ? (double)va_arg(list, long)
                         : *kinds == 'd' ? va_arg(list, double)
                                         : (double)va_arg(list, long double));
    va_end(list);
    return sum;
}
struct large return_large(struct counted *counted, long seed) {
    struct large large;
    counted->count++;
    for (int i = 0; i < 7; i++)
        large.word[i] = seed + i;
    return large;
}
long double return_long_double(struct counted *counted, long double value) {
    counted->count++;
    return value * 3;
}
_Complex double return_complex(struct counted *counted, double real, double imaginary) {
    counted->count++;
    return real + imaginary * 1.0i;
}
#ifdef __AVX__
__m256d wide(struct counted *counted, __m256d a, __m256d b) {
    counted->count++;
    return _mm256_add_pd(a, _mm256_add_pd(b, b));
}
#endif
static void (*failure)(void);
void fails_by(void (*how)(void)) {
    failure = how;
}
void fails(struct counted *counted) {
    counted->count++;
    failure();
}
