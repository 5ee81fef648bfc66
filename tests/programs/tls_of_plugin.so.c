static __thread void *local[100];
static void *global;

void hold(void *thread_local, void *of_module) {
    local[50] = thread_local;
    global = of_module;
    __asm__ volatile("" : : "r"(&local), "r"(&global) : "memory");
}
