/* interrupt.h - the one signal that castaway uses in the program, and how the program does not notice it. */
#ifndef CASTAWAY_PRELOAD_INTERRUPT_H
#define CASTAWAY_PRELOAD_INTERRUPT_H

#include <signal.h>
#include <ucontext.h>

enum { INTERRUPT_SIGNAL = 33 };

/* Is a system call that the signal broke off taken up again? On aarch64 its first argument is lost where the kernel does not
 * do that, so waits end with EINTR: there nothing interrupts the program while it runs unless the user asks for it. */
#if defined(__x86_64__)
enum { INTERRUPT_IS_HIDDEN = 1 };
#else
enum { INTERRUPT_IS_HIDDEN = 0 };
#endif

/* Put our handler in place; does nothing when it stands there already.
 * returns  0, or a kernel error. context: any */
int interrupt_install(void);
/* The program sets a handler of its own for a signal that is ignored by default: call before, and after. context: any */
int interrupt_is_harmless(int signal);
void interrupt_expect(int signal);
void interrupt_expected(int signal);
/* Give the place back to whose it was. context: any */
void interrupt_remove(void);

/* Raise the signal in the calling thread, for live_interrupted(): its handler sees the thread's registers. context: any */
void interrupt_self(void);

#endif
