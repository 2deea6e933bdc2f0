# SPDX-License-Identifier: MIT
#
# One makefile for everything. `make help` lists the targets a person types.
#
# Every folder of sources becomes one static archive (all but files named main.c); every main.c becomes a program
# linked with the archives of its layer and those below. Adding a .c file needs no line here.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

VERSION := $(shell awk -F'[()]' 'NR == 1 { print $$2; exit }' debian/changelog 2>/dev/null)
ifeq ($(VERSION),)
VERSION := 0
endif

BUILD ?= build
CC ?= cc
ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar

# ---- flags: ours first, so that the distribution's CFLAGS are appended and win --------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes -Wswitch-enum -Wpointer-arith \
	-Wundef -Wvla -Wimplicit-fallthrough -Wno-missing-field-initializers
ifneq ($(CI)$(WERROR),)
WARNINGS += -Werror
endif
OPTIMISE ?= -O2 -g
HARDEN ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2
ifneq ($(SANITIZE),)
OPTIMISE := -O1 -g
HARDEN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDHARDEN := -fsanitize=address,undefined
endif
OUR_CPPFLAGS := -I. -I$(BUILD)/include -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DMORF_VERSION='"$(VERSION)"'
OUR_CFLAGS := -std=gnu17 $(OPTIMISE) $(WARNINGS) $(HARDEN) -fPIE -fno-common
OUR_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDHARDEN)

# For tests: places at which a process can be made to die or to see an error, see spool/base/fault-point.h.
ifneq ($(FAULT_POINTS),)
OUR_CPPFLAGS += -DMORF_FAULT_POINTS
endif

PKGS_BASE := libsystemd libcrypto
PKGS_SPOOL := jansson libconfig
PKGS_TOOLS := libarchive gmime-3.0 inih zlib cairo-ft freetype2 libpng
# libesmtp ships no pkg-config file that names its include path on Debian 12; the default path serves.
LIBS_TOOLS := -lesmtp -lm
# GMime's headers use GLib; only tools see them.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS_BASE) $(PKGS_SPOOL) $(PKGS_TOOLS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS_BASE) $(PKGS_SPOOL) $(PKGS_TOOLS) 2>/dev/null) $(LIBS_TOOLS)

COMPILE = $(CC) $(OUR_CPPFLAGS) $(PKG_CFLAGS) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS)
LINK = $(CC) $(OUR_CFLAGS) $(CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS)

# ---- what there is ----------------------------------------------------------------------------------------------------------

