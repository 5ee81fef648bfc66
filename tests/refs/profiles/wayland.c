#include <xkbcommon/xkbcommon.h>

#define OBJECT struct xkb_context
#define MAKE() xkb_context_new(XKB_CONTEXT_NO_DEFAULT_INCLUDES)
#define TAKE xkb_context_ref
#define GIVE xkb_context_unref
#include "missing.h"
