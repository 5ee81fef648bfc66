#include <gst/gst.h>

static GstBuffer *make(void) {
    gst_init(NULL, NULL);
    return gst_buffer_new();
}
#define OBJECT GstBuffer
#define MAKE make
#define TAKE gst_buffer_ref
#define GIVE gst_buffer_unref
#include "missing.h"
