/* Loses one object while it is opened, and one when it is closed. */
#include "program.h"

__attribute__((constructor)) static void opened(void) {
    drop(77);
}
__attribute__((destructor)) static void closed(void) {
    drop(78);
}
