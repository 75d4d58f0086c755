# make            build everything into build/bin
# make demo       a search for a faster conv1d on this machine's CPU
# make check      all tests (installs what they need, or says how)
# make redteam    kernels that cheat, each with and without what stops it
# make redteam-gpu  the same on a GPU
# make faults     store and search under kill -9: ROUNDS=100
# make bench      what the pipe itself costs
# make bench-policies  the policies of a search, on recorded landscapes
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
LIBS_ke-gen = -lcurl

all: $(TOOLS:%=$(B)/bin/%) $(SCRIPTS:%=$(B)/bin/%)

objects = $(patsubst %.c,$(B)/%.o,$(wildcard tools/$(1)/*.c)) \
	$(patsubst %gpu_kernels.cu,$(B)/%gpu_text.o,$(wildcard tools/$(1)/*.cu)) \
	$(patsubst %_worker.py,$(B)/%_text.o,$(wildcard tools/$(1)/*.py)) \
	$(patsubst %/serve.c,$(B)/%_so.o,$(wildcard tools/$(1)/warm/serve.c))

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

# What runs elsewhere, as a C string: the kernels of ours that run on a GPU, and
# the Python that Triton is called from.
define text
$(B)/tools/ke-eval/$(1).o: $(B)/tools/ke-eval/$(1).c
	$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(KE_CFLAGS) \
		-Wno-overlength-strings -Itools/ke-eval -c -o $$@ $$<
$(B)/tools/ke-eval/$(1).c: tools/ke-eval/$(2)
	@mkdir -p $$(@D)
	(echo '#include "$(3).h"'; \
	    echo 'const char $(subst .,_text,$(basename $(2)).)[] ='; \
	    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$$$/\\n"/' $$<; \
	    echo ';') >$$@
endef
$(eval $(call text,gpu_text,gpu_kernels.cu,gpu_kernels))
$(eval $(call text,triton_text,triton_worker.py,triton_text))

# And what the Python is to load, as bytes.
$(B)/tools/ke-eval/warm_so.c: $(patsubst %,tools/ke-eval/%.c,warm/serve \
		sandbox filter defence) $(wildcard tools/ke-eval/*.h) Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -O2 $(filter-out $(SANITIZE),$(KE_CFLAGS)) -fPIC \
		-shared -s -Wl,-z,defs -o $(@:.c=.so) $(filter %.c,$^)
	(echo '#include "warm.h"'; echo 'const unsigned char warm_so[] = {'; \
	    od -An -v -tu1 $(@:.c=.so) | sed 's/  */,/g; s/^,//; s/$$/,/'; \
	    echo '};'; echo 'const size_t warm_so_n = sizeof(warm_so);') >$@
$(B)/tools/ke-eval/warm_so.o: $(B)/tools/ke-eval/warm_so.c
	$(CC) $(CPPFLAGS) $(CFLAGS) $(KE_CFLAGS) -Itools/ke-eval -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# Unit tests (cmocka), one program a file.
UNIT = $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/test_*.c))
$(B)/tests/%: tests/%.c $(B)/libke.a Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(KE_CFLAGS) $(LDFLAGS) -MMD -MP -o $@ \
		$(filter %.c %.o,$^) $(B)/libke.a -lcmocka -lseccomp \
		$(LIBS_ke-gen) $(LIBS)

# Those of a tool's parts are linked with them.
$(filter $(B)/tests/test_eval_%,$(UNIT)): \
	$(filter-out %/ke-eval.o,$(call objects,ke-eval))
$(filter $(B)/tests/test_gen_%,$(UNIT)): \
	$(filter-out %/ke-gen.o,$(call objects,ke-gen))

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
$(B)/fuzz/answer: $(patsubst %,$(B)/tools/ke-gen/%.o,hear protocol \
	protocol_anthropic protocol_gemini protocol_openai protocol_responses \
	reply sse)
$(B)/fuzz/load: $(addprefix $(B)/tools/ke-eval/,load.o verdict.o)
$(B)/fuzz/codeobject: $(patsubst %,$(B)/tools/ke-eval/%.o,codeobject elf64 \
	msgpack verdict)
$(B)/fuzz/edit: $(patsubst %,$(B)/tools/ke-gen/%.o,edit edit_block \
	edit_hunk edit_missing edit_place edits fence lines)
