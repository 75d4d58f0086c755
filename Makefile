# make            build everything into build/bin
# make demo       a search for a faster conv1d on this machine's CPU
# make check      all tests (installs what they need, or says how)
# make redteam    kernels that cheat, each with and without what stops it
# make redteam-gpu  the same on a GPU
# make bench      what the pipe itself costs
# make bench-aa   each operator's baseline against itself
# make bench-ops  every operator, searched and measured, beside PyTorch
# make bench-gpu  the same of the cuda target, on a machine with a GPU
# make lint       clang-tidy, cppcheck, shellcheck, mandoc
# make fuzz       the parsers, fed by libFuzzer for SECONDS=60 each
# make sanitize   the tests again, built with ASan and UBSan
# make bundle     a folder to run where nothing can be installed
# make install    PREFIX=/usr/local DESTDIR=
#
# It parses and installs what is missing on a machine without a compiler.

VERSION = 0.1.0
PREFIX ?= /usr/local
B ?= build

CFLAGS ?= -O3 -g
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wformat=2 -Wvla
ifdef CI
WARN += -Werror
endif
KE_CFLAGS = -std=c11 -D_GNU_SOURCE -DKE_VERSION='"$(VERSION)"' -pthread \
	-Itools/libke $(WARN) $(SANITIZE)

