/* purpose: what only the kernel holds is no leak: a timer's value, the buffers of asynchronous input and output, io_uring's
 *          user data under way; a timer that was deleted holds nothing
 * link: -lrt
 * expect: lost=1/88
 */
#define _GNU_SOURCE
#include <aio.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "program.h"

static int ends[2];

static NOINLINE timer_t timer_make(size_t size) {
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_ptr = NEW_BYTES(size)};
    timer_t timer;

    if (timer_create(CLOCK_MONOTONIC, &event, &timer))
        abort();
    memset(&event, 0, sizeof event);
    opaque(&event);
    return timer;
}
static NOINLINE void read_start(void) {
    struct aiocb *request = NEW(struct aiocb);

    *request = (struct aiocb){.aio_fildes = ends[0], .aio_buf = NEW_BYTES(64), .aio_nbytes = 64};
    if (aio_read(request))
        abort();
}
static NOINLINE void ring_start(void) {
    struct io_uring_params parameters = {0};
    int ring = (int)syscall(SYS_io_uring_setup, 4, &parameters);

    if (ring < 0)
        return; /* not allowed here */
    char *queue = mmap(NULL, 4096 * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *entry = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    if (queue == MAP_FAILED || (void *)entry == MAP_FAILED)
        abort();
    *entry = (struct io_uring_sqe){.opcode = IORING_OP_READ, .fd = ends[0], .len = 48};
    entry->addr = (unsigned long)NEW_BYTES(48);
    entry->user_data = (unsigned long)NEW_BYTES(96);
    ((unsigned *)(queue + parameters.sq_off.array))[0] = 0;
    *(unsigned *)(queue + parameters.sq_off.tail) = 1;
    if (syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) != 1)
        abort();
}

int main(void) {
    if (pipe(ends))
        return 1;
    timer_make(40);
    timer_delete(timer_make(88));
    read_start();
    ring_start();
    clobber_stack();
    return 0;
}
