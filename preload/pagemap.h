/* pagemap.h - what an entry of /proc/PID/pagemap says, and the PAGEMAP_SCAN ioctl of Linux 6.7, which the headers of older
 * systems do not have.
 *
 * Source: Linux, include/uapi/linux/fs.h; Documentation/admin-guide/mm/pagemap.rst */
#ifndef CASTAWAY_PRELOAD_PAGEMAP_H
#define CASTAWAY_PRELOAD_PAGEMAP_H

#include <stdint.h>
#include <sys/ioctl.h>

/* bits of an entry */
#define PAGEMAP_SOFT_DIRTY (1ull << 55)
#define PAGEMAP_EXCLUSIVE (1ull << 56) /* no other process maps the page */
#define PAGEMAP_FILE (1ull << 61)      /* a page of a file, or shared memory */
#define PAGEMAP_SWAPPED (1ull << 62)
#define PAGEMAP_PRESENT (1ull << 63)

struct page_region {
    uint64_t lo, hi, categories;
};
struct pagemap_scan {
    uint64_t bytes, flags, lo, hi, walk_end, regions, region_count, pages_max;
    uint64_t inverted, wanted_all, wanted_any, returned;
};
#define SCAN_IOCTL _IOWR('f', 16, struct pagemap_scan)
#define SCAN_PROTECT_MATCHING 1
#define SCAN_CHECK_ASYNC 2

/* categories */
#define SCAN_WRITTEN 2
#define SCAN_FILE 4
#define SCAN_PRESENT 8
#define SCAN_SWAPPED 16

#endif
