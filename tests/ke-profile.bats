# ke-profile(1): what it does with records, and each of its passes.
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache TMPDIR=$BATS_TEST_TMPDIR
	root=$BATS_TEST_DIRNAME/..
	data=$BATS_TEST_DIRNAME/data/profile
	export KE_OPS=$root/ops
}

# A record of conv1d that passed; $1 are more members of eval.
passed() {
	jq -nc --rawfile s "$root/ops/conv1d/base.c" --argjson more "${1:-{\}}" '
	    {v: 1, id: "a", op: "conv1d", target: "cpu", language: "c",
	    dtype: "f32", source: $s, eval: ({status: "pass", workers: 1,
	    cases: [{dims: {B: 1, Cin: 1, Cout: 1, L: 1}, status: "pass"},
	    {dims: {B: 16, Cin: 96, Cout: 96, L: 200}, weight: 1, t_us: 30000,
	    flops: 176947200, bytes: 2568960}]} + $more), unknown: [1]}'
}

# A ke-eval of our own: it leaves in DIR what is in ./built, notes how it was
# called, and fails where there is no ./built.
stage_eval() {
	mkdir -p bin built
	cat > bin/ke-eval <<-'EOF'
	#!/usr/bin/env bash
	cd "${0%/*}/.."
	echo "$@" >> calls
	if [[ $1 == -c ]]; then
		jq -c keys "${@: -1}" >> asked
		if [[ ! -d built ]]; then
			echo "candidate.c:3: it went wrong" >&2
			exit 111
		fi
		cp built/* "$3"
	fi
	EOF
	chmod +x bin/ke-eval
	touch built/variant-0.so built/variant-0.remarks
	PATH=$PWD/bin:$PATH
}

# An objdump that prints the listing $1.
stage_objdump() {
	stage_eval
	cp "$1" listing
	printf '#!/bin/sh\ncat "%s/listing"\n' "$PWD" > bin/objdump
	chmod +x bin/objdump
}

# Compiles standard input as ke-eval would.
stage_compiled() {
	stage_eval
	cat > candidate.c
	cc -O3 -march=native -std=gnu11 -fPIC -shared -fvisibility=hidden \
	    -fopt-info-vec-all=built/variant-0.remarks \
	    -o built/variant-0.so candidate.c
}

# Do all lines of standard input, at least one, fulfil the expression?
check() {
	jq -es "length > 0 and all(.[]; $1)"
}

fast() {
	ke-profile -p roofline,bottleneck "$@"
}

@test "a record that passed gets a roofline and a bottleneck" {
	passed | fast > out
	[ "$(jq -r '.profile.passes | map(.ok) | all' out)" = true ]
	[ "$(jq -r .profile.roofline.bound out)" = compute ]
	check '.profile.roofline | .gflops == 5.898 and .gbps == 0.08563 and
	    .intensity == 68.88 and .fraction > 0 and .fraction < 1 and
	    (.cases | length) == 1' < out
	check '.profile.bottleneck | .name and .evidence and .advice' < out
}

@test "unknown members pass through, in order" {
	passed | fast | jq -c 'del(.profile)' > out
	passed | diff - out
}

@test "the mean over cases is weighted and geometric" {
	passed '{"cases": [
	    {"t_us": 1000, "flops": 1e6, "bytes": 1e5, "weight": 3},
	    {"t_us": 1000, "flops": 16e6, "bytes": 1e5, "weight": 1}]}' |
	    fast > out
	check '.profile.roofline.gflops == 2 and
	    .profile.roofline.intensity == 20' < out
}

@test "cases outside the domain, or of no weight, do not count" {
	passed '{"cases": [
	    {"t_us": 1000, "flops": 1e6, "bytes": 1e5},
	    {"t_us": 1000, "flops": 9e6, "bytes": 1e5, "outside": true},
	    {"t_us": 1000, "flops": 9e6, "bytes": 1e5, "weight": 0}]}' |
	    fast > out
	check '.profile.roofline.gflops == 1 and
	    (.profile.roofline.cases | length) == 1' < out
}

@test "an operator without flops is bound by memory" {
	passed '{"cases": [{"t_us": 1e5, "bytes": 1e6}]}' | fast > out
	check '.profile.roofline | .bound == "memory" and .gbps == 0.01 and
	    (has("gflops") | not)' < out
}

@test "elements of eight bytes have half the peak" {
	passed | fast > f32
	passed | sed 's/"dtype":"f32"/"dtype":"f64"/' | fast > f64
	jq -es '.[0].profile.roofline.peak_gflops /
	    .[1].profile.roofline.peak_gflops | . > 1.99 and . < 2.01' f32 f64
}

@test "no timed case: the pass says so and the record goes on" {
	passed '{"cases": []}' | fast > out
	check '.profile.passes[0] | .name == "roofline" and .ok == false and
	    (.why | test("no timed case"))' < out
	check '.profile | has("bottleneck") | not' < out
}

@test "other records pass through untouched" {
	{
		passed '{"status": "wrong"}'
		passed '{"status": "compile_error"}'
		passed | jq -c '.error = {tool: "x", code: "y", message: "z"}'
		passed | jq -c '.profile = {mine: 1}'
		echo '{"v":1,"mark":"live"}'
		echo '{"v":1,"id":"a","status":"pass","score":2}'
		echo '{"v":1,"eval":{}}'
	} > in
	ke-profile in > out
	diff in out
}

@test "a record that was evaluated elsewhere, or on another target" {
	passed '{"env": {"cpu": "a processor that is not here"}}' | fast |
	    check '.profile.passes | map(.ok == false and
	    (.why | test("evaluated on a processor"))) | all'
	passed | sed 's/"target":"cpu"/"target":"cuda:sm_90"/' | fast |
	    check '.profile.passes[0].why | test("only cpu")'
}

@test "empty input" {
	run ke-profile < /dev/null
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "a bad line in the middle is named, the others go on" {
	{ passed; echo '{"v":1,'; passed; } > in
	run -1 --separate-stderr fast in
	[ "${#lines[@]}" = 2 ]
	[[ $stderr == *in:2:* ]]
}

@test "a torn last line is refused" {
	passed | head -c 200 > in
	run -1 --separate-stderr fast in
	[ -z "$output" ]
	[[ $stderr == *in:1:* ]]
}

@test "a wrong-shaped record is refused" {
	echo '{"v":1,"eval":"pass"}' > in
	run -1 --separate-stderr ke-profile in
	[[ $stderr == *"eval: not an object"* ]]
}

@test "a missing file is named" {
	passed > in
	run -1 --separate-stderr fast nowhere in
	[ "${#lines[@]}" = 1 ]
	[[ $stderr == *nowhere:* ]]
}

@test "bad usage" {
	run -2 ke-profile -x
	[[ $output == *usage:* ]]
	run -2 ke-profile -p mix,nonsense
	[[ $output == *"nonsense: no such pass"* ]]
	run -2 ke-profile -w 0
	run -2 ke-profile -l file
}

@test "help and version; usage is the synopsis" {
	run -0 ke-profile -h
	usage=${output#usage: }
	[ "$usage" = "$(mandoc -T ascii "$root/man/ke-profile.1" | col -b |
	    grep -A 3 '^SYNOPSIS' | tail -n +2 | tr -s ' \n' ' ' |
	    sed 's/^ //; s/ DESC.*//; s/ $//')" ]
	run -0 ke-profile -V
	[[ $output == "ke-profile "[0-9]* ]]
}

