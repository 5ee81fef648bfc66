/* A compositor and its client in one process: 100 surfaces, whose pools of memory are held 100 times each. Mistakes: pool. */
#define _GNU_SOURCE
#include "wayland.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wayland-server.h>

#include "library.h"

enum { SURFACES = 100, HOLDS = 100, BYTES = 4096 };
static int seen;

NOINLINE static struct wl_shm_pool *hold(struct wl_shm_buffer *buffer) {
    return wl_shm_buffer_ref_pool(buffer);
}
NOINLINE static void drop(struct wl_shm_pool *pool) {
    wl_shm_pool_unref(pool);
}
NOINLINE static void log_keep(struct wl_shm_buffer *buffer) {
    wl_shm_buffer_ref_pool(buffer); /* the one */
}
static void attach(struct wl_client *client, struct wl_resource *surface, struct wl_resource *resource, int32_t x,
                   int32_t y) {
    struct wl_shm_buffer *buffer = wl_shm_buffer_get(resource);
    (void)client, (void)surface, (void)x, (void)y;
    for (int i = 0; i < HOLDS; i++)
        drop(hold(buffer));
    if (++seen == 47 && makes("pool"))
        log_keep(buffer);
}
static void destroy(struct wl_client *client, struct wl_resource *surface) {
    (void)client;
    wl_resource_destroy(surface);
}
static const struct wl_surface_interface surface = {.destroy = destroy, .attach = attach};
static void create_surface(struct wl_client *client, struct wl_resource *compositor, uint32_t id) {
    int version = wl_resource_get_version(compositor);
    wl_resource_set_implementation(wl_resource_create(client, &wl_surface_interface, version, id), &surface, NULL,
                                   NULL);
}
static const struct wl_compositor_interface compositor = {.create_surface = create_surface};
static void bound(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
    struct wl_resource *resource = wl_resource_create(client, &wl_compositor_interface, (int)version, id);
    wl_resource_set_implementation(resource, &compositor, data, NULL);
}
static void serve(struct wl_display *display, struct client *client) {
    while (client_work(client)) {
        wl_event_loop_dispatch(wl_display_get_event_loop(display), 0);
        wl_display_flush_clients(display);
    }
    client_end(client);
    wl_event_loop_dispatch(wl_display_get_event_loop(display), 0);
}

int main(int count, char **arguments) {
    int ends[2], memory = memfd_create("pixels", MFD_CLOEXEC);
    mistake = count > 1 ? arguments[1] : "";
    if (ftruncate(memory, BYTES) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return 2;
    struct wl_display *display = wl_display_create();
    wl_display_init_shm(display);
    struct wl_global *global = wl_global_create(display, &wl_compositor_interface, 4, NULL, bound);
    wl_client_create(display, ends[0]);
    serve(display, client_new(ends[1], memory, BYTES, SURFACES));
    wl_display_destroy_clients(display);
    wl_global_destroy(global);
    wl_display_destroy(display);
    close(memory);
    return seen == SURFACES ? 0 : 3;
}
