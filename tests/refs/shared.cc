/* Sessions held by std::shared_ptr, whose counts are read from memory: one reference is never given back among 10 000.
 *
 *   shared kept       a watcher keeps a copy in an object that nobody deletes
 *   shared skipped    the destructor of a copy is skipped: a count without a pointer
 *   shared separate   as kept; object and count in two blocks
 *   shared cycle      parent and child; the child's is the reference to make weak
 *   shared stale      the same, while a word of it stays on the stack of main
 *   shared weak       the same, mended
 *   shared none       all is given back */
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#define NOINLINE __attribute__((noinline))
#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

struct Session {
    long notes[4] = {};
};
struct Child;
struct Parent {
    std::shared_ptr<Child> child;
    long notes[4] = {};
};
struct Child {
    std::shared_ptr<Parent> parent;
    std::weak_ptr<Parent> weak_parent;
};
using SessionPointer = std::shared_ptr<Session>;

NOINLINE static void attach(const SessionPointer &session) {
    SessionPointer copy = session;
    OPAQUE(&copy);
}
NOINLINE static void watch(const SessionPointer &session) {
    SessionPointer *kept = new SessionPointer(session); /* the one */
    OPAQUE(kept);
}
NOINLINE static void skip(const SessionPointer &session) {
    alignas(SessionPointer) char room[sizeof(SessionPointer)];
    OPAQUE(new (room) SessionPointer(session)); /* the one */
    memset(room, 0, sizeof room);
    OPAQUE(room);
}
NOINLINE static SessionPointer session_new(bool is_separate) {
    return is_separate ? SessionPointer(new Session) : std::make_shared<Session>();
}
static void serve(bool is_separate, void (*mistake)(const SessionPointer &)) {
    for (int i = 0; i < 10000; i++) {
        SessionPointer session = session_new(is_separate);
        attach(session);
        if (i == 4711 && mistake)
            mistake(session);
    }
}
NOINLINE static Parent *family(bool is_weak) {
    auto parent = std::make_shared<Parent>();
    parent->child = std::make_shared<Child>();
    if (is_weak)
        parent->child->weak_parent = parent;
    else
        parent->child->parent = parent;
    return parent.get();
}
NOINLINE static void forget() {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    OPAQUE(bytes);
}

int main(int count, char **arguments) {
    std::string mode = count > 1 ? arguments[1] : "none";
    Parent *volatile stale = nullptr;
    if (mode == "kept" || mode == "separate")
        serve(mode == "separate", watch);
    else if (mode == "skipped")
        serve(false, skip);
    else if (mode == "cycle" || mode == "weak")
        OPAQUE(family(mode == "weak"));
    else if (mode == "stale")
        stale = family(false);
    else
        serve(false, nullptr);
    forget();
    OPAQUE(stale);
    std::exit(0);
}
