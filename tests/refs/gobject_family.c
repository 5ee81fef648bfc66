/* GObjects whose counts and types are read from memory, without a rule. `Parent` has private data before its instances.
 *
 *   gobject_family leak      100 parents and children that hold each other: the child's reference is the one to make weak
 *   gobject_family children  one parent with three: they hold it all three
 *   gobject_family missing   one parent was taken once too often
 *   gobject_family weak      a parent that only weak references know, of every kind: lost, and no cycle
 *   gobject_family held      a weak reference to a parent that a variable holds: nothing is lost
 *   gobject_family none      all is given back */
#include <glib-object.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
#define OPAQUE(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")
enum { LEAKED = 100 };

typedef struct {
    GObject object;
    GObject *child, *others[2];
} Parent;
typedef struct {
    GObjectClass class;
} ParentClass;
typedef struct {
    long notes[8];
} ParentPrivate;
typedef struct {
    GObject object;
    Parent *parent;
    int holds;
} Child;
typedef struct {
    GObjectClass class;
} ChildClass;

G_DEFINE_TYPE_WITH_PRIVATE(Parent, parent, G_TYPE_OBJECT)
G_DEFINE_TYPE(Child, child, G_TYPE_OBJECT)

static void parent_finalize(GObject *object) {
    g_clear_object(&((Parent *)object)->child);
    G_OBJECT_CLASS(parent_parent_class)->finalize(object);
}
static void parent_init(Parent *parent) {
    (void)parent;
}
static void parent_class_init(ParentClass *class) {
    ((GObjectClass *)class)->finalize = parent_finalize;
}
static void child_finalize(GObject *object) {
    if (((Child *)object)->holds)
        g_object_unref(((Child *)object)->parent);
    G_OBJECT_CLASS(child_parent_class)->finalize(object);
}
static void child_init(Child *child) {
    (void)child;
}
static void child_class_init(ChildClass *class) {
    ((GObjectClass *)class)->finalize = child_finalize;
}

/* As GTK and GStreamer do: then a variable of libgobject's points at another type than GObject, too. */
__attribute__((constructor)) static void use_floating_references(void) {
    g_type_ensure(G_TYPE_INITIALLY_UNOWNED);
}

NOINLINE static void child_set_parent(Child *child, Parent *parent, int holds) {
    child->parent = holds ? g_object_ref(parent) : parent;
    child->holds = holds;
}
NOINLINE static Parent *family_new(int holds) {
    Parent *parent = g_object_new(parent_get_type(), NULL);
    Child *child = g_object_new(child_get_type(), NULL);
    parent->child = (GObject *)child;
    child_set_parent(child, parent, holds);
    return parent;
}
NOINLINE static void families(int holds) {
    for (int i = 0; i < LEAKED; i++)
        g_object_unref(family_new(holds));
}
NOINLINE static void children(void) {
    Parent *parent = family_new(1);
    for (int i = 0; i < 2; i++) {
        parent->others[i] = g_object_new(child_get_type(), NULL);
        child_set_parent((Child *)parent->others[i], parent, 1);
    }
    g_object_unref(parent);
}
NOINLINE static void missing(void) {
    Parent *parent = family_new(0);
    g_object_ref(parent); /* the one */
    g_object_unref(parent);
}

static GWeakRef weak_ref;
static gpointer weak_pointer;
static void noticed(gpointer data, GObject *gone) {
    (void)data, (void)gone;
}
NOINLINE static Parent *weak(void) {
    Parent *parent = g_object_new(parent_get_type(), NULL);
    weak_pointer = parent;
    g_object_add_weak_pointer(weak_pointer, &weak_pointer);
    g_weak_ref_init(&weak_ref, parent);
    GWeakRef *on_heap = calloc(1, sizeof *on_heap);
    g_weak_ref_init(on_heap, parent);
    static GWeakRef *keeper;
    keeper = on_heap;
    OPAQUE(&keeper);
    g_object_weak_ref((GObject *)parent, noticed, NULL);
    return parent;
}
static Parent *held;
NOINLINE static void forget(void) {
    char bytes[16384];
    memset(bytes, 0, sizeof bytes);
    OPAQUE(bytes);
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "none";
    if (!strcmp(mode, "leak") || !strcmp(mode, "none"))
        families(mode[0] == 'l');
    else if (!strcmp(mode, "children"))
        children();
    else if (!strcmp(mode, "missing"))
        missing();
    else if (!strcmp(mode, "weak"))
        OPAQUE(weak());
    else if (!strcmp(mode, "held"))
        held = weak();
    OPAQUE(&held);
    forget();
    return 0;
}
