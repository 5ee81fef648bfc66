// shared_tree ITEMS, or shared_tree self: an object that holds itself.
//
// A scene whose items hold it, kept in a vector; each item knows itself, too (enable_shared_from_this): the items' references
// to the scene are the ones to make weak. The elements of the vector have no count of their own between scene and items.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#define NOINLINE __attribute__((noinline))

struct Scene;
struct Item : std::enable_shared_from_this<Item> {
    std::shared_ptr<Scene> scene;
};
struct Scene {
    std::vector<std::shared_ptr<Item>> items;
};

NOINLINE static void draw(int items) {
    auto scene = std::make_shared<Scene>();
    for (int i = 0; i < items; i++) {
        scene->items.push_back(std::make_shared<Item>());
        scene->items.back()->scene = scene;
    }
}

struct Self {
    std::shared_ptr<Self> self;
};
NOINLINE static void hold_itself() {
    auto self = std::make_shared<Self>();
    self->self = self;
}

int main(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "self"))
        hold_itself();
    else
        draw(count > 1 ? std::atoi(arguments[1]) : 5);
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    __asm__ volatile("" : : "r"(bytes) : "memory");
    std::exit(0);
}
