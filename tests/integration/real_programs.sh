# real_programs.sh - to be sourced: run a job plain and under castaway, and compare what it does.
#
# A job is a function or command that runs its program behind "${RUN[@]}": nothing at first, then castaway. It works in an
# empty folder of its own, with the port number of its own in $PORT; its stdout, stderr and status are compared.
# shellcheck shell=bash disable=SC2034
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 1
: "${BUILD:=$(realpath "$here/../../build")}" "${CASTAWAY:=$BUILD/castaway}"
WORK=$BUILD/real_programs
RUN=()
passed=0
failed=0
ulimit -c 0
export HOME=$WORK/home GIT_CONFIG_NOSYSTEM=1 LC_ALL=C TZ=UTC
[ -x "$CASTAWAY" ] || { echo "$CASTAWAY is not there" && echo '0 passed, 1 failed' && exit 1; }
rm -rf "$WORK"
mkdir -p "$HOME"

pass() {
    passed=$((passed + 1))
}
fail() {
    failed=$((failed + 1))
    printf '%s\n' "$*"
}
finish() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
    exit
}

# Castaway as jobs use it: findings don't change the status, the report goes to a file.
under_castaway() {
    RUN=("$CASTAWAY" --fail-on none --text "$WORK/report.text" --)
}
# in_folder NAME COMMAND...: stdout and stderr to $WORK/NAME.out and .err, status returned
in_folder() {
    local name=$1
    shift
    rm -rf "$WORK/job"
    mkdir "$WORK/job"
    { (cd "$WORK/job" && "$@") >"$WORK/$name.out" 2>"$WORK/$name.err"; } 2>/dev/null
}
# same NAME JOB...: stdout, stderr and status are the same with castaway; `same_stdout`: stderr may differ (times, pids)
same() {
    same_stdout "$@" && {
        cmp -s "$WORK/plain.err" "$WORK/castaway.err" && return
        passed=$((passed - 1))
        fail "$1: stderr differs: $(diff "$WORK/plain.err" "$WORK/castaway.err" | head -n 5)"
    }
}
same_stdout() {
    local name=$1 castaway_status
    shift
    rm -f "$WORK/report.text"
    RUN=()
    in_folder plain "$@" </dev/null
    plain_status=$?
    under_castaway
    in_folder castaway "$@" </dev/null
    castaway_status=$?
    if [ $plain_status != $castaway_status ]; then
        fail "$name: status $plain_status, under castaway $castaway_status: $(tail -n 3 "$WORK/castaway.err")"
    elif ! cmp -s "$WORK/plain.out" "$WORK/castaway.out"; then
        fail "$name: stdout differs: $(diff -a "$WORK/plain.out" "$WORK/castaway.out" | head -n 5)"
    else
        pass
        return 0
    fi
    return 1
}
# gives STATUS NAME JOB...: as same, and the status is this one
gives() {
    local wanted=$1
    shift
    same "$@" || return
    [ "$plain_status" = "$wanted" ] || fail "$1: status $plain_status, not $wanted"
}
# The last job's run under castaway left a report.
reported() {
    if [ -s "$WORK/report.text" ]; then
        pass
    else
        fail "$1: no report"
    fi
}
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
# until_true COMMAND...: a minute at most
until_true() {
    for _ in {1..1200}; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    echo "never became true: $*"
    return 1
}
