# castaway - build, test, install. `make help` lists the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
BUILD ?= build
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wpointer-arith -Werror
CFLAGS ?= -O2 -g
BASE := -std=gnu11 -D_GNU_SOURCE -DCASTAWAY_VERSION='"$(VERSION)"' -I. $(WARN) -MMD -MP
# In the target: own symbols hidden, TLS without __tls_get_addr, no stack protector (it reads the thread's TLS, which the
# snapshot child and the stop signal's handler must not rely on), unwind tables so that walks pass through the hooks.
TARGET := $(BASE) -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-stack-protector -fasynchronous-unwind-tables \
	-fexceptions -fno-optimize-sibling-calls -fno-builtin-malloc -fno-builtin-calloc -fno-omit-frame-pointer

ANALYSIS_SRC := $(wildcard analysis/*.c)
PRELOAD_SRC := $(wildcard preload/*.c)
TOOLS_SRC := $(wildcard tools/*.c)
ANALYSIS_OBJ := $(ANALYSIS_SRC:%.c=$(BUILD)/%.o)
PRELOAD_OBJ := $(PRELOAD_SRC:%.c=$(BUILD)/%.o)
TOOLS_OBJ := $(TOOLS_SRC:%.c=$(BUILD)/%.o)

all: $(BUILD)/castaway $(BUILD)/libcastaway.so

$(BUILD)/analysis/%.o $(BUILD)/preload/%.o: CASTAWAY_FLAGS := $(TARGET)
$(BUILD)/tools/%.o: CASTAWAY_FLAGS := $(BASE)
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CASTAWAY_FLAGS) $(CFLAGS) $(CPPFLAGS) -c $< -o $@

$(BUILD)/libcastaway.so: $(PRELOAD_OBJ) $(ANALYSIS_OBJ) preload/exports.map
	$(CC) -shared -Wl,-z,now -Wl,-z,defs -Wl,-soname,libcastaway.so \
	  -Wl,--version-script=preload/exports.map $(CFLAGS) $(LDFLAGS) -o $@ $(PRELOAD_OBJ) $(ANALYSIS_OBJ)

$(BUILD)/castaway: $(TOOLS_OBJ) $(ANALYSIS_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOLS_OBJ) $(ANALYSIS_OBJ) -ldw -lelf -ljansson -lstdc++

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all clean
