/* operators new and delete of every kind, aligned and not, matched
 * flags: -O0 -std=c++17:-O2
 * run: | clean
 * run: keep | leaked=4/1133
 */
#include <cstddef>
#include <new>
struct alignas(128) wide {
    char bytes[128];
};
int main(int count, char **) {
    char *volatile many = new char[1000];
    int *volatile one = new (std::nothrow) int;
    wide *volatile aligned = new wide;
    void *volatile none = ::operator new(0);
    if (count > 1)
        return 0;
    delete[] many;
    delete one;
    delete aligned;
    ::operator delete(none, std::size_t(0));
    return 0;
}
