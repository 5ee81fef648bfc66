/* weakref.c - the weakref example of Python's manual, in C: what a reference count can't free.
 *
 * A child refers to its parent. When both references are strong, the two keep each other alive for ever: nobody else can
 * reach them, and neither destructor runs. When the child's is weak, both are freed as soon as the program lets go. */
#include <stdio.h>
#include <stdlib.h>

struct person {
    size_t refs;
    const char *name;
    struct person *child;  /* strong */
    struct person *parent; /* strong or weak */
    int parent_is_weak;
};

static struct person *person_new(const char *name) {
    struct person *person = calloc(1, sizeof *person);
    if (!person)
        exit(1);
    person->refs = 1;
    person->name = name;
    return person;
}

static struct person *person_take(struct person *person) {
    person->refs++;
    return person;
}

static void person_drop(struct person *person) {
    if (!person || --person->refs > 0)
        return;
    printf("%s is gone\n", person->name);
    person_drop(person->child);
    if (!person->parent_is_weak)
        person_drop(person->parent);
    free(person);
}

static void family_make(const char *parent_name, const char *child_name, int weak) {
    struct person *parent = person_new(parent_name);
    struct person *child = person_new(child_name);

    parent->child = person_take(child);
    child->parent = weak ? parent : person_take(parent);
    child->parent_is_weak = weak;
    person_drop(child);
    person_drop(parent);
}

int main(void) {
    puts("Ada and Byron hold each other:");
    family_make("Ada", "Byron", 0);
    puts("Carl holds Dora, she holds him weakly:");
    family_make("Carl", "Dora", 1);
    return 0;
}
