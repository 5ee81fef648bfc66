/* sys.h - system calls that touch neither errno nor the thread's TLS.
 *
 * Used on every path that may run inside the program's malloc, in a signal handler or in the snapshot child.
 * Machine facts of this concern: x86-64 and aarch64 calling conventions. Returns are the kernel's: negative errno. */
#ifndef CASTAWAY_PRELOAD_SYS_H
#define CASTAWAY_PRELOAD_SYS_H

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long sys_call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long sys_call(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#else
#error "castaway runs on x86-64 and aarch64"
#endif

#define SYS_ARGUMENTS(a, b, c, d, e, f, ...) (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)
#define sys(number, ...) sys_call(number, SYS_ARGUMENTS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0))

static inline int sys_failed(long result) {
    return (unsigned long)result >= (unsigned long)-4095L;
}

/* Can a word be read at `address`? The kernel does before it judges the way to set the mask, which is none; every filter of
 * system calls allows this call. Source: Linux, kernel/signal.c, sigprocmask. */
static inline int sys_can_read(const void *address) {
    return address && sys(SYS_rt_sigprocmask, -1, address, 0, 8) != -EFAULT;
}
static inline int sys_can_write(void *address) {
    return address && sys(SYS_rt_sigprocmask, SIG_BLOCK, 0, address, 8) != -EFAULT;
}

/* The kernel's view of a handler. Source: Linux, include/uapi/asm-generic/signal.h */
struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *); /* NULL: by default */
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};
enum { KERNEL_RESTORER = 0x04000000 }; /* of flags: `restorer` is there. Without it, x86-64 enters no handler */

#endif
