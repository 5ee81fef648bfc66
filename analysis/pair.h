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
 *   made-by=F  type=T  size=N   objects whose counts stand in memory: that F made, of a type, of so many bytes; `size` directly
 *                        behind one of the others: only those of them. Behind it, what is known of them:
 *   count=B@O            the count: B bytes at offset O
 *   links=A-Z            bytes from A up to Z are links that own nothing; may be repeated
 *   entry=E              pointers to offset E or beyond are references, those below point at nothing; else those to the start are
 *   exact                no pointer to them is borrowed: what no counted reference holds is lost, whatever a stack says
 *
 * A function is NAME, or NAME@PLACE where the object is not its first argument: a number from 1 to 6 (arguments that are
 * integers or pointers), or `return`. Stars before the place follow pointers: free_it@*1 takes the address of a pointer.
 * `/patch` behind it (free_it@2/patch): its calls inside its own library are to be seen, too. */
#ifndef CASTAWAY_ANALYSIS_PAIR_H
#define CASTAWAY_ANALYSIS_PAIR_H

#include <stddef.h>
#include <stdint.h>

enum pair_effect { PAIR_REF, PAIR_UNREF, PAIR_SINK, PAIR_CREATE, PAIR_COUNTED };
enum { PAIR_RETURN = 0, PAIR_ARGUMENTS = 6, PAIR_LOADS_MAX = 3, PAIR_NAME_BYTES_MAX = 255, PAIR_LINKS_MAX = 4 };
enum { PAIR_ENTRY_MAX = 248 }; /* HEAP_ENTRY_WORD */

struct pair_floating {
    uint8_t bytes; /* 1, 2, 4, 8; 0: none */
    uint32_t offset;
    uint64_t mask;
};
/* Objects whose counts stand in memory. */
enum pair_objects { PAIR_MADE_BY, PAIR_OF_TYPE, PAIR_OF_SIZE };
struct pair_counted {
    enum pair_objects objects; /* what `name` means; PAIR_OF_SIZE: it is the number */
    uint64_t size_bytes;       /* 0: any */
    uint8_t count_bytes;       /* 1, 2, 4, 8; 0: where the count stands is not said */
    uint32_t count_offset;
    struct {
        uint32_t lo, hi;
    } links[PAIR_LINKS_MAX];
    size_t link_count;
    uint32_t entry;
    uint8_t has_entry, exact;
};
struct pair_rule {
    const char *name; /* in the text, name_bytes long */
    size_t name_bytes;
    enum pair_effect effect;
    unsigned place; /* PAIR_RETURN, or the argument's number from 1 */
    unsigned loads; /* pointers to follow from there */
    int patch;      /* calls inside its library, too */
    struct pair_floating floating;
    struct pair_counted counted; /* PAIR_COUNTED */
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
