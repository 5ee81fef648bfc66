#!/bin/bash
# Fingerprints: equal for the same leak however it was built, different for different leaks.
# shellcheck source-path=SCRIPTDIR disable=SC1091,SC2016,SC2059
. "$(dirname "$0")/claims.sh"
cd "$WORK" || exit 1
mkdir -p one two/deeper
cat >one/leaks.c <<'C'
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; void *data; };
void *volatile sink;
static void *xmalloc(size_t bytes) { return malloc(bytes); }
__attribute__((noinline)) void *checked(size_t bytes) { return malloc(bytes); }
__attribute__((noinline)) static void *chained(int extra) { return checked((size_t)extra + 10); }
static inline struct node *node_new(void) { return xmalloc(sizeof(struct node)); }
__attribute__((noinline)) static void ring(void)
{
    struct node *first = node_new(), *second = node_new();
    memset(first, 0, sizeof *first);
    memset(second, 0, sizeof *second);
    first->next = second;
    second->next = first;
    sink = first;
}
__attribute__((noinline)) static int compare(const void *a, const void *b)
{
    sink = strdup("from a callback");
    return *(const int *)a - *(const int *)b;
}
__attribute__((noinline)) static void two_in_one_function(void)
{
    sink = malloc(20);
    sink = malloc(21);
}
__attribute__((noinline)) static void clear(void)
{
    char room[4096];
    memset(room, 0, sizeof room);
    sink = room;
}
int main(void)
{
    int numbers[] = {2, 1};
    sink = chained(3);
    sink = xmalloc(100);
    ring();
    two_in_one_function();
    qsort(numbers, 2, sizeof *numbers, compare);
    clear();
    sink = 0;
    return 0;
}
C
cat >one/leaks.cc <<'C'
#include <cstring>
#include <functional>
#include <memory>
#include <string>
void *volatile sink;
namespace shop {
struct item {
    std::shared_ptr<item> next;
    std::string name;
    explicit item(const char *text) : name(text) {}
};
namespace {
__attribute__((noinline)) item *hidden(const char *text) { sink = nullptr; return new item(text); }
}
__attribute__((noinline)) static item *raw(const char *text) { return new item(text); }
template <typename T> __attribute__((noinline)) T *made() { return new T("a template"); }
struct base {
    virtual ~base() = default;
    virtual void *work(int bytes) { return new char[bytes]; }
};
}
__attribute__((noinline)) static void ring()
{
    auto one = std::make_shared<shop::item>("one"), two = std::make_shared<shop::item>("two");
    one->next = two;
    two->next = one;
}
__attribute__((noinline)) static void clear()
{
    char room[4096];
    memset(room, 0, sizeof room);
    sink = room;
}
int main()
{
    std::function<void(int)> call = [](int bytes) { sink = new char[bytes]; };
    shop::base worker;
    call(30);
    ring();
    sink = shop::hidden("hidden");
    sink = shop::raw("raw");
    sink = shop::made<shop::item>();
    sink = worker.work(31);
    clear();
    sink = nullptr;
}
C
sed 's/^struct node/\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n&/' one/leaks.c >two/deeper/leaks.c
sed 's/^namespace shop/\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n&/' one/leaks.cc >two/deeper/leaks.cc

fingerprints() { # PROGRAM
    castaway --text /dev/null --json report.json "$1"
    jq -r '.findings[].fingerprint' report.json | sort | tr '\n' ' '
}
stacks() { jq -rc '.findings[] | [.fingerprint[:8], .kind, ([.stack[].function] | join(" < "))] | join(" ")' report.json; }
same() { # PROGRAM WANTED
    local got
    got=$(fingerprints "$1")
    [ "$got" = "$2" ] || { stacks; false; }
}
build() { # COMPILER OPTIONS SOURCE PROGRAM
    # shellcheck disable=SC2086
    $1 -g $2 "$3" -o "$4" 2>build.log || { cat build.log; false; }
}

for suffix in c cc; do
    gnu=gcc llvm=clang count=6
    [ $suffix = cc ] && gnu=g++ llvm=clang++ count=6
    build $gnu -O0 one/leaks.$suffix plain
    wanted=$(fingerprints ./plain)
    claim "$suffix: $count findings, all different" test "$(echo "$wanted" | tr ' ' '\n' | sort -u | grep -c .)" = $count
    claim "$suffix: a second run has the same" same ./plain "$wanted"
    for options in -O1 -O2 -O3 -Os "-O2 -fno-omit-frame-pointer" "-O2 -no-pie" "-O2 -gdwarf-4" "-O2 -flto"; do
        build $gnu "$options" one/leaks.$suffix "optimised"
        claim "$suffix: gcc $options" same ./optimised "$wanted"
    done
    for options in -O0 -O1 -O2 -Os "-O2 -gdwarf-4"; do
        build $llvm "$options" one/leaks.$suffix "by-clang"
        claim "$suffix: clang $options" same ./by-clang "$wanted"
    done
    mkdir -p elsewhere && cp one/leaks.$suffix elsewhere/
    build $gnu -O2 "$WORK/elsewhere/leaks.$suffix" elsewhere/program
    claim "$suffix: another folder and name" same elsewhere/program "$wanted"
    build $gnu -O2 two/deeper/leaks.$suffix two/leaks
    claim "$suffix: twenty lines above" same two/leaks "$wanted"
