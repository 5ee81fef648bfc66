/* purpose: an exception is held by a std::exception_ptr and a future, and while a handler ends the program; dropped it is lost
 * expect: lost=1/8 lost_indirect=2/209
 * status: 0
 */
#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include "program.h"

static std::exception_ptr held;
static std::future<int> *result;

static NOINLINE std::exception_ptr make(size_t size) {
    try {
        throw std::runtime_error(std::string(size, 'x'));
    } catch (...) {
        return std::current_exception();
    }
}
static NOINLINE void hold_all() {
    std::promise<int> promise;

    held = make(50);
    result = new std::future<int>(promise.get_future());
    promise.set_exception(make(60));
    opaque(new std::exception_ptr(make(40)));
}

int main() {
    hold_all();
    opaque(result);
    clobber_stack();
    try {
        throw std::runtime_error(std::string(70, 'y'));
    } catch (const std::exception &) {
        quick_exit(0);
    }
}