@test "a full disk" {
	passed > in
	run -111 bash -c 'ke-profile -p roofline in > /dev/full'
	[[ $output == *stdout:* ]]
	run -111 bash -c 'ke-profile -l > /dev/full'
	run -111 bash -c 'ke-profile -h > /dev/full'
}

@test "ends at once, quietly, when nobody reads any more" {
	mkfifo f
	sleep 30 > f &
	writer=$!
	start=$SECONDS
	ke-profile < f 2> err | true
	status=${PIPESTATUS[0]}
	kill $writer
	[ "$status" = 0 ]
	[ ! -s err ]
	((SECONDS - start < 10))
}

@test "ceilings: positive, kept, and measured again once removed" {
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	ke-profile -l -w 1 > first
	check '(.peaks | map(.gflops > 0) | all) and .workers == 1 and
	    (.levels | map(.gbps > 0) | all) and .levels[-1].name == "memory" and
	    (.levels[-1] | has("bytes") | not)' < first
	[ "$(find cache/ke/ceilings -type f | wc -l)" = 1 ]
	file=$(echo cache/ke/ceilings/*)

	sed -i 's/"gflops":[0-9.]*/"gflops":12345/' "$file"
	ke-profile -l -w 1 | check '.peaks[0].gflops == 12345'

	echo '{"torn' > "$file"
	ke-profile -l -w 1 | check '.peaks[0].gflops | . > 0 and . != 12345'

	rm "$file"
	ke-profile -l -w 1 | check '.peaks[0].gflops > 0'
	[ -s "$file" ]
}

@test "ceilings: two at once measure once" {
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	ke-profile -l -w 1 > a &
	ke-profile -l -w 1 > b
	wait
	diff a b
	[ "$(find cache/ke/ceilings -type f | wc -l)" = 1 ]
}

@test "ceilings: a cache that can't be written is said" {
	touch blocked
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/blocked
	passed | fast | check '.profile.passes[0] | .ok == false and
	    (.why | test("Not a directory"))'
}

@test "bottleneck: near the roof of the memory" {
	band=$(ke-profile -l -w 1 | jq '.levels[-1].gbps')
	passed "{\"cases\": [{\"t_us\": 1e6, \"bytes\": $band,
	    \"flops\": 1}]}" | jq -c '.eval.cases[0].bytes *= 0.8e9' |
	    fast > out
	check '.profile.bottleneck | .name == "bandwidth" and
	    (.evidence | test("80 % of the"))' < out
}

@test "bottleneck: near the peak" {
	peak=$(ke-profile -l -w 1 | jq '.peaks[0].gflops')
	passed "{\"cases\": [{\"t_us\": 1e6, \"flops\": $peak,
	    \"bytes\": 1000}]}" | jq -c '.eval.cases[0].flops *= 0.75e9' |
	    fast > out
	check '.profile.bottleneck | .name == "compute" and
	    (.evidence | test("75 % of the"))' < out
}

@test "bottleneck: cases that are over at once" {
	passed '{"cases": [{"t_us": 2, "flops": 100, "bytes": 100},
	    {"t_us": 8, "flops": 100, "bytes": 100}]}' | fast |
	    check '.profile.bottleneck | .name == "overhead" and
	    (.evidence | test("take 4 us"))'
}

