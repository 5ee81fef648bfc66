/* One reference to a buffer is never given back: its handle is lost, and the buffer with it. With an argument: none is
 * missing. */
#include <libavutil/buffer.h>
#include <stdlib.h>

enum { ROUNDS = 1000, THE_ONE = 471 };

static AVBufferRef *cached;
__attribute__((noinline)) static void cache_add(AVBufferRef *buffer) {
    cached = av_buffer_ref(buffer);
}
__attribute__((noinline)) static void cache_remove(void) {
    av_buffer_unref(&cached);
}
/* The one: its handle is freed, as by who knows no better. */
__attribute__((noinline)) static void log_keep(AVBufferRef *buffer) {
    AVBufferRef *handle = av_buffer_ref(buffer);
    free(handle);
}

int main(int count, char **arguments) {
    (void)arguments;
    AVBufferRef *buffer = av_buffer_alloc(100);
    for (int i = 0; i < ROUNDS; i++) {
        cache_add(buffer);
        if (i == THE_ONE && count < 2)
            log_keep(buffer);
        cache_remove();
    }
    av_buffer_unref(&buffer);
    return 0;
}
