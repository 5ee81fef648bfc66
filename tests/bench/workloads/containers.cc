// containers.cc - what C++ programs do all day: words in maps of vectors of strings, shared nodes, functions in functions;
// compiled without optimising templates away, the way from main to malloc is long.
//
// usage: containers [ROUNDS]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "draw.h"

namespace {
uint64_t state = 88172645463325252u;
uint64_t draw(uint64_t below) {
    return ::draw(&state, below);
}

struct document {
    std::string title;
    std::map<std::string, std::vector<std::string>> words_by_letter;
    std::unordered_map<std::string, std::variant<int, double, std::string>> fields;
    std::list<std::shared_ptr<document>> neighbours;
};

std::string word() {
    return "a word that does not fit into the string itself: " + std::to_string(draw(50000));
}

// A tower of templates: each level hands a function around the next one on.
template <int level> struct tower {
    template <typename callback> static void climb(document &d, callback &&use) {
        tower<level - 1>::climb(d, [&use](document &inner) { use(inner); });
    }
};
template <> struct tower<0> {
    template <typename callback> static void climb(document &d, callback &&use) {
        std::function<void(document &)> held = use;
        held(d);
    }
};

std::shared_ptr<document> write_document(int words) {
    auto d = std::make_shared<document>();
    d->title = word();
    for (int i = 0; i < words; i++)
        tower<12>::climb(*d, [](document &inner) {
            std::string next = word();
            inner.words_by_letter[next.substr(next.size() - 2)].push_back(next);
        });
    d->fields[word()] = word();
    d->fields[word()] = 1.5;
    d->fields[word()] = words;
    return d;
}
} // namespace

int main(int argc, char **argv) {
    int rounds = argc > 1 ? std::atoi(argv[1]) : 3000;
    std::map<std::string, std::shared_ptr<document>> library;
    std::set<std::string> seen;
    for (int i = 0; i < rounds; i++) {
        auto d = write_document(40);
        for (const auto &[letters, words] : d->words_by_letter)
            seen.insert(words.begin(), words.end());
        if (!library.empty())
            d->neighbours.push_back(library.begin()->second);
        library[d->title] = d;
        if (library.size() > 500)
            library.erase(library.begin());
    }
    std::printf("%zu %zu\n", library.size(), seen.size());
    return 0;
}
