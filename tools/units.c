/* units.c - numbers as people read them.
 *
 * Start: units_size(). */
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *units_count(struct pool *pool, uint64_t number) {
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number);
    char *grouped = pool_alloc(pool, length * 2 + 1), *to = grouped;
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ' ';
        *to++ = digits[i];
    }
    *to = '\0';
    return grouped;
}

const char *units_things(struct pool *pool, uint64_t number, const char *noun) {
    return pool_printf(pool, "%s %s%s", units_count(pool, number), noun, number == 1 ? "" : "s");
}

const char *units_size(struct pool *pool, uint64_t bytes) {
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    size_t last = sizeof units / sizeof *units - 1, unit = 0;
    if (bytes < 1024)
        return pool_printf(pool, "%" PRIu64 " B", bytes);
    double size = (double)bytes / 1024;
    for (; size >= 1023.95 && unit < last; unit++) /* it would be printed as 1024.0 */
        size /= 1024;
    return pool_printf(pool, "%.1f %s", size, units[unit]);
}
