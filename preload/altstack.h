/* altstack.h - have threads one alternate signal stack in common? */
#ifndef CASTAWAY_PRELOAD_ALTSTACK_H
#define CASTAWAY_PRELOAD_ALTSTACK_H

/* 1 as soon as two threads were seen to have the same one: no two of them may then stand in a handler on it. context: any */
int altstack_is_shared(void);

#endif
