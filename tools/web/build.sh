#!/usr/bin/env bash
# build.sh drawings FOLDER   fetch the pinned libraries into FOLDER and bundle drawings.js with them there. Without npm or a
#                            network FOLDER/drawings.js is empty: then the page has tables only, and says so.
# build.sh page FOLDER       put page.html together in FOLDER. The policy in it allows the two scripts by their hashes.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
folder=$2

leave_out() {
    printf 'castaway: HTML reports will have no drawings: %s (to try again: rm %s/drawings.js; make)\n' "$1" "$folder" >&2
    : >"$folder/drawings.js"
    exit 0
}
build_drawings() {
    mkdir -p "$folder/source" || exit 1
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then leave_out "npm is not installed"; fi
    cp "$here/package.json" "$here/package-lock.json" "$here/drawings.js" "$here/charts.js" "$folder/source/" || exit 1
    (cd "$folder/source" && timeout 180 npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=1 \
        --fetch-timeout=30000) >"$folder/npm.log" 2>&1 ||
        leave_out "npm could not fetch their libraries ($folder/npm.log)"
    "$folder/source/node_modules/.bin/esbuild" "$folder/source/drawings.js" --bundle --minify --format=iife --charset=ascii \
        --legal-comments=inline --log-level=warning --outfile="$folder/drawings.js" || exit 1
}

# The hash of a script as it stands between its tags: a newline, then the file.
hash_of() {
    local digits
    digits=$({ echo; cat "$1"; } | sha256sum | cut -c 1-64 | sed 's/../\\x&/g')
    printf "'sha256-%s'" "$(env printf "$digits" | base64)"
}
build_page() {
    local drawings=$folder/drawings.js
    if grep -qi '</script\|<!--' "$here/page.js" "$drawings"; then
        echo "build.sh: a script of the page holds what would end it" >&2
        exit 1
    fi
    sed -e "s|@HASHES@|$(hash_of "$here/page.js") $(hash_of "$drawings")|" \
        -e "/^@STYLE@\$/{r $here/page.css
d}" -e "/^@PAGE@\$/{r $here/page.js
d}" -e "/^@DRAWINGS@\$/{r $drawings
d}" "$here/page.html" >"$folder/page.html.new" && mv "$folder/page.html.new" "$folder/page.html"
}

case $1 in
drawings) build_drawings ;;
page) build_page ;;
esac
