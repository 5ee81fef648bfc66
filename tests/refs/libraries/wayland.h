/* The client of wayland.c: the headers of both sides can't be in one file. */
struct client;

struct client *client_new(int socket, int memory, int bytes, int surfaces);
int client_work(struct client *); /* returns 0 when all surfaces were shown */
void client_end(struct client *);
