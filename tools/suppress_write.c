/* suppress_write.c - a suppression from a finding: its whole stack, so that it hides nothing else.
 *
 * No line and no address is in it, so it holds as long as the same functions call each other. Valgrind reads it too.
 * Start: suppress_write(). */
#include "suppress.h"

#include "demangle.h"
#include "symbols.h"

#include <inttypes.h>
#include <string.h>

/* What Valgrind's reader would take for a wildcard or for the end of the line becomes a wildcard. */
static void write_pattern(FILE *file, const char *prefix, const char *name) {
    fputs(prefix, file);
    for (; *name; name++)
        fputc((unsigned char)*name < ' ' || *name == '*' ? '?' : *name, file);
    fputc('\n', file);
}

static void write_frame(FILE *file, const struct stack_frame *frame) {
    bool is_of_c = !frame->in_program && frame->symbol && strncmp(frame->symbol, "_Z", 2) != 0;
    if (frame->symbol)
        write_pattern(file, "   fun:", is_of_c ? demangle_exported(frame->symbol) : frame->symbol);
    else if (frame->module)
        write_pattern(file, "   obj:*/", path_base(frame->module));
    else
        fputs("   obj:*\n", file);
}

/* Which of C's functions it was is not recorded. */
static void write_allocator(FILE *file, const struct stack *stack) {
    bool is_operator = stack->allocator && stack->allocator->symbol && !strncmp(stack->allocator->symbol, "_Zn", 3);
    if (is_operator)
        write_frame(file, stack->allocator);
    else
        fputs("   fun:*alloc\n", file);
}

static const char *valgrind_kind(enum kind kind) {
    static const char *const words[KIND_COUNT] = {
        [KIND_LOST] = "definite",           [KIND_CYCLE] = "definite",       [KIND_LOST_INDIRECT] = "indirect",
        [KIND_POSSIBLE] = "possible",       [KIND_REACHABLE] = "reachable",  [KIND_GROWING] = "reachable",
        [KIND_DANGLING_WEAK] = "reachable", [KIND_OVER_UNREF] = "reachable", [KIND_MISSING_UNREF] = "reachable",
    };
    return words[kind];
}

void suppress_write(FILE *file, const struct report_finding *finding) {
    const struct stack *stack = finding->stack;
    fprintf(file, "# castaway: kinds=%s\n{\n", kind_word(finding->kind));
    fprintf(file, "   castaway %s %016" PRIx64 "\n", kind_word(finding->kind), finding->fingerprint);
    fprintf(file, "   Memcheck:Leak\n   match-leak-kinds: %s\n", valgrind_kind(finding->kind));
    write_allocator(file, stack);
    for (size_t i = 0; i < stack->named_count && i + 1 < SUPPRESSION_FRAMES_MAX; i++)
        write_frame(file, &stack->frames[i]);
    fputs("}\n", file);
}
