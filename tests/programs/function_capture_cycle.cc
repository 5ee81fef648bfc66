/* purpose: an object whose callback captures a std::shared_ptr to the object itself
 * expect: cycle=2/64
 * cycle_findings: 1
 */
#include <functional>
#include <memory>
#include "program.h"

struct Widget {
    std::function<void()> on_click;
};

static NOINLINE void widget_make() {
    auto widget = std::make_shared<Widget>();

    widget->on_click = [widget] { opaque(widget.get()); };
    widget->on_click();
}

int main() {
    widget_make();
    clobber_stack();
    return 0;
}