$(B)/fuzz/reply: $(addprefix $(B)/tools/ke-eval/,wire.o verdict.o)

# as many processes as processors, unless we were told
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

demo:
	@scripts/deps build run
	@$(MAKE) --no-print-directory $(jobs) all
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" scripts/demo

check: built
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" B=$(B) tests/run $(TESTS)

# What the tests run.
built:
	@scripts/deps build run test
	@$(MAKE) --no-print-directory $(jobs) all units replays server \
		$(if $(SANITIZE),,off fake)

units: $(UNIT)

# The services that ke-gen asks, on loopback.
server: $(B)/tests/server/server
$(B)/tests/server/server: $(patsubst %.c,$(B)/%.o,$(wildcard tests/server/*.c)) \
		$(B)/libke.a
	$(CC) $(CFLAGS) $(KE_CFLAGS) $(LDFLAGS) -o $@ $^ -lssl $(LIBS)

# ke-eval whose defences can be left out, to prove attacks with; nothing else.
off: $(B)/tests/table
	@$(MAKE) --no-print-directory B=$(B)/off \
		CPPFLAGS='$(CPPFLAGS) -DKE_DEFENCES_OFF' $(B)/off/bin/ke-eval

# A GPU that is none: a driver on the CPU, and the ke-eval that finds it beside
# itself.  Its objects are the product's.
fake: $(B)/fake/bin/ke-eval
$(B)/fake/bin/ke-eval: $(call objects,ke-eval) $(B)/libke.a \
		$(addprefix $(B)/fake/lib64/,libcuda.so.1 libnvidia-ml.so.1 \
		libnvrtc.so libamdhip64.so librocm_smi64.so)
	@mkdir -p $(@D) $(B)/fake/include
	cp tests/fake/device.h tests/fake/include/*.h $(B)/fake/include
	$(CC) $(CFLAGS) $(KE_CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib64' \
		-o $@ $(filter %.o %.a,$^) $(LIBS_ke-eval) $(LIBS)

fake_of = $(patsubst %,tests/fake/%.c,$(1)) $(wildcard tests/fake/*.h \
	tests/fake/include/*.h) tools/ke-eval/gpu_api.h Makefile
fake_so = @mkdir -p $(@D) && $(CC) $(CFLAGS) $(KE_CFLAGS) \
	-fPIC -shared -Wl,-z,defs -o $@ $(filter %.c,$^) -ldl -lm
fake_driver = cuda memory queue block module
fake_rtc = rtc compile image rewrite
fake_libke = $(patsubst %,tools/libke/%.c,mem file fail utf8)
$(B)/fake/lib64/libcuda.so.1: $(call fake_of,$(fake_driver) cuda_own faults)
	$(fake_so)
$(B)/fake/lib64/libnvidia-ml.so.1: $(call fake_of,nvml faults)
	$(fake_so)
$(B)/fake/lib64/librocm_smi64.so: $(call fake_of,rsmi faults)
	$(fake_so)
$(B)/fake/lib64/libnvrtc.so: $(call fake_of,$(fake_rtc) cubin faults) \
		$(fake_libke)
	$(fake_so)
$(B)/fake/lib64/libamdhip64.so: $(call fake_of,$(fake_driver) hip_own \
		$(fake_rtc) hip_language codeobject faults) $(fake_libke)
	$(fake_so) -DFAKE_HIP

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

ROUNDS ?= 100
faults:
	@scripts/deps build run test
	@$(MAKE) --no-print-directory all
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" tests/store-kill $(ROUNDS)
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" tests/search-kill

bench:
	@scripts/deps build run bench
	@$(MAKE) --no-print-directory all server
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" B=$(B) bench/run

bench-policies:
	@scripts/deps build run bench
	@$(MAKE) --no-print-directory all
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" bench/policies/run \
		-p $(B)/policies.svg

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
		LDFLAGS="$(LDFLAGS) -Wl,--disable-new-dtags \
		-Wl,-rpath,'\$$\$$ORIGIN/../lib'" all off
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
	install -m 644 tools/ke-gen/prices.example \
		$(DESTDIR)$(PREFIX)/share/ke/prices.example
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

.PHONY: all demo bundle check built units server off fake redteam redteam-gpu replays fuzz sanitize faults bench bench-policies bench-aa bench-ops bench-gpu lint install uninstall clean
.DELETE_ON_ERROR:
