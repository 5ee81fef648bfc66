/* inner.h - a library whose own calls of its counting functions pass through no import. */
#ifndef INNER_H
#define INNER_H

struct inner {
    int count, spare;
    void *payload[3];
};
struct inner *inner_new(void);
struct inner *inner_ref(struct inner *inner);
void inner_unref(struct inner *inner);
void inner_attach(struct inner *inner);
void inner_detach(struct inner *inner);
void inner_watch(struct inner *inner);

/* Each takes a reference (is_a_loop and loops_to_its_beginning three at once) and returns a number of its own. */
#define BEGINNINGS(X)                                                                                                  \
    X(begins_with_a_branch)                                                                                            \
    X(begins_with_data)                                                                                                \
    X(begins_with_a_mark)                                                                                              \
    X(begins_with_a_jump)                                                                                              \
    X(begins_with_a_far_jump)                                                                                          \
    X(is_a_loop)                                                                                                       \
    X(loops_to_its_beginning)                                                                                          \
    X(begins_with_a_call)                                                                                              \
    X(is_too_short)                                                                                                    \
    X(is_entered_behind)                                                                                               \
    X(leaves_registers_alone)
#define X(name) int name(struct inner *inner);
BEGINNINGS(X)
#undef X
int enters_behind(struct inner *inner);
int keeps_all(struct inner *inner); /* 1, unless the call in it has changed a register that it may rely on */

#endif
