/* counted.h - a library with a reference count, for the tests of counting; and functions that pass what a stub must keep. */
#ifndef COUNTED_H
#define COUNTED_H

#include <stdarg.h>

struct counted {
    int count, floating;
    void *payload;
};
struct handle { /* as FFmpeg's: a pointer to what is counted */
    struct counted *counted;
};
struct large {
    long word[7];
};

struct counted *counted_new(void);
struct counted *counted_new_floating(void);
struct counted *counted_ref(struct counted *counted);
void counted_unref(struct counted *counted);
struct counted *counted_sink(struct counted *counted);
void counted_clear(struct counted **counted);           /* gives back, by the address of the pointer */
struct handle *handle_ref(const struct handle *handle); /* a new handle of the same */
void handle_unref(struct handle **handle);
struct counted *counted_shared(void);                   /* one object for all; a reference of the caller's own */
void counted_give(int unused, struct counted *counted); /* gives back: the second argument */

/* Each returns something made of all that it was given, so that what gets lost shows. */
long many_integers(struct counted *counted, long b, long c, long d, long e, long f, long g, long h, long i);
double many_numbers(struct counted *counted, double a, double b, double c, double d, double e, double f, double g,
                    double h, double i);
double vary(struct counted *counted, const char *kinds, ...); /* `i` long, `d` double, `L` long double */
struct large return_large(struct counted *counted, long seed);
long double return_long_double(struct counted *counted, long double value);
_Complex double return_complex(struct counted *counted, double real, double imaginary);
#ifdef __AVX__
#include <immintrin.h>
__m256d wide(struct counted *counted, __m256d a, __m256d b);
#endif
void fails(struct counted *counted); /* throws, or jumps: see its user */
void fails_by(void (*how)(void));

#endif