TOOLS = $(notdir $(patsubst %/,%,$(wildcard tools/ke-*/)))
SCRIPTS = $(notdir $(wildcard scripts/ke-*))
MAN1 = $(wildcard man/*.1)
MAN5 = $(wildcard man/*.5)
MAN7 = $(wildcard man/*.7)

# What a tool needs beside libke's cJSON and libcrypto.
LIBS = -lcjson -lcrypto -lm
LIBS_ke-store = -lsqlite3
LIBS_ke-prompt = -lsqlite3
LIBS_ke-eval = -lseccomp -ldl

all: $(TOOLS:%=$(B)/bin/%) $(SCRIPTS:%=$(B)/bin/%)

objects = $(patsubst %.c,$(B)/%.o,$(wildcard tools/$(1)/*.c)) \
	$(patsubst %gpu_kernels.cu,$(B)/%gpu_text.o,$(wildcard tools/$(1)/*.cu))

$(B)/libke.a: $(call objects,libke)
	rm -f $@ && $(AR) rcs $@ $^

define tool
$(B)/bin/$(1): $(call objects,$(1)) $(B)/libke.a
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(KE_CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1)) $$(LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool,$(t))))

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(KE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/bin/%: scripts/%
	@mkdir -p $(@D)
	ln -sf $(CURDIR)/$< $@

# The text of the kernels that run on a GPU, as a C string.
$(B)/tools/ke-eval/gpu_text.o: $(B)/tools/ke-eval/gpu_text.c
	$(CC) $(CPPFLAGS) $(CFLAGS) $(KE_CFLAGS) \
		-Wno-overlength-strings -Itools/ke-eval -c -o $@ $<
$(B)/tools/ke-eval/gpu_text.c: tools/ke-eval/gpu_kernels.cu
	@mkdir -p $(@D)
	(echo '#include "gpu_kernels.h"'; \
	    echo 'const char gpu_kernels_text[] ='; \
	    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $<; \
	    echo ';') >$@

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# Unit tests of libke (cmocka), one program a file.
UNIT = $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))
$(B)/tests/%: tests/%.c $(B)/libke.a Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(KE_CFLAGS) $(LDFLAGS) -MMD -MP -o $@ \
		$(filter %.c %.o,$^) $(B)/libke.a -lcmocka -lseccomp $(LIBS)

# Those of ke-eval's parts are linked with them.
$(filter $(B)/tests/test_eval_%,$(UNIT)): \
	$(filter-out %/ke-eval.o,$(call objects,ke-eval))

# A fuzz target is a parser, the promises about it, and who feeds it:
# libFuzzer, or replay.c, which feeds it the corpus.
FUZZ = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FEED ?= tests/fuzz/replay.c
$(B)/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.c tests/fuzz/fuzz.h \
		tests/fuzz/replay.c $(B)/libke.a Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(KE_CFLAGS) $(LDFLAGS) -Itests/fuzz -o $@ \
		$< tests/fuzz/fuzz.c $(FEED) $(filter %.o,$^) $(B)/libke.a \
		$(LIBS)
$(B)/fuzz/load: $(addprefix $(B)/tools/ke-eval/,load.o verdict.o)
$(B)/fuzz/reply: $(addprefix $(B)/tools/ke-eval/,wire.o verdict.o)

demo:
	@scripts/deps build run
	@$(MAKE) --no-print-directory all
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" scripts/demo

check:
	@scripts/deps build run test
	@$(MAKE) --no-print-directory all units replays \
		$(if $(SANITIZE),,off)
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" B=$(B) tests/run $(TESTS)

units: $(UNIT)

# ke-eval whose defences can be left out, to prove attacks with; nothing else.
off: $(B)/tests/table
	@$(MAKE) --no-print-directory B=$(B)/off \
		CPPFLAGS='$(CPPFLAGS) -DKE_DEFENCES_OFF' $(B)/off/bin/ke-eval

$(B)/tests/table: tests/redteam/table.c $(B)/tools/ke-eval/draw.o $(B)/libke.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(KE_CFLAGS) -Itools/ke-eval $(LDFLAGS) \
		-o $@ $^ $(LIBS)

redteam:
	@scripts/deps build run test
	@$(MAKE) --no-print-directory all off
	@B=$(B) tests/redteam/run

redteam-gpu:
	@scripts/deps build run test
	@$(MAKE) --no-print-directory all off
	@B=$(B) tests/redteam-gpu/run

# With the sanitizers, where the compiler has them.  ASan needs more addresses
# than candidates are given: where they run, SANITIZERS=undefined.
SANITIZERS ?= address,undefined
sanitizers = -fsanitize=$(SANITIZERS) -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
replays:
	@$(MAKE) --no-print-directory B=$(B)/replay CFLAGS='-O1 -g' \
		SANITIZE='$(shell echo 'int main(void) { return 0; }' | \
		$(CC) $(sanitizers) -x c -o /dev/null - 2>/dev/null && \
		echo '$(sanitizers)')' $(FUZZ:%=$(B)/replay/fuzz/%)

SECONDS ?= 60
fuzz:
	@scripts/deps build fuzz
	@$(MAKE) --no-print-directory B=$(B)/libfuzzer CC=clang CFLAGS='-O1 -g' \
		SANITIZE='-fsanitize=fuzzer-no-link $(sanitizers)' \
		FEED=-fsanitize=fuzzer $(FUZZ:%=$(B)/libfuzzer/fuzz/%)
	@tests/fuzz/run $(B)/libfuzzer $(SECONDS) $(FUZZ)

sanitize:
	@scripts/deps build run test
	@$(MAKE) --no-print-directory check \
		B=build/$(if $(filter undefined,$(SANITIZERS)),ubsan,sanitize) \
		SANITIZE='$(sanitizers) \
		$(if $(filter undefined,$(SANITIZERS)),-static-libubsan)'

bench:
	@scripts/deps build run bench
	@$(MAKE) --no-print-directory all
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" bench/run

bench-aa:
	@scripts/deps build run bench
	@$(MAKE) --no-print-directory all
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" bench/aa

bench-ops:
	@scripts/deps build run
	@$(MAKE) --no-print-directory all
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" scripts/ke-bench -p \
		-d $(B)/bench-ops -f $(B)/bench-ops.jsonl

bench-gpu:
	@scripts/deps build run
	@$(MAKE) --no-print-directory all
	@bench/gpu/all.sh $(B)/bench-gpu

lint:
	@scripts/deps build run test lint
	@tests/lint

# A folder that runs where nothing can be installed: the tools, the libraries
# they need beside the C library, operators, knowledge, bench/, and what
# tests/redteam-gpu/run needs.
bundle:
	@scripts/deps build
	@$(MAKE) --no-print-directory B=$(B)/bundled \
		LDFLAGS="$(LDFLAGS) -Wl,-rpath,'\$$\$$ORIGIN/../lib'" all off
	@rm -rf $(B)/bundle
	@$(MAKE) --no-print-directory -s B=$(B)/bundled PREFIX= \
		DESTDIR=$(CURDIR)/$(B)/bundle install
	@install $(B)/bundled/off/bin/ke-eval $(B)/bundle/bin/ke-eval-off
	@install -D -t $(B)/bundle/tests $(B)/bundled/tests/table
	@install -D -t $(B)/bundle/tests/redteam tests/redteam/run
	@install -D -m 644 -t $(B)/bundle/tests/redteam tests/redteam/attacks
	@cp -RL tests/redteam-gpu $(B)/bundle/tests
	@install -D -m 644 -t $(B)/bundle/tools/ke-eval tools/ke-eval/defence.h
	@cp -R bench $(B)/bundle
	@install -d $(B)/bundle/lib
	@ldd $(TOOLS:%=$(B)/bundle/bin/%) | awk '/=> \// {print $$3}' | sort -u | \
		grep -vE '/(libc|libm|libdl|libpthread|librt)\.so' | \
		xargs -I{} cp -L {} $(B)/bundle/lib
	@echo $(B)/bundle: $$(du -sh $(B)/bundle | cut -f1)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/ke \
		$(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man7
	install -m 755 $(TOOLS:%=$(B)/bin/%) $(SCRIPTS:%=scripts/%) \
		$(DESTDIR)$(PREFIX)/bin
	cp -R ops kb $(DESTDIR)$(PREFIX)/share/ke
	install -m 644 $(MAN1) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(MAN5) $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 $(MAN7) $(DESTDIR)$(PREFIX)/share/man/man7

uninstall:
	cd $(DESTDIR)$(PREFIX)/bin && rm -f $(TOOLS) $(SCRIPTS)
	cd $(DESTDIR)$(PREFIX)/share/man && rm -f \
		$(MAN1:man/%=man1/%) $(MAN5:man/%=man5/%) $(MAN7:man/%=man7/%)
	rm -rf $(DESTDIR)$(PREFIX)/share/ke

clean:
	rm -rf $(B)

.PHONY: all demo bundle check units off redteam redteam-gpu replays fuzz sanitize bench bench-aa bench-ops bench-gpu lint install uninstall clean
.DELETE_ON_ERROR:
