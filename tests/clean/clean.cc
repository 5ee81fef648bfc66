/* clean.cc SHAPE [MILLISECONDS] - ten multithreaded programs that lose nothing, and end while their threads still run.
 *
 * Every object is in somebody's hands at every moment: in a container, in a register, on a stack, on its way. A finding of
 * kind lost or cycle is a false alarm. */
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

struct node {
    node *next = nullptr, *previous = nullptr;
    std::string text;
    std::vector<int> numbers;
};

node *node_new(unsigned i) {
    node *made = new node;
    made->text.assign(i % 90, 'x');
    made->numbers.assign(i % 30, 1);
    return made;
}

template <typename Body> void run(int threads, Body body) {
    for (int i = 0; i < threads; i++)
        std::thread([body, i] {
            for (unsigned n = static_cast<unsigned>(i);; n++)
                body(n);
        }).detach();
}

std::mutex lock;
std::condition_variable changed;

/* What the threads share is never destroyed: they still use it when exit would do that. */
void queue_of_pointers() {
    static auto &queue = *new std::deque<node *>;
    run(4, [](unsigned n) {
        std::unique_lock<std::mutex> held(lock);
        if (n % 2 && queue.size() < 1000) {
            queue.push_back(node_new(n));
            changed.notify_one();
        } else if (!queue.empty()) {
            node *taken = queue.front();
            queue.pop_front();
            held.unlock();
            delete taken;
        }
    });
}
void mailboxes() {
    static std::atomic<node *> box[16];
    run(4, [](unsigned n) { delete box[n % 16].exchange(node_new(n)); });
}
void linked_list() {
    static node head;
    static std::atomic<unsigned> length;
    head.next = head.previous = &head;
    run(4, [](unsigned n) {
        std::lock_guard<std::mutex> held(lock);
        if (length < 200) {
            node *made = node_new(n);
            made->next = head.next;
            made->previous = &head;
            head.next->previous = made;
            head.next = made;
            length++;
        } else {
            node *last = head.previous;
            last->previous->next = &head;
            head.previous = last->previous;
            length--;
            delete last;
        }
    });
}
void shared_objects() {
    static auto &current = *new std::shared_ptr<node>(std::make_shared<node>());
    run(4, [](unsigned n) {
        std::shared_ptr<node> made = std::make_shared<node>();
        made->text.assign(n % 50, 'y');
        std::shared_ptr<node> before = std::atomic_load(&current);
        std::atomic_store(&current, made);
    });
}
void readers_and_writers() {
    static auto &map = *new std::map<unsigned, std::string>;
    static auto &both = *new std::shared_mutex;
    run(4, [](unsigned n) {
        if (n % 4) {
            std::shared_lock<std::shared_mutex> held(both);
            std::string copy = map.empty() ? "" : map.begin()->second;
        } else {
            std::unique_lock<std::shared_mutex> held(both);
            map[n % 500] = std::string(n % 100, 'z');
            map.erase((n + 250) % 500);
        }
    });
}
void tasks() {
    static auto &work = *new std::deque<std::function<void()>>;
    run(4, [](unsigned n) {
        std::unique_lock<std::mutex> held(lock);
        if (work.size() < 50) {
            auto data = std::make_unique<node>();
            data->text.assign(n % 70, 'w');
            std::shared_ptr<node> shared = std::move(data);
            work.push_back([shared, n] { shared->text.assign(n % 80, 'v'); });
        } else {
            std::function<void()> task = std::move(work.front());
            work.pop_front();
            held.unlock();
            task();
        }
    });
}
void short_threads() {
    run(3, [](unsigned n) {
        std::unique_ptr<node> mine(node_new(n));
        std::thread([kept = node_new(n)] { delete kept; }).join();
    });
}
void growing_blocks() {
    run(4, [](unsigned n) {
        char *block = nullptr;
        for (size_t size = 16; size < 200000; size += size / 2 + n % 7) {
            char *larger = static_cast<char *>(realloc(block, size));
            if (!larger)
                abort();
            block = larger;
            block[size - 1] = 1;
        }
        free(block);
    });
}
void thread_locals() {
    run(3, [](unsigned n) {
        std::thread([n] {
            thread_local std::unordered_map<unsigned, std::string> mine;
            thread_local std::unique_ptr<node> one(node_new(n));
            for (unsigned i = 0; i < 20; i++)
                mine[i] = std::string(i * 3, 'u');
        }).join();
    });
}
void futures() {
    run(3, [](unsigned n) {
        std::promise<std::unique_ptr<node>> promise;
        auto future = promise.get_future();
        std::thread giver([&promise, n] { promise.set_value(std::unique_ptr<node>(node_new(n))); });
        auto got = future.get();
        giver.join();
        auto other = std::async(std::launch::async, [n] { return std::unique_ptr<node>(node_new(n)); });
        other.get();
    });
}

const struct {
    const char *name;
    void (*start)();
} shapes[] = {
    {"queue_of_pointers", queue_of_pointers},
    {"mailboxes", mailboxes},
    {"linked_list", linked_list},
    {"shared_objects", shared_objects},
    {"readers_and_writers", readers_and_writers},
    {"tasks", tasks},
    {"short_threads", short_threads},
    {"growing_blocks", growing_blocks},
    {"thread_locals", thread_locals},
    {"futures", futures},
};

} // namespace

int main(int count, char **words) {
    if (count < 2) {
        for (const auto &shape : shapes)
            puts(shape.name);
        return 0;
    }
    for (const auto &shape : shapes)
        if (strcmp(shape.name, words[1]) == 0) {
            shape.start();
            usleep(1000 * static_cast<unsigned>(count > 2 ? atoi(words[2]) : 20));
            _exit(0); /* no destructor of a container may free what a running thread still uses */
        }
    return 2;
}
