#!/bin/bash
# test_libraries.sh - programs that use real libraries as programs do, under the profiles that come with castaway: the one
# reference among 10 000 that was not given back is named, and without a mistake nothing is lost.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2154
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/refs.sh"
export GST_REGISTRY=$WORK/gst.registry GST_REGISTRY_FORK=no

build() { # NAME PACKAGES... [-- SOURCES...]
    local name=$1 packages=() more=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do packages+=("$1") && shift; done
    [ $# -gt 0 ] && shift && more=("$@")
    # shellcheck disable=SC2046
    compile -o "$WORK/$name" "$sources/libraries/$name.c" "${more[@]}" $(pkg-config --cflags --libs "${packages[@]}")
}
look() { castaway run --fail-on none --json "$WORK/json" --text "$WORK/text" "$@"; }
nothing() { holds '.summary.lost.objects == 0 and .summary.cycle.objects == 0'; }
# Of the finding of that size that is blamed on somebody, the first stack has these functions in this order.
blames() { # FUNCTION...
    holds "any(.findings[]; .refs != null and (.refs.unmatched[0].stack | map(.function) | . as \$s |
        [$(printf '"%s",' "$@" | sed 's/,$//')] | map(. as \$f | \$s | index(\$f)) | all(. != null) and . == sort))"
}
one_missing() { holds 'any(.findings[]; .kind == "lost" and .refs.verdict == "missing-unref")'; }

build pango pangocairo
text=(--profile cairo --profile glib)
look "${text[@]}" "$WORK/pango"
claim 'pango and cairo, balanced: nothing' nothing
look "${text[@]}" "$WORK/pango" attributes
claim 'pango and cairo, attributes: one reference is missing' one_missing
claim 'pango and cairo, attributes: who took it' blames log_keep main
claim 'no function of ours stands between' sh -c "! grep -q castaway_stub '$WORK/text'"
build gstreamer gstreamer-1.0
stream=(--profile gstreamer --profile glib)
"$WORK/gstreamer" >/dev/null 2>&1 # what the registry is made of is found once
look "${stream[@]}" "$WORK/gstreamer"
claim 'GStreamer, balanced: nothing' nothing
look "${stream[@]}" "$WORK/gstreamer" pad
claim 'GStreamer, a pad: by the name of its type, by the count in memory' holds '.findings | length == 1 and (.[0] |
    .kind == "lost" and .type == "GstPad" and .refs.source == "memory" and .refs.count == 1 and .refs.verdict == "missing-unref")'
claim 'GStreamer, a pad: who took it' blames gst_element_get_static_pad sink_pad

build openssl libssl libcrypto
look --profile openssl "$WORK/openssl"
claim 'OpenSSL, balanced: nothing' nothing
for mistake in session peer; do
    look --profile openssl "$WORK/openssl" $mistake
    claim "OpenSSL, $mistake: one reference, counted once" holds '.findings | length == 1 and (.[0].refs | .verdict == "missing-unref" and .count == 1)'
    claim "OpenSSL, $mistake: who took it" blames log_keep
done

build wayland wayland-server wayland-client -- "$sources/libraries/wayland_client.c"
look --profile wayland "$WORK/wayland"
claim 'Wayland, balanced: nothing' nothing
look --profile wayland "$WORK/wayland" pool
claim 'Wayland, a pool: one reference is missing' one_missing
claim 'Wayland, a pool: who took it' blames log_keep attach

build ffmpeg libavutil
look --profile ffmpeg "$WORK/ffmpeg"
claim 'FFmpeg, balanced: nothing' nothing
look --profile ffmpeg "$WORK/ffmpeg" frame
claim 'FFmpeg, a frame: who made it' holds '.findings | length == 1 and (.[0] | .type == "AVFrame" and
    (.stack | map(.function) | index("log_keep") != null))'
look --profile ffmpeg "$WORK/ffmpeg" buffer
claim 'FFmpeg, a buffer: who took it' holds '.findings | length == 1 and (.[0] | .type == "AVBufferRef" and
    (.stack | map(.function) | index("log_keep") != null))'
finish
