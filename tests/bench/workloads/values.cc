// values.cc - what the standard library of C++ has in memory, made and dropped over and over, each a load.
//
// usage: values LOAD ROUNDS
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "draw.h"

namespace {
uint64_t state = 88172645463325252u;
uint64_t draw(uint64_t below) {
    return ::draw(&state, below);
}
std::string text(uint64_t number) {
    return "a text that is too long to stand in the string itself: " + std::to_string(number);
}

// Binary trees as they are usually measured.
struct tree {
    std::unique_ptr<tree> left, right;
    size_t count() const {
        return 1 + (left ? left->count() + right->count() : 0);
    }
};
std::unique_ptr<tree> grown(int levels) {
    auto made = std::make_unique<tree>();
    if (levels) {
        made->left = grown(levels - 1);
        made->right = grown(levels - 1);
    }
    return made;
}
size_t trees(size_t rounds) {
    size_t sum = 0;
    for (size_t i = 0; i < rounds / 1024; i++)
        sum += grown(9)->count();
    return sum;
}

size_t strings(size_t rounds) {
    std::vector<std::string> kept(512);
    size_t sum = 0;
    for (size_t i = 0; i < rounds; i++) {
        auto &place = kept[draw(kept.size())];
        place = text(i);
        if (i % 4 == 0)
            place += kept[draw(kept.size())].substr(0, 100);
        sum += place.size();
    }
    return sum;
}

size_t hashed(size_t rounds) {
    std::unordered_map<std::string, size_t> map;
    for (size_t i = 0; i < rounds; i++) {
        auto key = text(draw(5000));
        if (!map.erase(key))
            map.emplace(std::move(key), i);
    }
    return map.size();
}

size_t ordered(size_t rounds) {
    std::map<uint64_t, std::string> map;
    for (size_t i = 0; i < rounds; i++) {
        map[draw(5000)] = text(i);
        map.erase(draw(5000));
    }
    return map.size();
}

// Nodes that several others share, of which one after the other goes.
struct shared {
    std::vector<std::shared_ptr<shared>> others;
};
size_t shares(size_t rounds) {
    std::vector<std::shared_ptr<shared>> all(1024);
    size_t sum = 0;
    for (size_t i = 0; i < rounds; i++) {
        auto made = std::make_shared<shared>();
        for (int k = 0; k < 2; k++)
            if (auto &other = all[draw(all.size())]; other && other->others.empty())
                made->others.push_back(other);
        sum += made->others.size();
        all[draw(all.size())] = std::move(made);
    }
    return sum;
}

size_t vectors(size_t rounds) {
    size_t sum = 0;
    for (size_t i = 0; i < rounds / 16; i++) {
        std::vector<std::vector<int>> rows(8);
        for (auto &row : rows)
            for (size_t k = draw(20); k-- > 0;)
                row.push_back(int(k));
        auto copy = rows;
        for (const auto &row : copy)
            sum += row.size();
    }
    return sum;
}

size_t lists(size_t rounds) {
    std::list<uint64_t> list;
    std::deque<std::function<uint64_t()>> queue;
    size_t sum = 0;
    for (size_t i = 0; i < rounds; i++) {
        list.push_back(i);
        uint64_t a = draw(9), b = i, c = list.front();
        queue.emplace_back([a, b, c] { return a + b + c; });
        if (i < 1000)
            continue;
        sum += queue.front()() + list.front();
        queue.pop_front();
        list.pop_front();
    }
    return sum;
}

// Objects behind an interface, made by one function for all.
struct shape {
    virtual ~shape() = default;
    virtual double area() const = 0;
};
struct square : shape {
    double side = 2;
    double area() const override {
        return side * side;
    }
};
struct disc : shape {
    double radius = 1, centre[2] = {};
    double area() const override {
        return 3 * radius * radius + centre[0];
    }
};
__attribute__((noinline)) std::unique_ptr<shape> shape_of(uint64_t kind) {
    if (kind)
        return std::make_unique<disc>();
    return std::make_unique<square>();
}
size_t shapes(size_t rounds) {
    std::vector<std::unique_ptr<shape>> all(256);
    double sum = 0;
    for (size_t i = 0; i < rounds; i++) {
        auto &place = all[draw(all.size())];
        place = shape_of(draw(2));
        sum += place->area();
    }
    return size_t(sum);
}

const struct {
    const char *name;
    size_t (*run)(size_t);
} LOADS[] = {{"trees", trees},   {"strings", strings}, {"hashed", hashed}, {"ordered", ordered},
             {"shares", shares}, {"vectors", vectors}, {"lists", lists},   {"shapes", shapes}};
} // namespace

int main(int argc, char **argv) {
    for (const auto &load : LOADS)
        if (argc == 3 && !std::strcmp(argv[1], load.name)) {
            std::printf("%zu\n", load.run(std::strtoul(argv[2], nullptr, 10)));
            return 0;
        }
    std::fprintf(stderr, "usage: values LOAD ROUNDS\n");
    return 2;
}
