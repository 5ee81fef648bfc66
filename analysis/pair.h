/* pair.h - which functions take a reference and which give one back: the words of `--refs` and of profiles.
 *
 * Words stand between blanks, commas or line ends; `#` begins a comment.
 *
 *   REF:UNREF            a function that takes a reference and the one that gives it back
 *   ref=F  unref=F       one of them alone
 *   sink=F               takes a reference, but the first time takes over the one that the object begins with
 *   create=F             returns a reference: the first one is that which the object begins with
 *   floating=B@O&M       of the sink before: it takes over whenever the B bytes at offset O of the object have a bit of M
 *
 * A function is NAME, or NAME@PLACE where the object is not its first argument: a number from 1 to 6 (arguments that are
 * integers or pointers), or `return`. Stars before the place follow pointers: free_it@*1 takes the address of a pointer.
 * `/patch` behind it (free_it@2/patch): its calls inside its own library are to be seen, too. */
#ifndef CASTAWAY_ANALYSIS_PAIR_H
#define CASTAWAY_ANALYSIS_PAIR_H

#include <stddef.h>
#include <stdint.h>

enum pair_effect { PAIR_REF, PAIR_UNREF, PAIR_SINK, PAIR_CREATE };
enum { PAIR_RETURN = 0, PAIR_ARGUMENTS = 6, PAIR_LOADS_MAX = 3, PAIR_NAME_BYTES_MAX = 255 };

struct pair_floating {
    uint8_t bytes; /* 1, 2, 4, 8; 0: none */
    uint32_t offset;
    uint64_t mask;
};
struct pair_rule {
    const char *name; /* in the text, name_bytes long */
    size_t name_bytes;
    enum pair_effect effect;
    unsigned place; /* PAIR_RETURN, or the argument's number from 1 */
    unsigned loads; /* pointers to follow from there */
    int patch;      /* calls inside its library, too */
    struct pair_floating floating;
};
struct pair_error {
    unsigned line, column; /* from 1, of the byte that is wrong */
    const char *what;
};

/* Read `text`, which ends with NUL; calls take() for each function, in order.
 * returns  0; what take() returned other than 0; or -EINVAL with `error` filled */
typedef int pair_take_cb(void *context, const struct pair_rule *rule);
int pair_parse(const char *text, pair_take_cb *take, void *context, struct pair_error *error);

#endif
