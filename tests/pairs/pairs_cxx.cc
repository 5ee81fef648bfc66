/* pairs_cxx.cc - C++ shapes of CWE-401 in pairs. */
#include "pairs.h"

#include <list>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

template <typename Type> Type *taken(Type *made) {
    return static_cast<Type *>(seen(made));
}

void by_new(int bad) {
    int *one = taken(new int(5));
    if (!bad)
        delete one;
}
void by_new_array(int bad) {
    char *many = taken(new char[50]);
    if (!bad)
        delete[] many;
}
void by_new_nothrow(int bad) {
    long *many = taken(new (std::nothrow) long[50]);
    if (!bad)
        delete[] many;
}
struct alignas(64) aligned {
    char bytes[64];
};
void by_new_aligned(int bad) {
    aligned *one = taken(new aligned);
    if (!bad)
        delete one;
}
void objects_in_array(int bad) {
    std::string *many = taken(new std::string[4]);
    many[2] = std::string(100, 's');
    if (!bad)
        delete[] many;
}
struct base {
    virtual ~base() = default;
    virtual void take(char *block, int bad) = 0;
};
struct derived : base {
    void take(char *block, int bad) override {
        if (!bad)
            delete[] block;
    }
};
void through_virtual_call(int bad) {
    derived here;
    taken(static_cast<base *>(&here))->take(taken(new char[60]), bad);
}
struct owner {
    char *block = taken(new char[60]);
    int keep;
    explicit owner(int bad) : keep(bad) {
    }
    owner(const owner &) = delete;
    owner &operator=(const owner &) = delete;
    ~owner() {
        if (!keep)
            delete[] block;
    }
};
void in_destructor(int bad) {
    owner here(bad);
    seen(&here);
}
void of_object(int bad) {
    owner *made = taken(new owner(0));
    if (!bad)
        delete made;
}
template <typename Container> void clear_pointers(Container &container) {
    for (auto *each : container)
        delete each;
}
void vector_of_pointers(int bad) {
    std::vector<int *> vector;
    for (int i = 0; i < 10; i++)
        vector.push_back(taken(new int(i)));
    if (!bad)
        clear_pointers(vector);
}
void list_of_pointers(int bad) {
    std::list<std::string *> list;
    for (int i = 0; i < 10; i++)
        list.push_back(taken(new std::string(50, 'l')));
    if (!bad)
        clear_pointers(list);
}
void set_of_pointers(int bad) {
    std::set<int *> set;
    for (int i = 0; i < 10; i++)
        set.insert(taken(new int(i)));
    if (!bad)
        clear_pointers(set);
}
void map_of_pointers(int bad) {
    std::map<int, char *> map;
    for (int i = 0; i < 10; i++)
        map[i] = taken(new char[20]);
    for (auto &each : map)
        if (!bad)
            delete[] each.second;
}
void released(int bad) {
    std::unique_ptr<std::string> one(new std::string(90, 'r'));
    std::string *left = taken(one.release());
    if (!bad)
        delete left;
}
void by_exception(int bad) {
    char *block = taken(new char[80]);
    try {
        if (true_at_run_time())
            throw std::runtime_error("thrown");
        delete[] block;
    } catch (const std::exception &) {
        if (!bad)
            delete[] block;
    }
}
struct peer {
    std::shared_ptr<peer> other;
    std::weak_ptr<peer> weak;
};
void shared_cycle(int bad) {
    auto a = std::make_shared<peer>(), b = std::make_shared<peer>();
    a->other = b;
    if (bad)
        b->other = a;
    else
        b->weak = a;
    seen(a.get());
}
void through_reference(int bad) {
    char *block = taken(new char[33]);
    char *&name = block;
    if (!bad)
        delete[] name;
}
void by_copy(int bad) {
    char *block = taken(new char[34]);
    struct copied {
        char *block;
    } first = {block}, second = first;
    seen(&second);
    if (!bad)
        delete[] second.block;
}

} // namespace

void cxx_pairs(void (*add)(const char *, void (*)(int))) {
#define PAIR(name) add(#name, name)
    PAIR(by_new);
    PAIR(by_new_array);
    PAIR(by_new_nothrow);
    PAIR(by_new_aligned);
    PAIR(objects_in_array);
    PAIR(through_virtual_call);
    PAIR(in_destructor);
    PAIR(of_object);
    PAIR(vector_of_pointers);
    PAIR(list_of_pointers);
    PAIR(set_of_pointers);
    PAIR(map_of_pointers);
    PAIR(released);
    PAIR(by_exception);
    PAIR(shared_cycle);
    PAIR(through_reference);
    PAIR(by_copy);
}
