/* Draws text: layouts (GObject), attributes (pango), patterns (cairo). Mistakes: attributes. */
#include <pango/pangocairo.h>

#include "library.h"

struct drawing {
    PangoLayout *layout;
    PangoAttrList *attributes;
    cairo_pattern_t *pattern;
};

NOINLINE static void cache_add(const struct drawing *drawing) {
    g_object_ref(drawing->layout);
    pango_attr_list_ref(drawing->attributes);
    cairo_pattern_reference(drawing->pattern);
}
NOINLINE static void cache_remove(const struct drawing *drawing) {
    g_object_unref(drawing->layout);
    pango_attr_list_unref(drawing->attributes);
    cairo_pattern_destroy(drawing->pattern);
}
NOINLINE static void log_keep(const struct drawing *drawing) { /* the one */
    if (makes("attributes"))
        pango_attr_list_ref(drawing->attributes);
}
NOINLINE static void draw(cairo_t *cairo, int number) {
    struct drawing drawing = {pango_cairo_create_layout(cairo), pango_attr_list_new(),
                              cairo_pattern_create_linear(0, 0, 300, 0)};
    pango_attr_list_insert(drawing.attributes, pango_attr_underline_new(PANGO_UNDERLINE_SINGLE));
    pango_layout_set_attributes(drawing.layout, drawing.attributes);
    pango_layout_set_text(drawing.layout, "what nobody holds any more", -1);
    cairo_set_source(cairo, drawing.pattern);
    pango_cairo_show_layout(cairo, drawing.layout);
    for (int i = 0; i < 100; i++) {
        cache_add(&drawing);
        cache_remove(&drawing);
    }
    if (number == 47)
        log_keep(&drawing);
    cairo_pattern_destroy(drawing.pattern);
    pango_attr_list_unref(drawing.attributes);
    g_object_unref(drawing.layout);
}

int main(int count, char **arguments) {
    mistake = count > 1 ? arguments[1] : "";
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 300, 100);
    cairo_t *cairo = cairo_create(surface);
    for (int i = 0; i < 100; i++)
        draw(cairo, i);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    pango_cairo_font_map_set_default(NULL);
    return 0;
}
