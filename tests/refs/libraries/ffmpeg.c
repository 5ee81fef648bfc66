/* Frames of a pool, each cloned a hundred times, and its buffer held. Mistakes: frame, buffer. */
#include <libavutil/buffer.h>
#include <libavutil/frame.h>

#include "library.h"

NOINLINE static AVBufferRef *hold(const AVFrame *frame) {
    return av_buffer_ref(frame->buf[0]);
}
NOINLINE static AVFrame *copy(const AVFrame *frame) {
    return av_frame_clone(frame);
}
NOINLINE static void log_keep(const AVFrame *frame) { /* the one */
    if (makes("frame"))
        copy(frame);
    if (makes("buffer"))
        hold(frame);
}
NOINLINE static void decode(AVBufferPool *pool, int number) {
    AVFrame *frame = av_frame_alloc();
    frame->format = AV_PIX_FMT_GRAY8;
    frame->width = frame->height = frame->linesize[0] = 64;
    frame->buf[0] = av_buffer_pool_get(pool);
    frame->data[0] = frame->buf[0]->data;
    for (int i = 0; i < 100; i++) {
        AVBufferRef *held = hold(frame);
        AVFrame *other = copy(frame);
        av_buffer_unref(&held);
        av_frame_free(&other);
    }
    if (number == 47)
        log_keep(frame);
    av_frame_free(&frame);
}

int main(int count, char **arguments) {
    mistake = count > 1 ? arguments[1] : "";
    AVBufferPool *pool = av_buffer_pool_init(4096, NULL);
    for (int i = 0; i < 100; i++)
        decode(pool, i);
    av_buffer_pool_uninit(&pool);
    return 0;
}
