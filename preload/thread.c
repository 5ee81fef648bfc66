/* thread.c - per-thread state, and which memory was ever a thread's stack.
 *
 * Owns:    thread states, the set of thread pointers.
 * Never:   calls back into the program.
 * Start:   thread_state_slow(). */
#include "thread.h"

#include <pthread.h>
#include <string.h>

#include "arch.h"
#include "live.h"
#include "lock.h"
#include "pages.h"

__thread int thread_busy;
__thread struct thread_state *thread_self;

static struct thread_state *idle_states;
static pthread_key_t exit_key;
static int exit_key_made;

/* Open-addressing set, insert-only; a thread pointer is reused with its cached stack, so it stays small. */
static uintptr_t *pointer_set;
static size_t pointer_capacity, pointer_count;
static uintptr_t main_pointer;

extern void *__libc_stack_end;

static void state_retire(void *state_pointer) {
    struct thread_state *state = state_pointer;
    thread_self = NULL;
    thread_busy++;
    live_thread_ends();
    lock_take(LOCK_STATES);
    state->serial = state->serial_end = 0; /* of this process: after a fork they would be the parent's */
    state->thread_pointer = 0;
    state->reallocates = 0; /* a signal handler may have ended the thread there */
    state->next = idle_states;
    idle_states = state;
    lock_release(LOCK_STATES);
    thread_busy--;
}

void thread_init(void) {
    main_pointer = arch_own_thread_pointer();
    exit_key_made = pthread_key_create(&exit_key, state_retire) == 0;
}

static struct thread_state *all_states;

/* Zeros are no keys but in the first place: there one that belongs elsewhere stands for none. */
static void leaves_begin(struct thread_state *state) {
    state->leaf_key[0] = 1;
}

static struct thread_state *state_make(void) {
    struct thread_state *state = pages_alloc(sizeof *state);
    if (!state)
        return NULL;
    leaves_begin(state);
    lock_take(LOCK_STATES);
    state->all_next = all_states;
    all_states = state;
    lock_release(LOCK_STATES);
    return state;
}

int thread_others_reallocate(void) {
    for (struct thread_state *state = all_states; state; state = state->all_next)
        if (state->reallocates && state != thread_self)
            return 1;
    return 0;
}

void thread_each_aside(void (*visit)(uintptr_t address, object_id id)) {
    for (struct thread_state *state = all_states; state; state = state->all_next)
        if (state->reallocates && state->aside_id)
            visit(state->aside, state->aside_id);
}

void thread_after_fork(void) {
    for (struct thread_state *state = all_states; state; state = state->all_next)
        if (state != thread_self)
            state->reallocates = 0;
}

int thread_is_busy(uintptr_t thread_pointer) {
    uintptr_t offset = (uintptr_t)&thread_busy - arch_thread_pointer(); /* the same in all threads: static TLS */
    for (struct thread_state *state = all_states; state; state = state->all_next)
        if (state->thread_pointer == thread_pointer)
            return *(const int *)(thread_pointer + offset) > 0;
    return 0;
}

void thread_forget_tables(void) {
    for (struct thread_state *state = all_states; state; state = state->all_next) {
        state->traces = NULL;
        state->kept = (struct ids_store){0};
        state->id_count = 0;
        state->ids_then = 0;
        memset(state->leaf_key, 0, sizeof state->leaf_key);
        leaves_begin(state);
    }
}

void thread_forget_serials(void) {
    for (struct thread_state *state = all_states; state; state = state->all_next)
        state->serial_end = 0; /* a thread that stands between looking and taking takes one more: no matter (live.c) */
}

int64_t thread_net_objects(void) {
    int64_t objects = 0;
    for (struct thread_state *state = all_states; state; state = state->all_next)
        objects += thread_own_net_objects(state);
    return objects;
}

struct wait *thread_wait(uintptr_t thread_pointer) {
    for (struct thread_state *state = all_states; state; state = state->all_next)
        if (state->thread_pointer == thread_pointer && state->wait.began_ns)
            return &state->wait;
    return NULL;
}

void thread_note_cut(uintptr_t thread_pointer) {
    for (struct thread_state *state = all_states; state; state = state->all_next)
        if (state->thread_pointer == thread_pointer)
            state->wait.is_cut = 1;
}

struct thread_state *thread_state_slow(void) {
    lock_take(LOCK_STATES);
    struct thread_state *state = idle_states;
    if (state)
        idle_states = state->next;
    lock_release(LOCK_STATES);
    if (!state && !(state = state_make()))
        return NULL;
    uintptr_t pointer = arch_own_thread_pointer();
    int is_main = main_pointer == 0 || pointer == main_pointer;
    state->stack_lo = state->stack_hi = is_main ? (uintptr_t)__libc_stack_end : pointer;
    state->not_stack = (struct range){0, 0};
    state->thread_pointer = pointer;
    state->wait.began_ns = 0;
    thread_self = state;
    if (exit_key_made)
        pthread_setspecific(exit_key, state);
    if (!is_main)
        thread_note_pointer(pointer);
    return state;
}

static int set_insert(uintptr_t *set, size_t capacity, uintptr_t value) {
    size_t at = (value >> 6) * 0x9E3779B97F4A7C15ull >> 20;
    for (;; at++) {
        uintptr_t *slot = &set[at & (capacity - 1)];
        if (*slot == value)
            return 0;
        if (*slot == 0) {
            *slot = value;
            return 1;
        }
    }
}

static int set_grow_locked(void) {
    size_t capacity = pointer_capacity ? pointer_capacity * 2 : 256;
    uintptr_t *set = pages_alloc(capacity * sizeof *set);
    if (!set)
        return -1;
    for (size_t i = 0; i < pointer_capacity; i++)
        if (pointer_set[i])
            set_insert(set, capacity, pointer_set[i]);
    pointer_set = set;
    pointer_capacity = capacity;
    return 0;
}

void thread_note_pointer(uintptr_t thread_pointer) {
    thread_busy++;
    lock_take(LOCK_STATES);
    if (pointer_count * 2 < pointer_capacity || set_grow_locked() == 0)
        pointer_count += (size_t)set_insert(pointer_set, pointer_capacity, thread_pointer);
    lock_release(LOCK_STATES);
    thread_busy--;
}

size_t thread_pointers(const uintptr_t **out) {
    *out = pointer_set;
    return pointer_capacity;
}
