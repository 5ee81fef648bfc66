/* One of 10 000 references to a JSON value is never given back; all others are, by the same functions. With an argument:
 * none is missing. */
#include <json-c/json.h>

__attribute__((noinline)) static void cache_add(struct json_object *value) {
    json_object_get(value);
}
__attribute__((noinline)) static void cache_remove(struct json_object *value) {
    json_object_put(value);
}
__attribute__((noinline)) static void log_keep(struct json_object *value) {
    json_object_get(value); /* the one */
}
__attribute__((noinline)) static struct json_object *answer_new(int number) {
    struct json_object *answer = json_object_new_object();
    json_object_object_add(answer, "number", json_object_new_int(number));
    return answer;
}

int main(int count, char **arguments) {
    (void)arguments;
    struct json_object *answer = answer_new(1);
    for (int i = 0; i < 10000; i++) {
        cache_add(answer);
        if (i == 4711 && count < 2)
            log_keep(answer);
        cache_remove(answer);
    }
    json_object_put(answer);
    return 0;
}
