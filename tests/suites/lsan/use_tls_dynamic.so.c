__thread void *large[1 << 17];
void **store(void *pointer);
void **store(void *pointer) {
    large[0] = pointer;
    return large;
}
