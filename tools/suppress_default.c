/* suppress_default.c - allocations of common libraries that are made once, kept on purpose, and lose their last pointer.
 *
 * Each is as narrow as can be: a function and the library that it is in, or the tool that says the same of itself.
 * Not in it: anything that could hide a leak of the program's own.
 * Start: the text below. */
#include "suppress.h"

#include <stdlib.h>
#include <string.h>

static const char text[] =
    "# castaway: reason=glibc bug 12650: the thread-local blocks of a dlopen'ed library are freed by another pointer; "
    "LeakSanitizer leaves them out too\n"
    "{\n"
    "   glibc: thread-local storage\n"
    "   Memcheck:Leak\n"
    "   ...\n"
    "   fun:*tls_get_addr*\n"
    "}\n"
    "# castaway: reason=the message of dlerror() is kept in thread-local memory; LeakSanitizer leaves it out too\n"
    "{\n"
    "   glibc: dlerror\n"
    "   Memcheck:Leak\n"
    "   ...\n"
    "   fun:*dlerror\n"
    "}\n"
    "# castaway: reason=what dlerror() will say; only what this function makes itself, for the constructors of "
    "libraries "
    "run inside it\n"
    "{\n"
    "   glibc: dlerror, its result\n"
    "   Memcheck:Leak\n"
    "   fun:*alloc\n"
    "   fun:_dlerror_run\n"
    "}\n"
    "# castaway: reason=the message of dlerror(), made where the loader gives up\n"
    "{\n"
    "   glibc: dlerror, its message\n"
    "   Memcheck:Leak\n"
    "   fun:*alloc\n"
    "   fun:_dl_exception_create*\n"
    "}\n"
    "# castaway: reason=glibc keeps the vector of a thread's library blocks with its header before the pointer\n"
    "{\n"
    "   glibc: dynamic thread vector\n"
    "   Memcheck:Leak\n"
    "   ...\n"
    "   fun:_dl_allocate_tls\n"
    "   obj:*/libc.so*\n"
    "}\n"
    "# castaway: reason=fontconfig reads its configuration once and keeps it until FcFini(), which programs do not "
    "call\n"
    "{\n"
    "   fontconfig: configuration\n"
    "   Memcheck:Leak\n"
    "   ...\n"
    "   obj:*/libfontconfig.so*\n"
    "   ...\n"
    "   fun:FcInit*\n"
    "}\n"
    "# castaway: reason=ncurses keeps its terminal description; its FAQ says so\n"
    "{\n"
    "   ncurses: terminal description\n"
    "   Memcheck:Leak\n"
    "   ...\n"
    "   fun:_nc_setupterm\n"
    "   obj:*/libtinfo*\n"
    "}\n"
    "# castaway: reason=GLib registers each type once and for good\n"
    "{\n"
    "   glib: types\n"
    "   Memcheck:Leak\n"
    "   ...\n"
    "   fun:g_type_register_*\n"
    "   ...\n"
    "}\n"
    "# castaway: reason=Xlib caches what it knows of a locale\n"
    "{\n"
    "   xlib: locales\n"
    "   Memcheck:Leak\n"
    "   ...\n"
    "   fun:_XlcCreateLC\n"
    "   ...\n"
    "}\n"
    "# castaway: reason=the NVIDIA driver keeps state in memory that it points to in ways of its own\n"
    "leak:/libnvidia-glcore.so\n"
    "# castaway: reason=the NVIDIA driver keeps state in memory that it points to in ways of its own\n"
    "leak:/libGLX_nvidia.so\n";

const char *suppress_defaults_text(void) {
    return text;
}

/* Last, so that a suppression of the user's is counted first. */
void suppress_add_defaults(struct suppressions *suppressions) {
    struct suppress_error error;
    size_t first = suppressions->count;
    if (suppress_parse(suppressions, "default", text, strlen(text), &error))
        abort(); /* the text above is wrong */
    for (size_t i = first; i < suppressions->count; i++)
        suppressions->list[i].is_default = true;
}
