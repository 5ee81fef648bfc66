/* A pipeline through which 10 000 buffers run, each taken and given back by a probe. Mistakes: pad. */
#include <gst/gst.h>

#include "library.h"

static int seen;

NOINLINE static void watch(GstBuffer *buffer) {
    gst_buffer_ref(buffer);
}
NOINLINE static void unwatch(GstBuffer *buffer) {
    gst_buffer_unref(buffer);
}
static GstPadProbeReturn probe(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad, (void)data;
    watch(GST_PAD_PROBE_INFO_BUFFER(info));
    unwatch(GST_PAD_PROBE_INFO_BUFFER(info));
    seen++;
    return GST_PAD_PROBE_OK;
}
NOINLINE static GstPad *sink_pad(GstElement *sink) {
    return gst_element_get_static_pad(sink, "sink");
}
NOINLINE static void observe(GstElement *pipeline) {
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    GstPad *pad = sink_pad(sink);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, probe, NULL, NULL);
    if (!makes("pad"))
        gst_object_unref(pad); /* the one */
    gst_object_unref(sink);
}
NOINLINE static void play(GstElement *pipeline) {
    GstBus *bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gst_message_unref(gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    gst_object_unref(bus);
    gst_element_set_state(pipeline, GST_STATE_NULL);
}

int main(int count, char **arguments) {
    mistake = count > 1 ? arguments[1] : "";
    gst_init(NULL, NULL);
    GstElement *pipeline = gst_parse_launch("fakesrc num-buffers=10000 sizetype=fixed sizemax=64 ! identity ! "
                                            "fakesink name=sink",
                                            NULL);
    observe(pipeline);
    play(pipeline);
    gst_object_unref(pipeline);
    gst_deinit();
    return seen == 10000 ? 0 : 3;
}
