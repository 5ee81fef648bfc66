/* Arguments and results of every kind, through functions that are counted; what differs is printed. And the ways out of a
 * function that do not come back: an exception, a jump. */
extern "C" {
#define _Complex __complex__
#include "counted.h"
}
#include <csetjmp>
#include <cstdio>
#include <cstdlib>

static int wrong;
static void check(bool right, const char *what) {
    if (!right) {
        wrong = 1;
        std::printf("wrong: %s\n", what);
    }
}

#ifdef __AVX__
static void check_wide(counted *object) {
    __m256d sum = wide(object, _mm256_set_pd(1, 2, 3, 4), _mm256_set_pd(10, 20, 30, 40));
    double parts[4];
    _mm256_storeu_pd(parts, sum);
    check(parts[0] == 84 && parts[1] == 63 && parts[2] == 42 && parts[3] == 21, "256 bits");
}
#else
static void check_wide(counted *) {
}
#endif

static void check_all(counted *object) {
    check(many_integers(object, 1, 2, 3, 4, 5, 6, 7, 8) == 204, "integers");
    check(many_numbers(object, 1, 2, 3, 4, 5, 6, 7, 8, 9) == 285, "numbers");
    check(vary(object, "idLdddddddddddi", 1L, 2.0, 3.0L, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0,
               15L) == 1240,
          "variadic");
    large words = return_large(object, 100);
    check(words.word[0] == 100 && words.word[6] == 106, "struct in memory");
    check(return_long_double(object, 1.5L) == 4.5L, "long double");
    auto complex = return_complex(object, 1.5, 2.5);
    check(__real__ complex == 1.5 && __imag__ complex == 2.5, "two vectors");
    check_wide(object);
}

static std::jmp_buf back;
static void jump() {
    std::longjmp(back, 1);
}
static void raise() {
    throw 42;
}

int main() {
    counted *object = counted_new();
    check_all(object);
    int caught = 0;
    fails_by(raise);
    try {
        fails(object);
    } catch (int value) {
        caught = value;
    }
    check(caught == 42, "exception");
    fails_by(jump);
    if (setjmp(back) == 0)
        fails(object);
    else
        caught = 7;
    check(caught == 7, "jump");
    std::printf("%d\n", object->count);
    std::free(object);
    return wrong;
}
