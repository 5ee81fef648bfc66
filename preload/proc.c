/* proc.c - reading /proc by raw system calls.
 *
 * Owns:    nothing.
 * Never:   allocates, touches errno.
 * Runs in: anywhere.
 * Start:   proc_open(), proc_line(). */
#include "proc.h"

#include <fcntl.h>
#include <string.h>

#include "sys.h"

int proc_root = -1;

long proc_file(const char *path, int flags) {
    long file = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | flags, 0);
    if (sys_failed(file) && proc_root >= 0 && strncmp(path, "/proc/", 6) == 0)
        file = sys(SYS_openat, proc_root, path + 6, O_RDONLY | O_CLOEXEC | flags, 0);
    return file;
}

int proc_open(struct proc_reader *reader, const char *path) {
    long file = proc_file(path, 0);
    reader->at = reader->fill = 0;
    reader->file = (int)file;
    return sys_failed(file) ? (int)file : 0;
}

void proc_close(struct proc_reader *reader) {
    sys(SYS_close, reader->file);
}

static int next_byte(struct proc_reader *reader) {
    if (reader->at == reader->fill) {
        long got = sys(SYS_read, reader->file, reader->buffer, sizeof reader->buffer);
        if (got <= 0)
            return -1;
        reader->at = 0;
        reader->fill = (size_t)got;
    }
    return (unsigned char)reader->buffer[reader->at++];
}

size_t proc_line(struct proc_reader *reader, char *line, size_t max) {
    size_t length = 0;
    for (int byte; (byte = next_byte(reader)) >= 0;) {
        if (byte == '\n') {
            line[length] = 0;
            return length + 1;
        }
        if (length + 1 < max)
            line[length++] = (char)byte;
    }
    return 0;
}

/* Source: Linux, include/linux/dirent.h, linux_dirent64 */
struct directory_entry {
    uint64_t inode;
    int64_t offset;
    unsigned short bytes;
    unsigned char type;
    char name[];
};

int proc_each(const char *folder, proc_name_cb *visit, void *context) {
    long directory = proc_file(folder, O_DIRECTORY);
    if (sys_failed(directory))
        return (int)directory;
    _Alignas(8) char buffer[4096] = "";
    long bytes;
    while ((bytes = sys(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < bytes;) {
            const struct directory_entry *entry = (const struct directory_entry *)(buffer + at);
            at += entry->bytes;
            if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
                visit(context, entry->name);
        }
    sys(SYS_close, directory);
    return (int)bytes;
}

uintptr_t proc_hex(const char **text) {
    uintptr_t value = 0;
    for (;; (*text)++) {
        char c = **text;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uintptr_t)(c - 'a' + 10);
        else
            return value;
    }
}

int proc_number(const char *text) {
    int number = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        number = number * 10 + (*text - '0');
    }
    return number;
}

size_t proc_decimal(int number, char *out) {
    char digits[12];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    out[count] = 0;
    return count;
}
