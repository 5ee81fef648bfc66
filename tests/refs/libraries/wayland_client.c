/* The other side of wayland.c. */
#include "wayland.h"

#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wayland-client.h>

enum { TURNS_AFTER = 20 }; /* until the server has seen everything */
struct client {
    struct wl_display *display;
    struct wl_registry *registry;
    struct wl_shm *shm;
    struct wl_compositor *compositor;
    int memory, bytes, left;
};

static void offered(void *data, struct wl_registry *registry, uint32_t name, const char *interface, uint32_t version) {
    struct client *client = data;
    (void)version;
    if (!strcmp(interface, "wl_shm"))
        client->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
    if (!strcmp(interface, "wl_compositor"))
        client->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
}
static void withdrawn(void *data, struct wl_registry *registry, uint32_t name) {
    (void)data, (void)registry, (void)name;
}
static const struct wl_registry_listener listener = {offered, withdrawn};

struct client *client_new(int socket, int memory, int bytes, int surfaces) {
    struct client *client = calloc(1, sizeof *client);
    client->display = wl_display_connect_to_fd(socket);
    client->registry = wl_display_get_registry(client->display);
    wl_registry_add_listener(client->registry, &listener, client);
    client->memory = memory;
    client->bytes = bytes;
    client->left = surfaces;
    return client;
}

static void show(struct client *client) {
    struct wl_shm_pool *pool = wl_shm_create_pool(client->shm, client->memory, client->bytes);
    struct wl_buffer *buffer = wl_shm_pool_create_buffer(pool, 0, 16, 16, 64, WL_SHM_FORMAT_ARGB8888);
    struct wl_surface *surface = wl_compositor_create_surface(client->compositor);
    wl_surface_attach(surface, buffer, 0, 0);
    wl_surface_destroy(surface);
    wl_buffer_destroy(buffer);
    wl_shm_pool_destroy(pool);
}

static void listen(struct client *client) {
    struct pollfd socket = {wl_display_get_fd(client->display), POLLIN, 0};
    while (wl_display_prepare_read(client->display))
        wl_display_dispatch_pending(client->display);
    wl_display_flush(client->display);
    if (poll(&socket, 1, 0) > 0)
        wl_display_read_events(client->display);
    else
        wl_display_cancel_read(client->display);
    wl_display_dispatch_pending(client->display);
}

int client_work(struct client *client) {
    listen(client);
    if (!client->shm || !client->compositor)
        return 1;
    if (client->left-- > 0)
        show(client);
    wl_display_flush(client->display);
    return client->left > -TURNS_AFTER;
}

void client_end(struct client *client) {
    wl_shm_destroy(client->shm);
    wl_compositor_destroy(client->compositor);
    wl_registry_destroy(client->registry);
    wl_display_flush(client->display);
    wl_display_disconnect(client->display);
    free(client);
}