@test "bottleneck: fewer blocks than workers" {
	passed '{"workers": 2, "cases": [{"dims":
	    {"B": 1, "Cin": 96, "Cout": 1, "L": 200}, "t_us": 3000,
	    "flops": 115200, "bytes": 100000}]}' | fast |
	    check '.profile.bottleneck | .name == "parallelism" and
	    (.evidence | test("the 1 block of conv1d keep 2 workers busy"))'
}

@test "bottleneck: nothing found is called unclear" {
	passed | fast | check '.profile.bottleneck.name == "unclear"'
}

@test "compile: gcc's remarks" {
	stage_eval
	cp "$data/gcc.remarks" built/variant-0.remarks
	passed | ke-profile -p compile > out
	jq -c '.profile.vectorised[] | [.line, .what]' out | diff - <(cat <<-'EOF'
	[26,"loop vectorized using 64 byte vectors"]
	[26,"loop vectorized using 32 byte vectors"]
	[62,"basic block part vectorized using 32 byte vectors"]
	EOF
	)
	jq -c '.profile.not_vectorised[] | [.line, .what]' out |
	    diff - <(cat <<-'EOF'
	[22,"control flow in loop"]
	[40,"calls expf"]
	[43,"calls memcpy"]
	[50,"no vectype for stmt"]
	EOF
	)
}

@test "compile: clang's remarks" {
	stage_eval
	cp "$data/clang.remarks" built/variant-0.remarks
	passed | ke-profile -p compile | check '
	    .profile.vectorised == [{line: 26, what: "vectorized loop (vectorization width: 8, interleaved count: 4)"}] and
	    .profile.not_vectorised == [{line: 40,
	    what: "call instruction cannot be vectorized"}]'
}

@test "compile: at most 32 lines, none repeated" {
	stage_eval
	for i in {1..50} {1..50}; do
		echo "candidate.c:$i:1: optimized: loop vectorized using 64 byte vectors"
	done > built/variant-0.remarks
	passed | ke-profile -p compile |
	    check '.profile.vectorised | map(.line) == [range(1; 33)]'
}

@test "compile: ke-eval is asked for the candidate alone" {
	stage_eval
	passed | jq -c '.choice = {A: 1}' | ke-profile -p compile,mix > out
	[ "$(cat asked)" = '["choice","dtype","language","op","source","target","v"]' ]
	grep -q '^-c -k /[^ ]* /[^ ]*$' calls
	dir=$(cut -d' ' -f3 calls)
	[ -n "$dir" ]
	[ ! -e "$dir" ]
}

@test "compile: ke-eval fails" {
	stage_eval
	rm -r built
	passed | ke-profile -p compile,mix > out
	check '.profile.passes | map(.why ==
	    "ke-eval: exit 111: candidate.c:3: it went wrong") | all' < out
	[ "$(wc -l < calls)" = 1 ]
}

@test "compile: ke-eval leaves no remarks, or nothing at all" {
	stage_eval
	rm built/variant-0.remarks
	passed | ke-profile -p compile | check '.profile.passes[0].why |
	    test("variant-0.remarks: No such file")'
	rm built/variant-0.so
	touch built/other
	passed | ke-profile -p compile | check '.profile.passes[0].why ==
	    "ke-eval -c: left no variant-0.so"'
}

@test "without ke-eval in PATH the roofline is still found" {
	mkdir bin
	ln -s "$(command -v ke-profile)" bin
	passed > in
	PATH=$PWD/bin ke-profile in > out
	check '.profile.passes | map(select(.name == "compile" or .name == "mix"))
	    | map(.why == "ke-eval: not in PATH") | all' < out
	check '.profile.roofline.gflops > 0 and .profile.bottleneck.name' < out
}

@test "a record without source" {
	stage_eval
	passed | jq -c 'del(.source)' | ke-profile | check '
	    (.profile.passes | map(select(.why == "no source")) | length) >= 2
	    and .profile.roofline.gflops > 0'
	[ ! -e calls ]
}

@test "what was found about a candidate is kept, its evaluation not" {
	stage_objdump "$data/x86.objdump"
	{
		passed
		passed '{"workers": 2}'
		passed | sed 's/"dtype":"f32"/"dtype":"f64"/'
	} | ke-profile -p compile,mix,roofline > out
	[ "$(wc -l < calls)" = 2 ]
	check '.profile.mix.fma == 3' < out
	[ "$(jq -s 'map(.profile.roofline.workers) | join(" ")' out)" = '"1 2 1"' ]
}

@test "a failure is not kept" {
	stage_eval
	rm -r built
	{ passed; passed; } | ke-profile -p mix > out
	[ "$(wc -l < calls)" = 2 ]
}

@test "mix: x86, a callee's loop, the stack, dependences" {
	stage_objdump "$data/x86.objdump"
	passed | ke-profile -p mix > out
	jq -c .profile.mix out
	check '.profile.mix == {function: "tile", depth: 2, instructions: 13,
	    fma: 3, vector: 1, vector_loads: 2, vector_stores: 2, shuffles: 1,
	    gathers: 1, scalar: 0, scalar_moves: 0, integer: 2, branches: 1,
	    calls: 0, loads: 4, spills: 2, chain_cycles: 8, bits: 512}' < out
}

@test "mix: aarch64" {
	stage_objdump "$data/aarch64.objdump"
	passed | ke-profile -p mix > out
	jq -c .profile.mix out
	check '.profile.mix | .function == "dot" and .depth == 2 and
	    .vector_loads == 2 and .vector == 1 and .shuffles == 3 and
	    .scalar == 4 and .integer == 1 and .branches == 1 and
	    .instructions == 12 and .chain_cycles == 16 and .bits == 128 and
	    .loads == 2 and .spills == 0' < out
	sed '/<dot>:/,$d' "$data/aarch64.objdump" > listing
	passed | ke-profile -p mix > out
	check '.profile.mix | .function == "axpy" and .depth == 1 and
	    .fma == 1 and .vector_loads == 2 and .vector_stores == 1 and
	    .chain_cycles == 0 and .instructions == 6' < out
}

