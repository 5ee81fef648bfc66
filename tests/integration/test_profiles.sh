#!/bin/bash
# Each profile that comes with castaway, with a program of the library it is for: the one reference of a thousand that was not
# given back is named first, and a program without one is left alone. glib, json-c: test_refs.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2154
. "$(dirname "$0")/claims.sh"
. "$(dirname "$0")/refs.sh"
while read -r profile library; do
    # shellcheck disable=SC2046
    compile -o "$WORK/$profile" "$sources/profiles/$profile.c" $(pkg-config --cflags --libs "$library")
    record --profile "$profile" "$WORK/$profile"
    claim "$profile: the one reference" culprit_is 1 log_keep
    claim "$profile: nothing else is blamed" refs_hold '.unmatched | length == 1'
    claim "$profile: one reference" refs_hold '.count == 1 and .dropped == 0'
    claim "$profile: it is of use" notes_hasnt profile-unused
    record --profile "$profile" "$WORK/$profile" balanced
    claim "$profile, balanced: nothing" nothing_lost
done <<'LIBRARIES'
cairo cairo
dbus dbus-1
ffmpeg libavutil
gstreamer gstreamer-1.0
openssl libcrypto
wayland xkbcommon
LIBRARIES
finish
