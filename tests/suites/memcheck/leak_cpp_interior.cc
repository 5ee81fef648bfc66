/* pointers into the middle that are as good as pointers to the start: a string of the old kind, arrays of objects with a
 * destructor (also of none), a second base class, a size before the block
 * run: | clean possible=0/0
 * run: none | leaked=1/15 possible=1/31
 */
#define _GLIBCXX_USE_CXX11_ABI 0
#include <cstdint>
#include <cstdlib>
#include <string>
struct member {
    char first;
    int second;
    ~member() {
        first = 0;
    }
};
struct empty_a {
    virtual ~empty_a() = default;
};
struct empty_b {
    virtual ~empty_b() = default;
};
struct empty_both : empty_a, empty_b {};
struct full_a {
    char a = 'a';
    virtual ~full_a() = default;
};
struct full_b {
    char b = 'b';
    virtual ~full_b() = default;
};
struct full_both : full_a, full_b {
    char c = 'c';
};
std::string *text, *changed;
member *three, *none;
empty_a *first_empty;
empty_b *second_empty;
full_a *first_full;
full_b *second_full;
void *sized;
char *odd;
static void *sized_malloc(std::size_t size) {
    auto *block = static_cast<std::uint64_t *>(malloc(size + 8));
    *block = size;
    return block + 1;
}
static void all() {
    static std::string texts[2];
    texts[0] = "a text";
    texts[1] = texts[0];
    three = new member[3];
    sized = sized_malloc(23);
    none = new member[0];
    second_empty = new empty_both;
    first_empty = new empty_both;
    second_full = new full_both;
    first_full = new full_both;
    texts[1] += " that grows";
    text = &texts[0];
    changed = &texts[1];
}
int main(int count, char **) {
    all();
    if (count > 1) {
        auto *block = static_cast<std::uint64_t *>(malloc(15));
        *block = 11;
        sized = reinterpret_cast<char *>(sized) + 4;
    }
    return 0;
}
