#include <cairo.h>

#define OBJECT cairo_surface_t
#define MAKE() cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 16, 16)
#define TAKE cairo_surface_reference
#define GIVE cairo_surface_destroy
#include "missing.h"