# A program is named after its folder below tools/ (tools/cli is `morf` itself) or is the daemon.
TOOL_DIRS := $(sort $(patsubst %/main.c,%,$(wildcard tools/*/main.c)))
program_of = $(if $(filter tools/cli,$(1)),morf,morf-$(notdir $(1)))
LIBEXEC_PROGRAMS := $(foreach d,$(filter-out tools/cli,$(TOOL_DIRS)),$(BUILD)/bin/$(call program_of,$(d)))
PROGRAMS := $(if $(wildcard daemon/main.c),$(BUILD)/bin/morfd) $(if $(wildcard tools/cli/main.c),$(BUILD)/bin/morf) $(LIBEXEC_PROGRAMS)

LAYER_DIRS := spool/base spool units daemon
ARCHIVE_DIRS := $(LAYER_DIRS) $(sort $(patsubst %/,%,$(dir $(wildcard tools/*/*.c))))
archive_of = $(BUILD)/lib/$(subst /,-,$(1)).a
sources_of = $(filter-out %/main.c,$(wildcard $(1)/*.c))
objects_of = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

ARCHIVES := $(foreach d,$(ARCHIVE_DIRS),$(if $(call sources_of,$(d)),$(call archive_of,$(d))))
TOOL_ARCHIVES := $(filter $(BUILD)/lib/tools-%,$(ARCHIVES))
SPOOL_ARCHIVES := $(filter $(BUILD)/lib/spool.a $(BUILD)/lib/spool-base.a,$(ARCHIVES))
DAEMON_ARCHIVES := $(filter $(BUILD)/lib/daemon.a $(BUILD)/lib/units.a,$(ARCHIVES))

.PHONY: all
all: $(PROGRAMS) ## Build every program into build/bin

define archive_rule
$(call archive_of,$(1)): $(call objects_of,$(call sources_of,$(1)))
endef
$(foreach d,$(ARCHIVE_DIRS),$(if $(call sources_of,$(d)),$(eval $(call archive_rule,$(d)))))

$(BUILD)/lib/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(COMPILE) -MMD -MP -c -o $@ $<

define tool_rule
$(BUILD)/bin/$(call program_of,$(1)): $(BUILD)/obj/$(1)/main.o $(filter $(call archive_of,$(1)),$(ARCHIVES)) $(SPOOL_ARCHIVES)
endef
$(foreach d,$(TOOL_DIRS),$(eval $(call tool_rule,$(d))))
$(BUILD)/bin/morfd: $(BUILD)/obj/daemon/main.o $(DAEMON_ARCHIVES) $(SPOOL_ARCHIVES)

# Programs run in sandboxes that hold no leak checker.
SANITIZER_OPTIONS := $(if $(SANITIZE),$(BUILD)/obj/tests/run/sanitizer-options.o)

$(PROGRAMS): $(SANITIZER_OPTIONS)

# The probe is alone in its container, so it is linked statically, and without what sanitizers need. Objects of it in other places
# are for the unit tests.
PROBE_SOURCES := $(sort $(wildcard tools/probe/*.c))
$(BUILD)/bin/morf-probe: $(PROBE_SOURCES) $(wildcard tools/probe/*.h) Makefile
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) -I. -D_GNU_SOURCE $(CPPFLAGS) -std=gnu17 -O2 -g -ffile-prefix-map='$(CURDIR)=.' $(WARNINGS) -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
		-fPIE -static-pie -Wl,-z,relro,-z,now -o $@ $(PROBE_SOURCES)

$(BUILD)/bin/%:
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(LINK) -o $@ -Wl,--start-group $^ -Wl,--end-group $(PKG_LIBS)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- unit tests: tests/unit/<anything>/test-<stem>.c, cmocka ---------------------------------------------------------------

UNIT_SOURCES := $(sort $(wildcard tests/unit/*.c tests/unit/*/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(filter %.c,$(foreach s,$(UNIT_SOURCES),$(if $(filter test-%,$(notdir $(s))),$(s)))))

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(LINK) -o $@ $< -Wl,--start-group $(ARCHIVES) -Wl,--end-group -lcmocka $(PKG_LIBS)

# Tests of what is written in Python report as the others do.
UNIT_SCRIPTS := $(sort $(wildcard tests/unit/*/test-*.py))
UNIT_TESTS += $(patsubst tests/unit/%.py,$(BUILD)/unit/%,$(UNIT_SCRIPTS))

$(patsubst tests/unit/%.py,$(BUILD)/unit/%,$(UNIT_SCRIPTS)): $(BUILD)/unit/%: tests/unit/%.py
	@mkdir -p $(@D)
	@install -m 0755 $< $@

# ---- install and package ----------------------------------------------------------------------------------------------------

# The programs know these paths, so that another prefix than /usr makes a tree to look at and not one to run.
prefix ?= /usr
sysconfdir ?= /etc
systemdsystemunitdir ?= $(prefix)/lib/systemd/system
INSTALL_PROGRAM = install -m 0755
INSTALL_DATA = install -m 0644

UNIT_FILES := $(sort $(wildcard units/*.service units/*.slice units/*.socket))
MAN_PAGES := $(sort $(wildcard daemon/*.[1-8] tools/*/*.[1-8]))
# Run inside of containers, by the Python there.
RECORDER_FILES := $(sort $(patsubst tools/recorder/%,%,$(wildcard $(addprefix tools/recorder/,*.py */*.py */*/*.py))))
DOCUMENTS := $(sort $(wildcard README.md ARCHITECTURE.md))

.PHONY: install
install: $(PROGRAMS) ## Install below DESTDIR (as the Debian package does, see `make deb`)
	install -d $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/sbin $(DESTDIR)$(prefix)/libexec/morf
	$(if $(filter %/bin/morfd,$(PROGRAMS)),$(INSTALL_PROGRAM) $(BUILD)/bin/morfd $(DESTDIR)$(prefix)/sbin/)
	$(if $(filter %/bin/morf,$(PROGRAMS)),$(INSTALL_PROGRAM) $(BUILD)/bin/morf $(DESTDIR)$(prefix)/bin/)
	$(if $(LIBEXEC_PROGRAMS),$(INSTALL_PROGRAM) $(filter-out %/morf-probe,$(LIBEXEC_PROGRAMS)) $(DESTDIR)$(prefix)/libexec/morf/)
	install -D -m 0755 $(BUILD)/bin/morf-probe $(DESTDIR)$(prefix)/lib/morf/probe/probe
	install -D -m 0644 tools/probe/Dockerfile $(DESTDIR)$(prefix)/lib/morf/probe/Dockerfile
	cat $(BUILD)/bin/morf-probe tools/probe/Dockerfile | sha256sum | cut -c 1-64 > $(DESTDIR)$(prefix)/lib/morf/probe.key
	chmod 0644 $(DESTDIR)$(prefix)/lib/morf/probe.key
	install -d $(DESTDIR)$(systemdsystemunitdir)
	$(INSTALL_DATA) $(UNIT_FILES) $(DESTDIR)$(systemdsystemunitdir)/
	install -d $(addprefix $(DESTDIR)$(prefix)/lib/morf/root/,dev proc run sys tmp usr var/tmp)
	for link in bin lib lib64 sbin; do ln -sfn usr/$$link $(DESTDIR)$(prefix)/lib/morf/root/$$link || exit; done
	ln -sfn ../run $(DESTDIR)$(prefix)/lib/morf/root/var/run
	for file in $(RECORDER_FILES); do install -D -m 0644 tools/recorder/$$file $(DESTDIR)$(prefix)/lib/morf/recorder/$$file || exit; done
	install -D -m 0644 units/morf.sysusers $(DESTDIR)$(prefix)/lib/sysusers.d/morf.conf
	install -D -m 0644 units/morf.tmpfiles $(DESTDIR)$(prefix)/lib/tmpfiles.d/morf.conf
	install -D -m 0644 units/morf.catalog $(DESTDIR)$(prefix)/lib/systemd/catalog/morf.catalog
	install -D -m 0644 units/morfd.conf $(DESTDIR)$(sysconfdir)/morf/morfd.conf
	install -d $(DESTDIR)$(sysconfdir)/morf/conf.d
	install -D -m 0644 units/morf-sshd.conf $(DESTDIR)$(sysconfdir)/ssh/sshd_config.d/morf.conf
	for page in $(MAN_PAGES); do \
		install -D -m 0644 $$page $(DESTDIR)$(prefix)/share/man/man$${page##*.}/$${page##*/} || exit; \
	done
	$(if $(wildcard tools/cli/morf.bash-completion),install -D -m 0644 tools/cli/morf.bash-completion \
		$(DESTDIR)$(prefix)/share/bash-completion/completions/morf)
	install -d $(DESTDIR)$(prefix)/share/doc/morf
	$(if $(DOCUMENTS),$(INSTALL_DATA) $(DOCUMENTS) $(DESTDIR)$(prefix)/share/doc/morf/)

# Built from a copy, so that the tree is not touched; in a clean environment, so that neither options of this make nor the
# caller's CFLAGS get into the package. Without the unit tests, which `make check` runs: DEB_BUILD_OPTIONS= runs them.
DEB_BUILD_OPTIONS ?= nocheck parallel=$(shell nproc)

.PHONY: deb
deb: ## Build the Debian package into build/deb/
	@rm -rf $(BUILD)/deb
	@mkdir -p $(BUILD)/deb/morf-$(VERSION)
	@tar -c --exclude=./build --exclude=./.git --exclude='./$(BUILD)' . | tar -x -C $(BUILD)/deb/morf-$(VERSION)
	cd $(BUILD)/deb/morf-$(VERSION) && env -i PATH="$$PATH" HOME="$$HOME" LC_ALL=C.UTF-8 \
		DEB_BUILD_OPTIONS='$(DEB_BUILD_OPTIONS)' FAULT_POINTS='$(FAULT_POINTS)' SANITIZE='$(SANITIZE)' dpkg-buildpackage -b -us -uc
	@rm -rf $(BUILD)/deb/morf-$(VERSION)
	@ls -1 $(BUILD)/deb/*.deb

.PHONY: lint-deb
lint-deb: deb ## Check the Debian package with lintian
	lintian --allow-root --fail-on error,warning --info --pedantic $(BUILD)/deb/*.changes

.PHONY: check-layers
check-layers: ## Check that no source file includes one of a layer above
	@tests/lint/check-layers

.PHONY: lint
lint: check-layers ## Check licence lines, catalog, man pages and scripts, without building
	@tests/lint/check-spdx
	@tests/lint/check-catalog
	@tests/lint/check-man
	@tests/lint/check-conf
	@tests/lint/check-layout
	@tests/lint/check-shell
	@tests/lint/check-python
	@tests/lint/check-faults

# ---- checks ----------------------------------------------------------------------------------------------------------------
#
# Logs of all of them are below $(BUILD)/logs.

FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz-*.c)))
FUZZ_RUNS ?= 20000
# What calls the target: our own runner, or the fuzzer of clang.
FUZZ_DRIVER ?= $(BUILD)/obj/tests/fuzz/runner.o
FUZZ_SECONDS ?= 300

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(filter %.o,$(FUZZ_DRIVER)) $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(LINK) -o $@ $< $(FUZZ_DRIVER) -Wl,--start-group $(ARCHIVES) -Wl,--end-group $(PKG_LIBS)

.PHONY: unit-programs fuzz-programs
unit-programs: $(UNIT_TESTS)
fuzz-programs: $(FUZZ_TARGETS)

.PHONY: check
check: ## Run all checks: what CI runs (as root; about ten minutes)
	+@tests/run/check '$(BUILD)'

.PHONY: deps
deps: ## Install the Debian packages that building and checking need
	@tests/run/deps build test host

.PHONY: check-unit
check-unit: $(UNIT_TESTS) ## Run the unit tests
	@tests/run/unit $(BUILD) $(UNIT_TESTS)

.PHONY: check-asan
check-asan: ## Run the unit tests with address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory SANITIZE=1 BUILD=$(BUILD)/asan check-unit

.PHONY: check-fuzz
check-fuzz: ## Run each fuzz target on its corpus and some thousand mutations, with sanitizers
	@$(MAKE) --no-print-directory SANITIZE=1 BUILD=$(BUILD)/asan fuzz-programs
	@tests/run/fuzz $(BUILD)/asan $(FUZZ_RUNS) $(patsubst $(BUILD)/%,$(BUILD)/asan/%,$(FUZZ_TARGETS))

.PHONY: fuzz
fuzz: ## Fuzz one target in earnest: make fuzz TARGET=csv FUZZ_SECONDS=300
	@tests/run/deps tools
	@$(MAKE) --no-print-directory SANITIZE=1 CC=clang CFLAGS=-fsanitize=fuzzer-no-link FUZZ_DRIVER=-fsanitize=fuzzer \
		BUILD=$(BUILD)/libfuzzer $(BUILD)/libfuzzer/fuzz/fuzz-$(TARGET)
	@mkdir -p $(BUILD)/libfuzzer/corpus/$(TARGET)
	$(BUILD)/libfuzzer/fuzz/fuzz-$(TARGET) -max_total_time=$(FUZZ_SECONDS) -timeout=10 $(addprefix -dict=,$(wildcard tests/fuzz/$(TARGET).dict)) -artifact_prefix=$(BUILD)/libfuzzer/$(TARGET)- \
		$(BUILD)/libfuzzer/corpus/$(TARGET) tests/fuzz/corpus/$(TARGET)

C_SOURCES := $(sort $(foreach d,$(ARCHIVE_DIRS),$(wildcard $(d)/*.c)) $(wildcard daemon/main.c tools/*/main.c))

.PHONY: analyse
analyse: ## Analyse all sources statically, those that changed since the last time
	@tests/run/analyse $(BUILD) $(C_SOURCES) -- $(OUR_CPPFLAGS) $(PKG_CFLAGS)

# A package built before is taken if nothing that goes into it is newer.
.PHONY: check-integration
check-integration: all ## Run the integration tests on a test machine: all, or those named by TESTS=jobs,package
	+@tests/run/integration $(BUILD) '$(TESTS)'

.PHONY: check-integration-asan
check-integration-asan: ## Run the integration tests with a package that was built with sanitizers (an hour)
	@tests/run/deps build test host
	+@$(MAKE) --no-print-directory SANITIZE=1 BUILD=$(BUILD)/asan all
	+@SANITIZE=1 tests/run/integration $(BUILD)/asan '$(TESTS)'

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(DAEMON_ARCHIVES) $(SPOOL_ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(LINK) -o $@ $< -Wl,--start-group $(DAEMON_ARCHIVES) $(SPOOL_ARCHIVES) -Wl,--end-group $(PKG_LIBS)

.PHONY: bench
bench: all ## Run the benchmarks, all or those named by TESTS=stage,idle: both sides by turns, ratios; most in a test machine (as root)
	+@tests/run/bench $(BUILD) '$(TESTS)'

.PHONY: demo
demo: ## A machine, a researcher, a job and its result, in minutes; it stays up to be looked at
	+@BUILD='$(BUILD)' tests/demo

.PHONY: demo-down
demo-down: ## End the machine of the demonstration
	@tests/host/host down --name demo

.PHONY: format
format: ## Format all C sources with clang-format
	@tests/run/deps tools
	clang-format -i $(shell find daemon spool units tools tests -name '*.[ch]')

.PHONY: clean
clean: ## Remove all that was built
	rm -rf $(BUILD)

.PHONY: help
help: ## List the targets a person types
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---- the virtual machine: slow, and not part of `make check` ----------------------------------------------------------------

CUTS ?= 20

.PHONY: torture-powercut
torture-powercut: ## Cut the power of a virtual machine under load, CUTS=20 times (an hour or more; needs no root)
	@tests/run/deps vm
	@deb=$$(tests/run/package $(BUILD)) && tests/torture/powercut --cuts $(CUTS) --deb "$$deb"

.PHONY: torture-load
torture-load: ## Check the service beside a crowd of units in a test machine (some minutes)
	@MORF_DEB=$$(realpath "$$(tests/run/package $(BUILD))") bats tests/torture/load.bats

.PHONY: torture-limits
torture-limits: ## Check limits and accounting with cgroup v2 in a virtual machine (ten minutes; needs no root)
	@tests/run/deps vm
	@MORF_DEB=$$(realpath "$$(tests/run/package $(BUILD))") bats tests/torture/cgroup2.bats
