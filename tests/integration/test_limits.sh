#!/usr/bin/env bash
# Limits that a program is started with: it has its memory, ends as ever, and is judged, or the report says why not.
# shellcheck source=tests/integration/claims.sh
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1
cat >fill.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void __attribute__((noinline)) drop(void) { memset(malloc(40), 0, 40); }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
static void **all;
/* fill SIZE: objects of that size until there is no more memory; prints how many MiB; all of them are still there at the end */
int main(int count, char **words) {
    size_t size = strtoul(words[1], NULL, 10), made = 0, found = 0;
    drop();
    clear();
    for (void **next; (next = malloc(size)); all = next, made++)
        *next = all;
    for (void **at = all; at; at = *at)
        found++;
    printf("%zu\n", found * size >> 20);
    return found != made;
}
C
gcc -O0 -g -w -o fill fill.c
at_least() { [ "$(cat out)" -ge "$1" ] || { echo "$(cat out) MiB, not $1"; false; }; }
lost_is() { [ "$(jq .summary.lost.objects json)" = "$1" ] || { jq -c '[.summary, .notes]' json; false; }; }
note_is() { [ "$(jq ".notes[] | select(.code == \"$1\") | 1" json)" = 1 ] || { jq -c .notes json; false; }; }
notes_lack() { ! note_is "$1" >/dev/null; }
limited_run() { # ULIMIT-OPTION VALUE COMMAND...
    local option=$1 value=$2
    shift 2
    { (ulimit "$option" "$value" && exec "$CASTAWAY" --json json "$@") >out 2>err; } 2>/dev/null
    status=$?
}
# As somebody who may not raise a hard limit, nor lock what they like.
unprivileged() { if [ "$(id -u)" = 0 ]; then setpriv --bounding-set -ipc_lock,-sys_resource --inh-caps -ipc_lock,-sys_resource "$@"; else "$@"; fi; }
limited() { limited_run "$1" "$2" ./fill "$3"; } # ULIMIT-OPTION VALUE SIZE
for size in 24 4000 200000; do
    for kib in 40000 100000 300000; do
        plain=$( (ulimit -v $kib && ./fill $size))
        limited -v $kib $size
        claim "$kib KiB of memory, objects of $size bytes: what it had lost by then is found" status_is 23
        claim "$kib KiB of memory, objects of $size bytes: it has all but a little" at_least $((plain - 5))
        claim "$kib KiB of memory, objects of $size bytes: what it lost is found" lost_is 1
        claim "$kib KiB of memory, objects of $size bytes: the report says that recording was given up" note_is gave-way
    done
done

# A soft limit is raised by what castaway takes, and the program sees its own.
plain=$( (ulimit -Sv 60000 && ./fill 24))
limited -Sv 60000 24
claim 'a soft limit: what the program lost is found' status_is 23
claim 'a soft limit: the program has no less' at_least "$plain"
(ulimit -Sv 60000 && exec "$CASTAWAY" --fail-on none --text /dev/null bash -c 'ulimit -Sv; bash -c "ulimit -Sv"; ulimit -Hv') >out
claim 'a soft limit: the program and what it starts see the same' [ "$(tr '\n' ' ' <out)" = "60000 60000 unlimited " ]

# What would not be there without castaway either costs no recording.
cat >refused.c <<'C'
#include <stdlib.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
void *volatile kept;
static void __attribute__((noinline)) drop(void) { kept = malloc(40); kept = 0; }
static void __attribute__((noinline)) clear(void) { volatile char area[65536]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
int main(void) {
    size_t most = 1ul << 30;
    int refused = !malloc(most) + !calloc(most, 8) + !calloc(most, most) + !realloc(malloc(1), most) + !aligned_alloc(64, most) +
                  (mmap(0, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    drop();
    clear();
    return refused != 6 || errno != ENOMEM;
}
C
gcc -O0 -g -w -o refused refused.c
for option in -v -d; do
    limited_run "$option" 60000 ./refused
    claim "refused without castaway, too (ulimit $option): the end is judged" status_is 23
    claim "refused without castaway, too (ulimit $option): recording goes on" notes_lack gave-way
done

# The report has the same limit. It comes, with less to say of lines where their debug information does not fit.
{
    printf 'struct s0 { int a; };\n'
    for ((i = 1; i <= 700; i++)); do printf 'struct s%d { struct s%d *before; long value%d; };\n' $i $((i - 1)) $i; done
    echo 'static int __attribute__((used)) part(void) { return 0; }'
} >unit.c
cat >wordy.c <<'C'
#include <stdlib.h>
static void __attribute__((noinline)) drop(void) { *(void *volatile *)malloc(40) = 0; }
static void __attribute__((noinline)) clear(void) { volatile char area[4096]; for (int i = 0; i < 4096; i++) area[i] = 0; }
int main(void) { drop(); clear(); return 0; }
C
gcc -g -w -fno-eliminate-unused-debug-types -c unit.c
mapfile -t units < <(yes unit.o | head -300)
gcc -O0 -g -gz=zlib -w -o wordy wordy.c "${units[@]}"
says() { jq -c '[([.notes[].code] | index("debug-info-unread") != null), .findings[0].stack[0].function, .findings[0].stack[0].line]' json; }
unread=0
for kib in {14000..20000..250}; do
    { (ulimit -v "$kib" && unprivileged "$CASTAWAY" --json json ./wordy) >out 2>err; } 2>/dev/null
    status=$?
    claim "$kib KiB for a report with much debug information: it comes" status_is 23
    unread=$((unread + $(says | grep -c '^\[true,"drop",null\]$')))
done
claim "with too little memory for the debug information: the function's name, and a note that lines lack" [ "$unread" -gt 2 ]
castaway --json json ./wordy
claim "with enough: the line, and no note ($(says))" [ "$(says)" = '[false,"drop",2]' ]

# Locked memory: what castaway has does not count.
cat >locked.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
static void __attribute__((noinline)) drop(void) { void *volatile lost = malloc(40); lost = NULL; }
static void __attribute__((noinline)) clear(void) { volatile char area[4096]; for (size_t i = 0; i < sizeof area; i++) area[i] = 0; }
static void **all;
/* locked FLAGS MOST: objects until there is no more memory, or MOST of them; prints how many */
int main(int count, char **words) {
    size_t made = 0, most = strtoul(words[2], NULL, 10);
    if (mlockall(atoi(words[1])) != 0)
        return 2;
    drop();
    clear();
    for (void **next; made < most && (next = malloc(1000)); all = next, made++)
        *next = all;
    void *mapped = mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("%zu%s\n", made, mapped == MAP_FAILED ? "" : ", and a mapping");
    return 0;
}
C
gcc -O0 -g -w -o locked locked.c
for flags in 2 3; do # MCL_FUTURE, and with it MCL_CURRENT
    for most in 1000 1000000; do
        (ulimit -l 8000 && unprivileged ./locked $flags $most) >wanted
        { (ulimit -l 8000 && unprivileged "$CASTAWAY" --json json ./locked $flags $most) >out 2>err; } 2>/dev/null
        status=$?
        claim "locked memory ($flags), $most objects: the program has as much as without castaway" cmp out wanted
        claim "locked memory ($flags), $most objects: what it lost is found" status_is 23
    done
done

# Real programs: the least limit that each runs with, and a little for castaway's own code.
OURS_KIB=4096
least() { # COMMAND...: KiB of address space
    local low=1000 high=100000 middle
    while [ $((high - low)) -gt 128 ]; do
        middle=$(((low + high) / 2))
        if (ulimit -v $middle && "$@") >plain 2>/dev/null && cmp -s plain wanted; then high=$middle; else low=$middle; fi
    done
    echo $high
}
cat >cpp.cc <<'C'
#include <iostream>
#include <map>
#include <new>
#include <string>
int main() {
    std::map<int, std::string> all;
    for (int i = 0; i < 20000; i++)
        all[i] = std::string(50, 'x');
    void *aligned = operator new(1 << 20, std::align_val_t(4096));
    std::cout << all.size() << "\n";
    operator delete(aligned, std::align_val_t(4096));
}
C
g++ -O1 -w -o cpp cpp.cc
works() { # NAME COMMAND...
    local name=$1 kib
    shift
    "$@" >wanted
    kib=$(least "$@")
    (ulimit -v $((kib + OURS_KIB)) && exec "$CASTAWAY" --text /dev/null --json json "$@") >out 2>err
    claim "$name: what it does with the least memory it does watched with $OURS_KIB KiB more" cmp out wanted
    claim "$name: and it ends as ever" [ "$(jq .program.exit_status json)" = 0 ]
    (ulimit -v "$kib" && "$@") >out 2>/dev/null
    claim "$name: that is its least" cmp out wanted
}
# shellcheck disable=SC2016 # not for this shell
works bash bash -c 'all=(); for i in {1..3000}; do all+=("x$i"); done; echo ${#all[@]}'
works perl perl -e 'my @all; push @all, [1..3] for 1..30000; print scalar(@all)'
works sqlite3 sqlite3 :memory: 'create table t(a,b); with recursive c(x) as (select 1 union all select x+1 from c where x<20000)
    insert into t select x, "row "||x from c; select count(*) from t;'
works C++ ./cpp
works imports /usr/bin/python3 -c '
import ssl, sqlite3, ctypes, os, subprocess
print(subprocess.run(["true"]).returncode, os.system("true"))'
PYTHONMALLOC=malloc works python3 /usr/bin/python3 -c 'print(len([[i] for i in range(30000)]))'
# The scan at that moment does not take what is being made then for lost, whatever lay there before.
for kib in 23000 23500 24000; do
    limited_run -v $kib --children no /usr/bin/python3 -c 'import ssl, sqlite3, ctypes, subprocess'
    claim "$kib KiB, Python: recording was given up" note_is gave-way
    claim "$kib KiB, Python: nothing is lost" lost_is 0
done

# Other allocators ask for memory through us, amid a realloc too; and put several objects into 16 bytes.
cat >vector.c <<'C'
#include <stdlib.h>
void __lsan_ignore_object(const void *) __attribute__((weak));
enum { KEPT = 3000 };
static void ***vector;
/* A block that holds all objects grows until there is no more memory. Then all are named, resized, and freed. */
int main(void) {
    size_t room = 1 << 16;
    void ***larger = malloc(room * sizeof *vector);
    for (int i = 0; i < KEPT; i++)
        larger[i] = malloc(8);
    for (; larger; larger = realloc(vector, (room += room / 2) * sizeof *vector))
        vector = larger;
    for (int i = 0; i < KEPT; i++) {
        if (__lsan_ignore_object)
            __lsan_ignore_object(vector[i]);
        free(realloc(vector[i], i % 2 ? 8 : 200));
    }
    free(vector);
    return 0;
}
C
for library in libc.so.6 libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
    gcc -O0 -g -w -o vector vector.c -Wl,--no-as-needed "-l:$library" 2>/dev/null || continue
    for kib in 60000 200000; do
        limited_run -v $kib ./vector
        claim "$kib KiB of memory, $library: the program ends as ever" [ "$(jq .program.exit_status json)" = 0 ]
        claim "$kib KiB of memory, $library: nothing seems lost amid a realloc" lost_is 0
    done
done

# A block that realloc moved to where there is no memory for its record holds what it held.
cat >moved.c <<'C'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
enum { KEPT = 129 };
static void **vector;
/* Past all wrappers. */
static long map(size_t bytes) {
    register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, file __asm__("r8") = -1, at __asm__("r9") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)SYS_mmap), "D"(0), "S"(bytes), "d"((long)PROT_NONE), "r"(flags), "r"(file), "r"(at)
                     : "rcx", "r11", "memory");
    return result;
}
/* The allocator has memory left, and nobody else has. moved [freed]: then the block goes, and what it held is lost. */
int main(int count, char **words) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    vector = malloc(KEPT * sizeof *vector);
    for (int i = 0; i < KEPT; i++)
        vector[i] = malloc(50);
    free(malloc(8 << 20));
    for (size_t bytes = 1 << 24; bytes >= 4096; bytes /= 2)
        while (map(bytes) > 0) {
        }
    void *volatile between = malloc(4 << 20);
    vector = realloc(vector, 4096 * sizeof *vector);
    if (count > 1)
        free(vector);
    void *volatile after = malloc(40);
    printf("%d\n", vector && between && after);
    return 0;
}
C
gcc -O0 -g -w -o moved moved.c
limited_run -v 60000 ./moved
claim 'moved where it has no record: the program goes on' [ "$(cat out)" = 1 ]
claim 'moved where it has no record: the report says so' note_is not-recorded
claim 'moved where it has no record: what it holds is not lost' lost_is 0
limited_run -v 60000 ./moved freed
claim 'moved where it has no record, and freed: what it held is lost' lost_is 129

# Once there was another thread.
cat >joined.c <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static void *nothing(void *unused) { return unused; }
int main(void) {
    pthread_t thread;
    size_t made = 0;
    void **all = NULL;
    if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
        return 2;
    for (void **next; (next = malloc(24)); all = next, made++)
        *next = all;
    printf("%zu\n", made * 24 >> 20);
    return 0;
}
C
gcc -O0 -g -w -pthread -o joined joined.c
plain=$( (ulimit -v 100000 && ./joined))
limited_run -v 100000 ./joined
claim 'a thread that has ended: the program has all the memory but a little' at_least $((plain - 5))

# Several threads are refused at once: who asks while one of them gives way, or after that, is served as well.
cat >refusals.c <<'C'
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
enum { THREADS = 4, CHUNKS = 140, BYTES = 256 << 10 };
static _Atomic int refused;
static void *fill(void *barrier) {
    pthread_barrier_wait(barrier);
    for (int i = 0; i < CHUNKS; i++) {
        volatile char *chunk = malloc(BYTES);
        refused += !chunk;
        if (chunk)
            *chunk = 1;
    }
    return NULL;
}
int main(void) {
    pthread_t thread[THREADS];
    pthread_barrier_t barrier;
    pthread_attr_t attributes;
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, BYTES / 2);
    pthread_barrier_init(&barrier, NULL, THREADS);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 16);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], &attributes, fill, &barrier))
            return 2;
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    printf("%d refused\n", refused);
    return 0;
}
C
gcc -O1 -w -pthread -o refusals refusals.c
for _ in {1..25}; do
    (ulimit -v 160000 && exec "$CASTAWAY" --fail-on none --text /dev/null ./refusals) 2>/dev/null
done >out
claim 'threads that are refused at once: each has its memory in the end' [ "$(sort -u out)" = '0 refused' ]

# While other threads allocate.
cat >threads.c <<'C'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
enum { THREADS = 6, KEPT = 64, BYTES = 1000 };
static _Atomic int stop;
static void *churn(void *unused) {
    void *kept[KEPT] = {0};
    for (unsigned i = 0; !stop; i++) {
        unsigned at = i * 2654435761u >> 26;
        if (i & 1) {
            free(kept[at]);
            kept[at] = malloc(16 + (i & 511));
        } else {
            void *larger = realloc(kept[at], 16 + (i & 1023));
            kept[at] = larger ? larger : kept[at];
        }
    }
    for (int i = 0; i < KEPT; i++)
        free(kept[i]);
    return unused;
}
int main(void) {
    pthread_t thread[THREADS];
    pthread_attr_t attributes;
    void **all = NULL, **next;
    size_t made = 0, found = 0;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 18);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], &attributes, churn, NULL))
            return 2;
    for (; (next = malloc(BYTES)); all = next, made++)
        *next = all;
    for (int i = 0; i < BYTES && all; i++, found++) {
        next = *all;
        free(all);
        all = next;
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (; all; all = *all)
        found++;
    printf("%zu\n", made >> 10);
    return found != made;
}
C
gcc -O1 -w -o threads threads.c
export MALLOC_ARENA_MAX=1 # no 64 MiB for each thread
plain=$( (ulimit -v 100000 && ./threads))
limited_run -v 100000 ./threads
claim 'threads: the program ends as ever' [ "$(jq .program.exit_status json)" = 0 ]
claim 'threads: recording was given up' note_is gave-way
claim 'threads: it has all the memory but a little' at_least $((plain - 5))
claim 'threads: nothing is lost' lost_is 0
finish
