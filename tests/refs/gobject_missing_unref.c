/* One of 10 000 references to a GObject is never given back; all others are, by the same functions. */
#include <glib-object.h>

__attribute__((noinline)) static void session_attach(GObject *session) {
    g_object_ref(session);
}
__attribute__((noinline)) static void session_detach(GObject *session) {
    g_object_unref(session);
}
__attribute__((noinline)) static void session_watch(GObject *session) {
    g_object_ref(session); /* the one */
}
__attribute__((noinline)) static void serve(GObject *session) {
    session_attach(session);
    session_detach(session);
}
__attribute__((noinline)) static GObject *session_new(void) {
    return g_object_new(G_TYPE_OBJECT, NULL);
}

int main(int count, char **arguments) {
    (void)arguments;
    for (int i = 0; i < 10000; i++) {
        GObject *session = session_new();
        serve(session);
        if (i == 4711 && count < 2)
            session_watch(session);
        g_object_unref(session);
    }
    return 0;
}