@test "mix: a machine without a table, no loop, nonsense" {
	stage_objdump "$data/x86.objdump"
	sed -i 's/elf64-x86-64/elf64-alpha/' listing
	passed | ke-profile -p mix | check '.profile.passes[0] |
	    .ok == false and .why == "no table of instructions for elf64-alpha"'
	sed 's/j[a-z]* /nop /' "$data/x86.objdump" > listing
	passed | ke-profile -p mix |
	    check '.profile.passes[0].why == "no loop in the code"'
	head -c 300 /dev/urandom > listing
	passed | ke-profile -p mix | check '.profile.passes[0].ok == false'
	echo 'v.so: file format elf64-x86-64' > listing
	passed | ke-profile -p mix |
	    check '.profile.passes[0].why == "objdump: no instructions"'
}

@test "mix: compiled code, a sum that the compiler may not reorder" {
	stage_compiled <<-'EOF'
	float
	sum(const float *x, int n)
	{
		float s = 0;

		for (int i = 0; i < n; i++)
			s += x[i] / 3.0f;
		return s;
	}
	EOF
	passed | ke-profile -p compile,mix,bottleneck > out
	check '.profile.mix | .function == "sum" and .depth == 1 and
	    .chain_cycles >= 4 and .scalar >= 1 and .calls == 0' < out
}

@test "mix: compiled code, a loop that calls a function" {
	stage_compiled <<-'EOF'
	float expf(float);

	void
	all(float *restrict y, const float *restrict x, int n)
	{
		for (int i = 0; i < n; i++)
			y[i] = expf(x[i]);
	}
	EOF
	passed | ke-profile -p compile,mix,bottleneck > out
	check '.profile.not_vectorised == [{line: 6, what: "calls expf"}]' < out
	check '.profile.mix | .calls == 1 and .called == "expf"' < out
	check '.profile.bottleneck | .name == "vectorisation" and
	    (.evidence | test("calls expf"))' < out
}

@test "mix: compiled code, a vectorised loop without a fault" {
	stage_compiled <<-'EOF'
	void
	scale(float *restrict y, const float *restrict x, int n)
	{
		for (int i = 0; i < n; i++)
			y[i] = x[i] * 3.0f;
	}
	EOF
	passed | ke-profile -p compile,mix > out
	check '(.profile.vectorised | length) > 0 and
	    .profile.not_vectorised == []' < out
	check '.profile.mix | .function == "scale" and .vector >= 1 and
	    .scalar == 0 and .vector_stores >= 1 and .chain_cycles == 0 and
	    .bits >= 128' < out
}

# A listing of one loop with the instructions of standard input.
stage_loop() {
	{
		printf 'v.so:     file format elf64-x86-64\n\n'
		printf '0000000000001000 <conv1d>:\n'
		awk '{ printf "    1%03x:\t%s\n", NR, $0 }
		    END { printf "    1%03x:\tjne    1001 <conv1d+0x1>\n",
		    NR + 1 }'
	} > loop
	stage_objdump loop
}

found() {
	passed | ke-profile -p mix,roofline,bottleneck > out
	jq -c .profile.bottleneck out
	[ "$(jq -r .profile.bottleneck.name out)" = "$1" ]
	check ".profile.bottleneck.evidence | test(\"$2\")" < out
}

@test "bottleneck: scalars" {
	stage_loop <<-'EOF'
	vmulss (%rdi),%xmm1,%xmm2
	vaddss (%rsi),%xmm2,%xmm2
	EOF
	found vectorisation "2 scalar and 0 vector"
}

@test "bottleneck: shuffles" {
	stage_loop <<-'EOF'
	vpermilps $0xb1,%zmm2,%zmm6
	vunpcklps %zmm2,%zmm6,%zmm7
	vmulps %zmm7,%zmm1,%zmm8
	EOF
	found shuffles "2 shuffles and 0 gathers for 1 arithmetic"
}

@test "bottleneck: spills" {
	stage_loop <<-'EOF'
	vmovaps 0x40(%rsp),%zmm1
	vmulps %zmm7,%zmm1,%zmm8
	vmovaps %zmm8,0x40(%rsp)
	EOF
	found spills "2 loads and stores of the stack"
}

