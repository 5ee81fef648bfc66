/* lock.c - the words behind lock.h. */
#include "lock.h"

_Atomic int lock_words[LOCK_COUNT];