done

# Changes that count, and one that does not.
build gcc -O0 one/leaks.c plain
fingerprints ./plain | tr ' ' '\n' | sort >before
sed 's/    sink = malloc(20);/    sink = malloc(20); sink = 0;/' one/leaks.c >elsewhere/leaks.c
build gcc -O0 elsewhere/leaks.c changed
claim "a line that changed changes nothing" same ./changed "$(tr '\n' ' ' <before | sed 's/^ *//')"
sed 's/two_in_one_function/renamed/' one/leaks.c >elsewhere/leaks.c
build gcc -O0 elsewhere/leaks.c changed
fingerprints ./changed | tr ' ' '\n' | sort >after
claim "a renamed function changes its own" test "$(comm -12 before after | grep -c .)" = 4
sed 's/    sink = chained(3);/    ring();\n&/' one/leaks.c >elsewhere/leaks.c
build gcc -O0 elsewhere/leaks.c changed
claim "the same from another line is a finding of its own" test "$(fingerprints ./changed | wc -w)" = 7

# What one place makes may be of any size, and a ring of any length: two cycles and a leak, however the dice fall.
cat >one/sizes.c <<'C'
#include <stdlib.h>
#include <string.h>
struct node { struct node *next; void *data; };
void *volatile sink;
static unsigned seed;
__attribute__((noinline)) static size_t any(size_t least, size_t most)
{
    seed = seed * 1103515245u + 12345u;
    return least + (seed >> 8) % (most - least + 1);
}
__attribute__((noinline)) static void *buffer_new(size_t bytes) { sink = calloc(1, bytes); return sink; }
__attribute__((noinline)) static struct node *node_new(void) { sink = calloc(1, sizeof(struct node)); return sink; }
__attribute__((noinline)) static void pair(void)
{
    struct node *node = node_new();
    void **buffer = buffer_new(any(16, 4000));
    node->data = buffer;
    buffer[0] = node;
    sink = 0;
}
__attribute__((noinline)) static void ring(void)
{
    struct node *first = node_new(), *last = first;
    for (size_t left = any(1, 1500); left--; last = last->next)
        last->next = node_new();
    last->next = first;
    sink = 0;
}
__attribute__((noinline)) static void text(void)
{
    buffer_new(any(1, 300));
    sink = 0;
}
__attribute__((noinline)) static void clear(void)
{
    char room[4096];
    memset(room, 0, sizeof room);
    sink = room;
}
int main(int argc, char **argv)
{
    seed = (unsigned)atoi(argv[argc - 1]);
    for (int i = 0; i < 100; i++) {
        pair();
        ring();
        text();
    }
    clear();
    sink = 0;
    return 0;
}
C
of_any_size() { # PROGRAM WANTED
    for dice in 1 2 3; do
        castaway --text out.txt --json report.json -o "$dice.cast" "$1" $dice
        [ "$(jq -r '.findings[].fingerprint' report.json | sort | tr '\n' ' ')" = "$2" ] || { stacks; return 1; }
    done
}
build gcc -O0 one/sizes.c plain
castaway --json report.json --text /dev/null ./plain 9
wanted=$(jq -r '.findings[].fingerprint' report.json | sort | tr '\n' ' ')
claim "sizes and lengths make no findings" test "$(jq -c '[.findings[] | [.kind, .count]] | sort' report.json)" = \
    '[["cycle",100],["cycle",100],["lost",100]]'
claim "nor names" of_any_size ./plain "$wanted"
for compiler in gcc clang; do
    build "$compiler" -O2 one/sizes.c optimised
    claim "sizes: $compiler -O2" of_any_size ./optimised "$wanted"
done
claim "the text tells from which to which" grep -qE '^    buffer +[0-9 ]+ to 3 [0-9]{3} bytes +buffer_new' out.txt
claim "and how long rings are" grep -qE ' up to 1 [0-9]{3} objects$' out.txt
castaway report [123].cast --json - --exit-code 0 && cp out merged
castaway report 3.cast 1.cast 2.cast --json - --exit-code 0
claim "and the same merged, in any order" cmp <(jq -S .findings merged) <(jq -S .findings out)
claim "with sums" test "$(jq -c '[.findings[].count] | sort' merged)" = '[300,300,300]'
bounds() { # MIN|MAX of all three, FILTER
    for dice in 1 2 3; do castaway report $dice.cast --json - --exit-code 0 && jq "$2" out; done | sort -n | sed -n "$1p"
}
claim "the least and the largest" test "$(jq '.findings[] | select(.kind == "lost") | .size_min' merged)" = \
    "$(bounds 1 '.findings[] | select(.kind == "lost") | .size_min')"
claim "of cycles, too" test "$(jq '[.findings[].cycle[].size_max] | max' merged)" = \
    "$(bounds '$' '[.findings[].cycle[].size_max] | max')"

# The frames that an optimised build has lost.
build gcc -O2 one/leaks.c optimised
castaway --text out.txt ./optimised
claim "a chain of tail calls is whole" grep -qE -A2 '^ +13 bytes +checked +one/leaks.c:6' out.txt
claim "with the frames between" grep -qE '^ +chained +one/leaks.c:7' out.txt
finish