@test "bottleneck: a chain through one accumulator" {
	stage_loop <<-'EOF'
	vfmadd231ps (%rdi),%zmm1,%zmm2
	vfmadd231ps 0x40(%rdi),%zmm1,%zmm2
	EOF
	found latency "takes 8 cycles"
}

@test "bottleneck: loads" {
	stage_loop <<-'EOF'
	vmovups (%rdi),%zmm1
	vmovups (%rsi),%zmm2
	vmulps %zmm1,%zmm2,%zmm3
	vfmadd231ps (%rdx),%zmm2,%zmm3
	vmovups %zmm3,(%rcx)
	EOF
	found loads "3 loads for 1 multiply-add"
}

@test "bottleneck: narrow vectors, where the processor has wider ones" {
	ke-profile -l -w 1 > ceilings
	jq -e '.peaks | .[-1].gflops < 0.75 * (map(.gflops) | max)' ceilings ||
	    skip "no vectors here beat those of 128 bits"
	stage_loop <<-'EOF'
	vmulps %xmm7,%xmm1,%xmm8
	EOF
	found narrow-vectors "vectors of 128 bits"
}

@test "bottleneck: branches" {
	stage_loop <<-'EOF'
	cmp (%rdi),%eax
	je 2000 <elsewhere>
	add $0x4,%rdi
	EOF
	found branches "2 branches"
}

@test "bottleneck: integers" {
	stage_loop <<-'EOF'
	lea 0x4(%rdi),%rax
	imul %rax,%rcx
	add $0x4,%rdi
	EOF
	found integer "3 integer instructions"
}

@test "counters: their absence is said, and ke-eval is not run for it" {
	stage_eval
	passed | ke-profile -p counters > out
	if jq -e '.profile.passes[0].ok' out; then
		check '.profile.counters | type == "object"' < out
		grep -q -- '^-r -n 201 -w 1 ' calls
	else
		check '.profile.passes[0].why |
		    test("^no counters here: [A-Z]")' < out
		[ ! -e calls ]
	fi
}

@test "-l says which passes work" {
	stage_eval
	ke-profile -l | check '.passes | map(.name) ==
	    ["compile", "mix", "counters", "roofline", "bottleneck"] and
	    .[0].ok and .[3].ok and .[4].ok'
	rm bin/ke-eval
	mkdir only
	ln -s "$(command -v ke-profile)" only
	PATH=$PWD/only ke-profile -l > out
	check '.passes[0] | .ok == false and .why == "ke-eval: not in PATH"' < out
}

@test "-v says on standard error what each pass cost" {
	passed > in
	run -0 --separate-stderr ke-profile -v -p roofline in
	[[ $stderr == "ke-profile: in:1: roofline: ok, "*" s" ]]
}

@test "the passes run in their own order, and only those chosen" {
	passed | ke-profile -p bottleneck,roofline |
	    check '.profile.passes | map(.name) == ["roofline", "bottleneck"]'
}

@test "ends at once when the reader goes while ke-eval works" {
	stage_eval
	printf '#!/bin/sh\nexec sleep 60\n' > bin/ke-eval
	passed > in
	start=$SECONDS
	ke-profile in | sleep 1
	((SECONDS - start < 20))
}

@test "the page's examples" {
	ke-profile -l | jq . > out
	[ -s out ]

	cp "$root/ops/conv1d/base.c" my.c
	ke-eval -o conv1d -t cpu my.c | ke-profile | tee record |
	    jq .profile.bottleneck > out
	if jq -e '.eval.status == "pass"' record; then
		jq -e '.name and .evidence' out
		check '.profile.passes | map(select(.ok)) | length >= 4' < record
		check '.profile.mix.function == "conv1d"' < record
	else # a machine too noisy to time anything
		check 'has("profile") | not' < record
	fi

	passed > records
	ke-profile -p roofline records |
	    jq -c '[.id, .profile.roofline.fraction]' > out
	check '.[0] == "a" and .[1] > 0' < out

	for i in {1..40}; do passed | jq -c ".id = \"$i\""; done > records
	parallel --pipe -N 16 ke-profile < records > profiled
	[ "$(jq -r .id profiled | sort -n)" = "$(seq 40)" ]
	check '.profile.roofline.gflops > 0' < profiled
}
