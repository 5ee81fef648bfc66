/* formats.c - what sets formats apart beside their writers.
 *
 * Start: the table FORMATS, in formats.h. */
#include "formats.h"

bool format_is_report(enum format format) {
    return format != FORMAT_TEXT && format != FORMAT_JSON;
}

bool format_needs_all(enum format format) {
    static const bool needs[FORMAT_COUNT] = {[FORMAT_HTML] = true, [FORMAT_PPROF] = true};
    return needs[format];
}
