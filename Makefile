# castaway - build, test, install. `make help` lists the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := gcc
endif
BUILD ?= build
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wpointer-arith -Werror
CFLAGS ?= -O2 -g
BASE := -std=gnu11 -D_GNU_SOURCE -DCASTAWAY_VERSION='"$(VERSION)"' -I. $(WARN) -MMD -MP
# In the target: own symbols hidden, TLS without __tls_get_addr, no stack protector (it reads the thread's TLS, which the
# snapshot child and the stop signal's handler must not rely on), unwind tables so that walks pass through the hooks. Variables
# are sorted by their alignment: the small ones, which every process writes, stand on a few pages, not between large tables.
TARGET := $(BASE) -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-stack-protector -fasynchronous-unwind-tables \
	-fexceptions -fno-optimize-sibling-calls -fno-builtin-malloc -fno-builtin-calloc -fdata-sections
# The tool's libraries are built into it where their archives are installed: to find, map and relocate nine shared ones
# takes longer than all that a run of a small program needs of them. liblzma and libbz2 are libdw's.
built_in = $(if $(findstring /,$(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
TOOLS_LIBS := $(foreach library,dw elf deflate zstd jansson z lzma bz2 ncursesw tinfo iberty,$(call built_in,$(library)))
CHECK_LIBS = $(shell pkg-config --libs check) -lpthread
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

ANALYSIS_SRC := $(wildcard analysis/*.c)
PRELOAD_SRC := $(wildcard preload/*.c)
TOOLS_SRC := $(wildcard tools/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
HEAP_BUILD_SRC := $(wildcard tests/unit/heap_build.c)
BENCH_SRC := $(wildcard tests/bench/*.c)
ALL_SRC := $(ANALYSIS_SRC) $(PRELOAD_SRC) $(TOOLS_SRC) $(UNIT_SRC) $(HEAP_BUILD_SRC) $(BENCH_SRC)

ANALYSIS_OBJ := $(ANALYSIS_SRC:%.c=$(BUILD)/%.o)
PRELOAD_OBJ := $(PRELOAD_SRC:%.c=$(BUILD)/%.o)
TOOLS_OBJ := $(TOOLS_SRC:%.c=$(BUILD)/%.o)
HEAP_BUILD_OBJ := $(HEAP_BUILD_SRC:%.c=$(BUILD)/%.o)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
BENCH := $(BENCH_SRC:%.c=$(BUILD)/%)
DEMO := $(BUILD)/tests/demo/weakref
WEB ?= $(BUILD)/web

PROFILES := $(patsubst tools/%,$(BUILD)/%,$(wildcard tools/profiles/*))

all: $(BUILD)/castaway $(BUILD)/libcastaway.so $(PROFILES)

# ---- compiling. Headers come from -MMD; .flags changes when a compiler or a flag does, so that all is built again.
FLAGS = $(CC) | $(TARGET) | $(CFLAGS) | $(CPPFLAGS) | $(LDFLAGS) | $(TOOLS_LIBS)
$(BUILD)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(BUILD)/analysis/%.o $(BUILD)/preload/%.o: CASTAWAY_FLAGS := $(TARGET)
# Where a hook has nothing left to do the real function takes its place; others stand between it and the program's caller.
# What is rare in looking for a stack is jumped to, so that registers need not be saved for it.
$(BUILD)/preload/hooks.o $(BUILD)/preload/hooks_cxx.o $(BUILD)/preload/trace.o: CASTAWAY_FLAGS += -foptimize-sibling-calls
$(BUILD)/tools/%.o $(BUILD)/tests/%.o: CASTAWAY_FLAGS := $(BASE)
$(BUILD)/%.o: %.c $(BUILD)/.flags
	@mkdir -p $(@D)
	$(CC) $(CASTAWAY_FLAGS) $(CFLAGS) $(CPPFLAGS) -c $< -o $@

$(BUILD)/libcastaway.so: $(PRELOAD_OBJ) $(ANALYSIS_OBJ) preload/exports.map
	$(CC) -shared -Wl,-z,now -Wl,-z,defs -Wl,-soname,libcastaway.so -Wl,--sort-section=alignment \
	  -Wl,--version-script=preload/exports.map $(CFLAGS) $(LDFLAGS) -o $@ $(PRELOAD_OBJ) $(ANALYSIS_OBJ)

$(BUILD)/castaway: $(TOOLS_OBJ) $(ANALYSIS_OBJ) $(BUILD)/tools/web_page.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(TOOLS_OBJ) $(ANALYSIS_OBJ) $(BUILD)/tools/web_page.o $(TOOLS_LIBS)

# The page of HTML reports: tools/web, and the libraries that draw in it, if npm can fetch them.
$(WEB)/drawings.js: tools/web/drawings.js tools/web/charts.js tools/web/package.json tools/web/package-lock.json tools/web/build.sh
	@tools/web/build.sh drawings $(WEB)
$(WEB)/page.html: $(WEB)/drawings.js tools/web/page.html tools/web/page.css tools/web/page.js tools/web/build.sh
	@tools/web/build.sh page $(WEB)
$(BUILD)/tools/web_page.o: tools/web_page.S $(WEB)/page.html
	@mkdir -p $(@D)
	$(CC) -c -Wa,-I$(WEB) $< -o $@

# The tool and the library find them beside the library.
$(PROFILES): $(BUILD)/profiles/%: tools/profiles/%
	@mkdir -p $(@D)
	cp $< $@

$(UNIT): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(HEAP_BUILD_OBJ) $(ANALYSIS_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS)

SUPPRESS_OBJ := $(patsubst %,$(BUILD)/tools/%.o,suppress suppress_parse suppress_default suppress_write refs breaks recording_refs members label pattern kinds pool \
	message escape demangle hide symbols symbol_table debug_info inflated memory_limit tail_calls unit scopes nesting units merge keep fingerprint report_live \
	recording recording_plain recording_live recording_profile report_profile)
$(BUILD)/tests/unit/test_suppress: $(SUPPRESS_OBJ)
$(BUILD)/tests/unit/test_suppress: CHECK_LIBS += $(TOOLS_LIBS)
$(BUILD)/tests/unit/test_symbol_table: $(patsubst %,$(BUILD)/tools/%.o,symbol_table pool message escape)
$(BUILD)/tests/unit/test_symbol_table: CHECK_LIBS += $(TOOLS_LIBS)
$(BUILD)/tests/unit/test_inflated: $(patsubst %,$(BUILD)/tools/%.o,inflated memory_limit)
$(BUILD)/tests/unit/test_inflated: CHECK_LIBS += $(TOOLS_LIBS)
$(BUILD)/tests/unit/test_pool: $(patsubst %,$(BUILD)/tools/%.o,pool message escape)
$(BUILD)/tests/unit/test_contexts: $(BUILD)/preload/contexts.o
$(BUILD)/tests/unit/test_guard: $(BUILD)/preload/guard.o
$(BUILD)/tests/unit/test_site: $(BUILD)/preload/site.o
$(BUILD)/tests/unit/test_family: $(patsubst %.c,$(BUILD)/%.o,$(wildcard preload/family*.c))

$(BENCH): $(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(HEAP_BUILD_OBJ) $(ANALYSIS_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lpthread -lm

$(DEMO): tests/demo/weakref.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -Werror -O2 -g $< -o $@

# ---- set-up: no target needs the network when the packages of .ci/packages are there.
setup:
	@.ci/setup build demo test

# ---- demo, tests. Recursive, because what is to be built can't be known before the set-up.
demo:
	@.ci/setup build demo
	@$(MAKE) --no-print-directory -s all $(DEMO)
	@tests/demo/run.sh $(BUILD)

unit: $(UNIT)
check:
	@.ci/setup build demo test
	@$(MAKE) --no-print-directory -s all unit $(DEMO) $(BENCH)
	@tests/run.sh $(BUILD)

# ASan + UBSan over analysis, tools and unit tests; what runs inside the target stays as it is.
sanitize: $(BUILD)/libcastaway.so
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize WEB=$(WEB) CFLAGS='$(SANITIZE)' $(BUILD)/sanitize/castaway unit
	@ln -sf ../libcastaway.so $(BUILD)/sanitize/libcastaway.so
	@tests/run.sh $(BUILD)/sanitize 'unit' 'integration/test_report*' 'integration/test_bad*' 'integration/test_run_*' 'integration/test_symbols' \
	  'integration/test_control' 'integration/test_top' 'integration/test_suppress' 'integration/test_ci' \
	  'integration/test_formats' 'integration/test_shell'

# `make bench BENCH_OPTIONS='--only churn --clock cpu'`: one question; `.ci/setup bench` installs the peers.
bench: all $(BENCH)
	@tests/bench/bench.py $(BUILD) $(BENCH_OPTIONS)

# ---- style
C_FILES = $(wildcard analysis/*.[ch] preload/*.[ch] tools/*.[ch] tests/*/*.[ch] tests/*/*.cc tests/*/*/*.[ch] tests/*/*/*.cc)
SHELL_FILES = $(wildcard .ci/setup .ci/run tests/*.sh tests/*/*.sh)
format:
	clang-format -i $(C_FILES)

# One file at a time (clang-tidy's checks of va_list misjudge the second file of a run), and only those that changed.
LINTED := $(patsubst %.c,$(BUILD)/lint/%.tidy,$(ANALYSIS_SRC) $(PRELOAD_SRC) $(TOOLS_SRC))
$(LINTED): $(BUILD)/lint/%.tidy: %.c $(BUILD)/%.o .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(filter-out -Werror -MMD -MP,$(BASE)) 2>$@.log || { cat $@.log >&2; false; }
	@touch $@

lint:
	@.ci/setup build lint
	@$(MAKE) --no-print-directory -s all
	@echo clang-format
	@clang-format --dry-run --Werror $(C_FILES)
	@echo shellcheck
	@shellcheck $(SHELL_FILES)
	.ci/symbols $(BUILD)/libcastaway.so preload/allowed-symbols.txt
	@echo aarch64
	@$(MAKE) --no-print-directory -s aarch64
	@mkdir -p $(BUILD)/lint/cppcheck
	@echo cppcheck
	@cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,portability,performance -I. \
	  --cppcheck-build-dir=$(BUILD)/lint/cppcheck -D_GNU_SOURCE -D__x86_64__ -DCASTAWAY_VERSION='""' \
	  -D'ElfW(type)=Elf64_##type' --suppress=missingIncludeSystem --suppress=ctuuninitvar \
	  --suppress=nullPointerRedundantCheck analysis preload tools  # the last two: false alarms over addresses as numbers
	@echo 'clang-tidy (files that changed)'
	@$(MAKE) --no-print-directory -s -k -j$$(nproc) $(LINTED)

# The other machine: all is compiled for it, and the library linked, where its compiler is installed. Of the tool's libraries
# only headers are needed; this machine's will do.
AARCH64_CC ?= aarch64-linux-gnu-gcc
AARCH64_OBJ := $(patsubst $(BUILD)/%,$(BUILD)/aarch64/%,$(TOOLS_OBJ))
aarch64:
	@if ! command -v $(AARCH64_CC) >/dev/null; then \
	  echo 'aarch64: not compiled, $(AARCH64_CC) is not installed (.ci/setup lint)'; exit; fi; \
	$(MAKE) --no-print-directory -s -j$$(nproc) BUILD=$(BUILD)/aarch64 CC=$(AARCH64_CC) \
	  CPPFLAGS='-idirafter /usr/include/$(shell $(CC) -print-multiarch)' $(BUILD)/aarch64/libcastaway.so $(AARCH64_OBJ) && \
	.ci/symbols $(BUILD)/aarch64/libcastaway.so preload/allowed-symbols.txt

# ---- install. The tool finds the library in ../lib of its own folder.
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include \
	  $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/castaway/profiles \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 644 tools/profiles/* $(DESTDIR)$(PREFIX)/share/castaway/profiles
	install -m 755 $(BUILD)/castaway $(DESTDIR)$(PREFIX)/bin/castaway
	install -m 644 $(BUILD)/libcastaway.so $(DESTDIR)$(PREFIX)/lib/libcastaway.so
	install -m 644 preload/castaway.h preload/castaway_check.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 tools/castaway*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 tools/report.schema.json $(DESTDIR)$(PREFIX)/share/castaway/report.schema.json
	$(BUILD)/castaway completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/castaway
	$(BUILD)/castaway completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_castaway
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' preload/castaway.pc.in \
	  > $(DESTDIR)$(PREFIX)/lib/pkgconfig/castaway.pc

uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/castaway lib/libcastaway.so include/castaway.h include/castaway_check.h \
	  share/castaway/report.schema.json share/bash-completion/completions/castaway share/zsh/site-functions/_castaway \
	  $(patsubst tools/%,share/castaway/%,$(wildcard tools/profiles/*)) \
	  $(addprefix share/man/man1/,$(notdir $(wildcard tools/castaway*.1))) lib/pkgconfig/castaway.pc)

# The checking build: every captured stack is compared with libunwind's own walk (preload/frames_check.h).
frames: $(BUILD)/frames/libcastaway.so
$(BUILD)/frames/libcastaway.so: $(PRELOAD_SRC) $(ANALYSIS_SRC) $(wildcard preload/*.h analysis/*.h) preload/exports.map
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(TARGET)) -DCASTAWAY_FRAMES_CHECK $(CFLAGS) $(CPPFLAGS) -shared -Wl,-z,now \
	  -Wl,--version-script=preload/exports.map -o $@ $(PRELOAD_SRC) $(ANALYSIS_SRC)

clean:
	rm -rf $(BUILD)

help:
	@echo 'make            build/castaway and build/libcastaway.so'
	@echo 'make setup      install the packages that are missing (.ci/packages says what each is for)'
	@echo 'make demo       set-up, build, and two reports: a small program of ours, a real one of the system'
	@echo 'make check      set-up, build, every test; the last line counts them'
	@echo 'make install    PREFIX=/usr/local DESTDIR=; make uninstall takes the same'
	@echo 'make sanitize   unit tests and command line tests under ASan and UBSan'
	@echo 'make bench      what castaway costs, beside its peers that are installed (.ci/setup bench installs them)'
	@echo 'make format     clang-format over all C;  make lint: clang-format, cppcheck, clang-tidy, shellcheck, symbols'
	@echo 'make aarch64    compile all for that machine, too (part of lint)'
	@echo 'make clean      remove build/'

-include $(ALL_SRC:%.c=$(BUILD)/%.d)
.SECONDARY:
.PHONY: all setup demo unit check sanitize bench format lint aarch64 install uninstall clean help FORCE
