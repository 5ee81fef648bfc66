/* formats.h - the formats that a report can be written in, one line each. */
#ifndef CASTAWAY_TOOLS_FORMATS_H
#define CASTAWAY_TOOLS_FORMATS_H

#include "writers.h"

/* X(enumerator, name of option and writer, the option's value, help). A new one is a line here and NAME_write() in NAME.c. */
#define FORMATS(X)                                                                                                     \
    X(TEXT, text, "FILE", "write the report as text; - is standard output; may be repeated")                           \
    X(JSON, json, "FILE", "write it as JSON")                                                                          \
    X(HTML, html, "FILE", "write it as one page for a browser")                                                        \
    X(SARIF, sarif, "FILE", "write it as SARIF 2.1.0, for code scanning")                                              \
    X(JUNIT, junit, "FILE", "write it as JUnit XML, a test case for each finding")                                     \
    X(PPROF, pprof, "FILE", "write lost and live memory as a profile for pprof")                                       \
    X(FOLDED, folded, "FILE", "write the findings' bytes as folded stacks, for flame graphs")                          \
    X(DOT, dot, "FILE", "write the cycles as graphs for Graphviz")                                                     \
    X(OPENMETRICS, openmetrics, "FILE", "write the totals as metrics, for Prometheus")                                 \
    X(GITHUB, github, NULL, "print annotations for GitHub Actions on standard output")

enum format {
#define X(enumerator, name, value, help) FORMAT_##enumerator,
    FORMATS(X)
#undef X
        FORMAT_COUNT
};

/* Write; errors stay in the stream's error flag. */
#define X(enumerator, name, value, help) void name##_write(FILE *, const struct report *, const struct view *);
FORMATS(X)
#undef X

/* Is it made of a whole report? Text and JSON are what every verb can write. */
bool format_is_report(enum format);

/* Does it need the findings of all kinds, whatever --show says? Those that draw live memory do. */
bool format_needs_all(enum format);

/* Was castaway built with the libraries that draw? (html.c) */
bool html_has_drawings(void);

#endif
