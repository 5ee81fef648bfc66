/* purpose: an object held by a pointer to its second base is reachable: a known-good shape
 * expect: possible=0/0 lost=0/0
 */
#include "program.h"

struct Reader {
    virtual ~Reader() {
    }
    long position = 0;
};
struct Writer {
    virtual ~Writer() {
    }
    long written = 0;
};
struct File : Reader, Writer {
    long fd = 0;
};
static Writer *writer;

static NOINLINE void file_make() {
    writer = static_cast<File *>(opaque(new File));
}

int main() {
    file_make();
    opaque(&writer);
    clobber_stack();
    return 0;
}
