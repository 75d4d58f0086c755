#!/usr/bin/env bats
# ke-prompt: a fixed operator and knowledge base, made anew for each test.

bats_require_minimum_version 1.5.0

setup() {
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	export KE_OPS=$BATS_TEST_TMPDIR/ops
	cd "$BATS_TEST_TMPDIR"
	make_op
	make_kb
	make_records
}

make_op() {
	mkdir -p ops/axpy
	cat > ops/axpy/op.json <<-'END'
	{ "v": 1, "name": "axpy", "summary": "z[i] = a[0] x[i] + y[i]",
	  "tags": ["elementwise"], "dims": ["N"],
	  "tensors": [
	    {"name": "a", "role": "in", "dtype": "T", "shape": [1],
	     "draw": {"dist": "normal", "mean": 0, "std": 1}},
	    {"name": "x", "role": "in", "dtype": "T", "shape": ["N"],
	     "draw": {"dist": "normal", "mean": 0, "std": 1}},
	    {"name": "y", "role": "in", "dtype": "T", "shape": ["N"],
	     "draw": {"dist": "normal", "mean": 0, "std": 1}},
	    {"name": "z", "role": "out", "dtype": "T", "shape": ["N"],
	     "reduction": 2, "scale": "terms"}],
	  "dtypes": {"f32": {}},
	  "cases": {
	    "check": [{"N": 1}, {"N": 31}, {"N": 129}],
	    "small": [{"N": 1048576, "weight": 2}],
	    "production": [{"N": 268435456}]},
	  "flops": "2*N" }
	END
	printf '%s\n' 'REF_z(i)' '{' ' return a(0) * x(i) + y(i);' '}' \
	    > ops/axpy/ref.c
	cat > ops/axpy/base.c <<-'END'
	/* ke-plan
	{ "launches": [{"kernel": "axpy", "args": ["a", "x", "y", "z", "N"]}] } */
	void
	axpy(const float *a, const float *x, const float *y, float *z, int N)
	{
	        for (int i = 0; i < N; i++)
	                z[i] = a[0] * x[i] + y[i]; /* the baseline */
	}
	END
}

# doc PLATFORM-TABLE-FILE PATH CONCERNS LEVEL SUMMARY TEXT
doc() {
	mkdir -p "kb/$(dirname "$2")"
	printf '# %s\n\n%s\n' "$5" "$6" > "kb/$2"
	echo "| $2 | $3 | $4 | $5 |" >> "$1"
}

make_kb() {
	mkdir -p kb
	doc any constraints/rules.md correctness broad 'What is allowed' \
	    'Write every element.'
	doc any guidance/bandwidth.md bandwidth broad 'Moving fewer bytes' \
	    'Stream once, use non-temporal stores, fuse passes.'
	doc any guidance/compile.md compile broad 'Errors of the compiler' \
	    'An undeclared identifier is a missing macro.'
	doc any guidance/borders.md correctness broad 'Borders and tails' \
	    'Check the index at the border.'
	doc any guidance/rounding.md numerics broad 'Rounding' \
	    'Sum pairwise.'
	doc any guidance/sample.md bandwidth sample 'A whole stream kernel' \
	    'void stream(void);'
	doc cpu hardware/cpu/nt.md bandwidth detail 'Non-temporal stores' \
	    'Skip the read for ownership.'
	doc cpu hardware/cpu/saxpy.md bandwidth broad 'One operator' \
	    'The axpy operator, elementwise.'
	doc cuda constraints/cu.md correctness broad 'CUDA C++' 'KE_ macros.'
	doc cuda hardware/cuda/tma.md bandwidth broad 'Bulk copies' \
	    'Tensor maps.'
	doc 'cuda hardware' hardware/cuda/numbers.md bandwidth broad \
	    'Figures of GPUs' 'Tensor cores, terabytes a second.'
	doc triton constraints/jit.md correctness broad 'Triton' 'tl.load.'
	doc triton hardware/triton/tiles.md bandwidth broad 'Tiles' \
	    'Stores of whole tensor tiles.'
	{
		echo '# Knowledge base'
		for p in any cpu cuda 'cuda hardware' triton; do
			printf '\n## %s\n\n' "$p"
			echo '| path | concern | level | summary |'
			echo '|---|---|---|---|'
			cat "$p"
		done
	} > kb/index.md
}

make_records() {
	echo '{"v":1,"xid":"x1","op":"axpy","target":"cpu","select":{"phase":"draft","draft":3}}' > draft
	jq -cn --rawfile s ops/axpy/base.c '{v: 1, xid: "x2", op: "axpy",
	    target: "cpu", language: "c", dtype: "f32", pid: "n7",
	    select: {phase: "tree", depth: 1}, extra: {deep: [1, null]},
	    context: {
	      parent: {id: "n7", source: $s, choice: {BM: 32}, score: 1.5,
	        eval: {status: "pass", score: 1.5,
	          speedup: {mid: 1.6, lo: 1.5, hi: 1.7},
	          cases: [{set: "check", dims: {N: 1}, status: "pass"},
	            {set: "small", dims: {N: 1048576}, status: "pass",
	             weight: 2, t_us: 500, baseline_us: 800, speedup: 1.6,
	             bytes: 12582912, flops: 2097152}]},
	        profile: {bottleneck: {name: "memory",
	            evidence: "91 % of the bandwidth roof",
	            advice: "move fewer bytes"},
	          roofline: {gflops: 4.2, gbps: 25, peak_gflops: 100,
	            peak_gbps: 27, intensity: 0.17, fraction: 0.91,
	            bound: "memory"},
	          not_vectorised: [{line: 6, what: "no vectype"}]}},
	      ancestors: [{id: "n1", status: "pass", score: 1.1, choice: {BM: 8},
	        strategy: "draft"}],
	      siblings: [{id: "n8", status: "wrong", choice: {BM: 64}}],
	      failed: [{id: "n7", status: "wrong", strategy: "two buffers",
	        detail: "y[3] is 0"}],
	      similar: [{run: "far", id: "m2", op: "gemm", target: "cuda:sm_90",
	        language: "opencl", shares: "tag:contraction", score: 2,
	        source: "/* far source */"}],
	      best: {id: "n9", score: 1.9, choice: {BM: 16},
	        source: "/* best source */"},
	      reused: [{run: "old", id: "m1", score: 1.2, source: "/* reused */",
	        choice: {}}],
	      tried: [{fingerprint: "f1", choice: {BM: 4}, status: "pass",
	        score: 1.05, source: "s1"}, {fingerprint: "f2",
	        choice: {BM: 2}, status: "wrong", source: "s1"}],
	      secret: "not for later stages"}}' > tree
	jq -c '.xid = "x3" | .context.parent.eval = {status: "compile_error",
	    detail: "line 3: error: KE_BM undeclared",
	    compile: {log: "candidate.c:3: error: KE_BM undeclared\n"}} |
	    del(.context.parent.profile)' < tree > broken
}

prompt() { ke-prompt -k kb "$@"; }
contents() { jq -r '.prompt.messages[].content'; }
# Bash ignores a failing "! command" under errexit.
no() { if "$@"; then return 1; fi; }
paths() { jq -r '.prompt.documents[].path'; }

# --- what a prompt says

@test "a draft: messages, in order, with what the operator is" {
	prompt draft > out
	jq -e '.prompt.messages | map(.role) == ["system", "user"]' out
	jq -e '.prompt | keys_unsorted == ["messages", "documents", "tokens",
	    "budget", "diagnosis"]' out
	contents < out > text
	grep -q 'Strategy: ' text
	grep -q 'starts with the word ke-plan' text
	grep -q 'z\[i\] = a\[0\] x\[i\] + y\[i\]' text
	grep -q '^- x: in, f32, const float \*, \[N\]; drawn {"dist":"normal"' text
	grep -q '^- z: out, f32, float \*, \[N\]; 2 terms' text
	grep -q 'Cases check .*: N=1; N=31; N=129$' text
	grep -q 'Cases small (timed on CPUs): N=1048576 weight 2$' text
	grep -q 'Cases production .*: N=268435456$' text
	grep -q 'return a(0) \* x(i) + y(i);' text
	grep -q 'the baseline \*/' text
	grep -q 'This is draft 3' text
	grep -q '^- cores: [1-9]' text
	order=$(grep -oE '^## (Form|The plan|Rules|Operator|The machine|Diagnosis|What to)' text)
	[ "$order" = "## Form
## The plan
## Rules
## Operator
## The machine
## Diagnosis
## What to" ]
}

@test "a child: parent, results, diagnosis, history, no baseline" {
	prompt tree > out
	contents < out > text
	grep -q '^## The parent n7' text
	grep -q 'own choice: BM=32' text
	grep -q '^Result: pass, score 1.5' text
	grep -q '^- small N=1048576: pass, t_us 500, baseline_us 800, speedup 1.6, weight 2, 4.194 GFLOP/s, 25.17 GB/s' text
	grep -q 'bottleneck memory: 91 % of the bandwidth roof; advice: move' text
	grep -q '^- roofline: bound by memory, gflops 4.2' text
	grep -q '^- not vectorised, line 6: no vectype' text
	grep -q '^- BM=4: pass, score 1.05' text
	grep -q '^- BM=2: wrong' text
	grep -q '^- BM=8: pass, score 1.1; draft' text
	grep -q '^- BM=64: wrong' text
	grep -q 'best source' text
	grep -q 'reused' text
	grep -q '^- -: wrong; two buffers: y\[3\] is 0' text
	grep -q 'for another task: gemm on cuda:sm_90 (in common: tag:contr' text
	grep -q 'far source' text
	grep -q 'faster than the parent' text
	no grep -q 'The baseline that speedups' text
	[ "$(grep -c 'the baseline \*/' text)" = 1 ]
}

@test "a parent's source may be edited, in the form that is told" {
	prompt tree | contents > text
	sed -n '/^## What to write/,$p' text > ask
	grep -q 'with the whole file, or in$' ask
	[ "$(sed -n '/^```$/,/^```$/p' ask | sed '3d;5d')" = '```
<<<<<<< SEARCH
=======
>>>>>>> REPLACE
```' ]
	grep -q 'unified diff' ask
	prompt draft | contents | tee text | grep -q 'with the whole file\.$'
	no grep -q SEARCH text
	jq -c 'del(.context.parent.source)' tree | prompt | contents |
	    no grep -q SEARCH
}

@test "the form that is told is one that ke-gen takes" {
	jq -cn --rawfile s ops/axpy/base.c '{v: 1, op: "axpy", language: "c",
	    context: {parent: {id: "n", source: $s}}}' | prompt > out
	# what is asked for, with a line of the parent in place of the words
	jq -r '.prompt.messages[1].content' out | sed -n '/^<<<<<<< /,/^>>>/p' |
	    sed -e '2s/.*/axpy(const float *a, const float *x, const float *y, float *z, int N)/' \
	    -e '4s/.*/changed(int N)/' > answer
	ke-gen -b 'exec:cat answer' out | jq -j .source > got
	diff ops/axpy/base.c got > changes || [ $? = 1 ]
	[ "$(sed -n '1p;$p' changes)" = '4c4
> changed(int N)' ]
}

@test "a parent that failed: its log, and the ask to repair it" {
	prompt broken > out
	contents < out > text
	grep -q 'candidate.c:3: error: KE_BM undeclared' text
	grep -q 'Write a candidate that is right' text
	jq -e '.prompt.diagnosis == "compile_error: line 3: error: KE_BM undeclared; concerns: compile"' out
}

@test "context is cut down to what the generator needs" {
	jq -c '.context.models = [{model: "m", nodes: 1}]' tree |
	    prompt | jq -c .context > out
	jq -e '.models == [{model: "m", nodes: 1}]' out
	jq -e '.parent | keys == ["choice", "id", "source"]' out
	jq -e '.tried | length == 2 and .[0].fingerprint == "f1"' out
	jq -e '.ancestors == [{id: "n1"}] and .siblings == [{id: "n8"}] and
	    .best == {id: "n9"} and .reused == [{run: "old", id: "m1"}] and
	    .similar == [{run: "far", id: "m2"}] and
	    .failed == [{id: "n7"}]' out
	jq -e 'has("secret") | not' out
}

@test "a source with fences keeps its fence whole" {
	jq -c '.context.parent.source = "a\n```\nb\n````\nc"' tree |
	    prompt | contents | grep -q '^`````c$'
}

@test "a source that is the parent's is told once" {
	jq -c '.context.best.source = .context.parent.source |
	    .context.parent2 = (.context.parent | .id = "n5" |
	    .choice = {BM: 7})' tree | prompt > out
	contents < out > text
	[ "$(grep -c 'the baseline \*/' text)" = 1 ]
	grep -q "^Score 1.9 with choice BM=16, from the parent's source" text
	grep -q '^## A second parent, to combine with n5' text
	grep -q '^The same source' text
	jq -e '.context.parent2 | .id == "n5" and .choice.BM == 7 and
	    has("source") and (has("eval") | not)' out
}

@test "a language has its own rules, baseline and fences" {
	echo '// the baseline' > ops/axpy/base.cu
	sed 's/"target":"cpu"/"target":"cuda","language":"cuda"/' draft |
	    prompt | contents > text
	grep -q 'extern "C" __global__ void NAME' text
	grep -q '"block": \[128\]' text
	no grep -q 'struct ke_block' text
	grep -q ', base.cu:$' text
	grep -A 1 '^```cuda$' text | grep -q '// the baseline'
	sed 's/"target":"cpu","language":"c"/"target":"cuda","language":"cuda"/' \
	    tree | prompt | contents > text
	# parent, best, and the best of another run; the reference stays C
	[ "$(grep -c '^```cuda$' text)" = 3 ]
	[ "$(grep -c '^```c$' text)" = 1 ]
}

@test "the baseline is the target's, also in a language apart" {
	echo '// in CUDA' > ops/axpy/base.cu
	echo '// in HIP' > ops/axpy/base.hip
	while read -r target language file text; do
		jq -c --arg t "$target" --arg l "$language" '.target = $t |
		    .language = $l' draft | prompt | contents > out
		grep -q ", $file:\$" out
		grep -qx "$text" out
	done <<-'END'
	cuda:sm_90a triton base.cu // in CUDA
	hip:gfx942 triton base.hip // in HIP
	hip hip base.hip // in HIP
	cuda cuda base.cu // in CUDA
	cpu c base.c {
	END
}

# gpu FILTER FILE: the prompt of the record for a GPU, with $e an env
gpu() {
	jq -c --argjson e '{"device":"Zeus 9","driver":"13.0","sms":132,
	    "arch":"sm_90a","l2_bytes":52428800,"peak_bps":3352320000000,
	    "sm_mhz":1980,"compiler":"nvrtc 13.0","key":"k"}' \
	    '.target = "cuda" | '"$1" "$2" | prompt > out
	contents < out | awk '/^## / { on = /^## The machine$/ } on' > text
}

@test "a GPU is described by the run's env" {
	gpu '.context.env = $e' draft
	grep -qx -e '- device: Zeus 9, driver for CUDA 13.0, compiler nvrtc 13.0' text
	grep -qx -e '- multiprocessors (SMs): 132' text
	grep -qx -e '- memory, at its peak: 3352 GB/s' text
	grep -qx -e '- L2 cache: 50 MiB' text
	grep -qx -e '- clock of the SMs when last measured: 1980 MHz' text
	grep -qx -e '- architecture: sm_90a' text
	grep -q '^- an SM: .*; 228 KiB of shared memory, 227 a block$' text
	grep -q '^- an SM and cycle: 128 .*; 4096 operations' text
	grep -q '^- instructions: .*, wgmma' text
	no grep -q '^- cores:' text
	jq -e '.context | has("env") | not' out
}

@test "a GPU: the parent's evaluation comes first, the line's own env last" {
	gpu '.context.env = $e | .context.parent.eval.env = ($e |
	    .device = "Hera")' tree
	grep -q '^- device: Hera,' text
	no grep -q Zeus text
	# an evaluation that reached no device says nothing of it
	gpu '.context.env = $e | .context.parent.eval.env = {key: "k"}' tree
	grep -q '^- device: Zeus 9,' text
	gpu '.env = $e' draft
	grep -q '^- device: Zeus 9,' text
}

@test "a GPU: the architecture that the target names, or nothing" {
	gpu '.target = "cuda:sm_80"' draft
	grep -qx -e '- architecture: sm_80' text
	grep -q '^- an SM: .*, 163 a block$' text
	grep -qx -e '- instructions: mma.sync, ldmatrix, cp.async' text
	no grep -q '^- device' text
	gpu '.target = "cuda:sm_90"' draft
	grep -q '^- instructions: .*TMA' text
	no grep -q wgmma text
	gpu '.target = "cuda:sm_1"' draft
	grep -qx -e '- architecture: sm_1' text
	no grep -q '^- an SM' text
	for f in . '.context.env = {device: 7, sms: "x", arch: []}' \
	    '.context.env = [] | .env = "x"'; do
		gpu "$f" draft
		[ ! -s text ]
		jq -e .prompt out > /dev/null
	done
	gpu '.context.env = {device: "a\n- b", sms: "x", l2_bytes: -1}' draft
	[ "$(grep -c '^- ' text)" = 1 ]
}

# --- retrieval

@test "constraints come always, and first" {
	for f in draft tree broken; do
		[ "$(prompt $f | paths | head -1)" = constraints/rules.md ]
	done
}

@test "a memory-bound parent gets the documents on bandwidth" {
	prompt tree > out
	[[ "$(paths < out | sed -n 2p)" =~ saxpy|bandwidth ]]
	paths < out | grep -q guidance/bandwidth.md
	paths < out | grep -q nt.md
	paths < out | no grep -q compile.md
	jq -e '.prompt.documents[1].why |
	    test("^bandwidth: the diagnosis; broad at depth 1")' out
}

@test "a compile_error gets the document on compiling" {
	[ "$(prompt broken | paths)" = "constraints/rules.md
guidance/compile.md" ]
}

@test "every status that failed is diagnosed with its own concern" {
	while read -r status concern; do
		jq -c --arg s "$status" '.context.parent.eval.status = $s' \
		    broken | prompt > out
		jq -r .prompt.diagnosis out | grep -q "concerns: .*$concern" ||
		    { echo "$status"; return 1; }
	done <<-'END'
	plan_error compile
	compile_error compile
	protocol compile
	fault correctness
	hung correctness
	timeout correctness
	wrong correctness
	imprecise numerics
	nondeterministic parallelism
	invalid roofline
	END
}

@test "each bottleneck that ke-profile names has its concern" {
	while read -r name concern; do
		jq -c --arg n "$name" '.context.parent.profile = {
		    bottleneck: {name: $n, evidence: "", advice: ""}}' tree |
		    prompt > out
		jq -r .prompt.diagnosis out | grep -q "concerns: .*$concern" ||
		    { echo "$name"; return 1; }
	done <<-'END'
	bandwidth bandwidth
	compute roofline
	overhead latency
	parallelism parallelism
	vectorisation vectorisation
	shuffles layout
	spills registers
	latency latency
	loads registers
	narrow-vectors vectorisation
	branches branches
	integer integer
	cache cache
	END
}

@test "a bottleneck without a name that says anything: the evidence does" {
	jq -c '.context.parent.profile = {bottleneck: {name: "unclear",
	    evidence: "30 % of the roof (memory)", advice: "change"}}' tree |
	    prompt | jq -r .prompt.diagnosis | grep -q 'concerns: cache bandw'
	jq -c '.context.parent.profile = {roofline: {bound: "memory"}}' tree |
	    prompt | jq -r .prompt.diagnosis |
	    grep -q '; bound by memory; concerns: cache bandwidth$'
}

@test "the operator's own words rank its documents, whatever was measured" {
	words=$(for i in $(seq 100); do printf 'w%s ' "$i"; done | tr 0-9 a-j)
	jq -c --arg w "$words" '.context.parent.profile.bottleneck.evidence =
	    $w' tree | prompt > out
	jq -e '.prompt.documents[] | select(.path | test("saxpy")) |
	    .why | test("text (0.[3-9]|1)")' out
}

@test "levels follow the depth: samples late, details not for drafts" {
	prompt draft | paths | no grep -qE 'nt.md|sample.md'
	prompt tree | paths | no grep -q sample.md
	jq -c '.select.depth = 4' tree | prompt > out
	paths < out | grep -q sample.md
	paths < out | grep -q nt.md
}

@test "platforms: the family's documents, and no other's" {
	prompt tree | paths | no grep -q tma.md
	sed 's/"target":"cpu"/"target":"cuda:sm_90"/' tree | prompt > out
	paths < out | grep -q tma.md
	paths < out | no grep -q nt.md
}

# on TARGET LANGUAGE: the paths of a prompt for them
on() {
	jq -c --arg t "$1" --arg l "$2" '.target = $t | .language = $l |
	    del(.context.parent.source, .context.best)' tree | prompt | paths |
	    grep -E '^(constraints|hardware)/' | sort | tr '\n' ' '
}

@test "platforms: a language apart has its own, and the target's hardware" {
	run on cuda:sm_90 triton
	[ "$output" = 'constraints/jit.md constraints/rules.md hardware/cuda/numbers.md hardware/triton/tiles.md ' ]
	cuda='constraints/cu.md constraints/rules.md hardware/cuda/numbers.md hardware/cuda/tma.md '
	run on cuda:sm_90 cuda
	[ "$output" = "$cuda" ]
	run on cuda cuda
	[ "$output" = "$cuda" ]
	run on hip triton
	[ "$output" = 'constraints/jit.md constraints/rules.md hardware/triton/tiles.md ' ]
	# without a section the target's documents serve
	sed -i '/^## triton/,$d' kb/index.md
	run on cuda triton
	[ "$output" = "$cuda" ]
}

@test "text that looks like a query is not one" {
	for t in 'AND OR NEAR( * " -' '"' "') OR 1=1; DROP TABLE docs --" \
	    'path:x ^y {a b}: NOT' 'NOT AND OR NEAR/2' '***' '((((' '-bandwidth'
	do
		jq -c --arg t "$t" '.context.parent.profile.bottleneck = {
		    name: $t, evidence: $t, advice: $t}' tree |
		    prompt > out 2> err
		[ ! -s err ]
		jq -e '.prompt.messages' out > /dev/null
	done
}

@test "the index is kept, and made again when the knowledge base changes" {
	prompt -v draft 2>&1 >/dev/null | grep -q 'documents: made$'
	prompt -v draft 2>&1 >/dev/null | grep -q 'taken from the cache$'
	[ "$(ls cache/ke/kb/*.db | wc -l)" = 1 ]
	before=$(stat -c %Y.%s kb/guidance/bandwidth.md)
	sed -i 's/fuse/merg/' kb/guidance/bandwidth.md
	prompt -v tree > out 2> err
	grep -q 'documents: made$' err
	contents < out | grep -q 'merg passes'
	[ "$(ls cache/ke/kb/*.db | wc -l)" = 2 ]
	rm -r cache
	prompt tree | cmp - out
}

@test "an index that is torn or no index at all is made again" {
	prompt tree > whole
	db=$(echo cache/ke/kb/*.db)
	for n in 0 1 100 3000 5000 9000; do
		head -c "$n" "$db" > torn
		cp torn "$db"
		prompt tree | cmp - whole
		rm "$db"
		prompt tree | cmp - whole
	done
	echo 'this is no database' > "$db"
	prompt tree | cmp - whole
	sqlite3 other 'CREATE TABLE docs(x)'
	cp other "$db"
	prompt tree | cmp - whole
}

@test "a cache that can't be written costs no message" {
	prompt tree > whole
	rm -r cache
	XDG_CACHE_HOME=/proc/nowhere prompt tree > out 2> err
	cmp out whole
	[ ! -s err ]
	XDG_CACHE_HOME=/proc/nowhere prompt -v tree 2>&1 >/dev/null |
	    grep -q '^ke-prompt: memory: index of'
}

@test "processes that race on a cold cache agree, and leave one index" {
	for i in 1 2 3 4 5 6 7 8; do
		prompt tree > "out$i" 2> "err$i" &
	done
	wait
	for i in 1 2 3 4 5 6 7 8; do
		cmp "out$i" out1
		[ ! -s "err$i" ]
	done
	[ "$(ls -A cache/ke/kb | wc -l)" = 1 ]
	sqlite3 cache/ke/kb/*.db 'PRAGMA integrity_check' | grep -qx ok
}

@test "a row that is wrong is named and left out" {
	sed -i 's/^| guidance.rounding.md .*/| guidance\/none.md | numerics | broad | x |\n| a | b |\n| guidance\/borders.md | colour | broad | x |\n| guidance\/borders.md | numerics | deep | x |/' kb/index.md
	prompt draft > out 2> err
	grep -qE '^ke-prompt: kb/index.md:[0-9]+: kb/guidance/none.md: No such' err
	grep -qE 'kb/index.md:[0-9]+: 2 cells where 4 are due$' err
	grep -qE 'kb/index.md:[0-9]+: no such concern: colour$' err
	grep -qE 'kb/index.md:[0-9]+: no such level: deep$' err
	[ "$(wc -l < err)" = 4 ]
	paths < out | grep -q bandwidth.md
	[ -z "$(ke-prompt -q -k kb draft 2>&1 >/dev/null)" ]
}

@test "without a knowledge base: one warning, no documents" {
	ke-prompt -k none draft draft > out 2> err
	[ "$(cat err)" = 'ke-prompt: none/index.md: No such file or directory: prompts will have no documents' ]
	jq -se 'length == 2 and all(.[]; .prompt.documents == [])' out
	[ -z "$(ke-prompt -q -k none draft 2>&1 >/dev/null)" ]
}

@test "a search by words: the best first, of the platform alone" {
	ke-prompt -k kb -s 'stream bandwidth stores' > out
	[ "$(jq -r .path out | head -n 1)" = guidance/bandwidth.md ]
	jq -se 'length == 2 and .[0].score == 1 and .[1].score < 1 and
	    all(.[]; keys_unsorted == ["path", "score", "summary", "text"])' out
	head -n 1 out | jq -j .text | cmp - kb/guidance/bandwidth.md
	jq -r .path out | no grep hardware
	ke-prompt -k kb -s 'non-temporal stores' -t cpu |
	    jq -r '[.score, .path] | @tsv' > out
	[ "$(head -n 1 out)" = $'1\thardware/cpu/nt.md' ]
	ke-prompt -k kb -s 'tensor maps' -t cuda:sm_90 | jq -r .path > out
	grep -q tma out
	grep -q numbers out
	no grep triton out
	ke-prompt -k kb -s 'tensor maps' -t cuda:sm_90 -l triton |
	    jq -r .path | sort > out
	[ "$(cat out)" = 'hardware/cuda/numbers.md
hardware/triton/tiles.md' ]
}

@test "a search for nothing, for syntax, without a knowledge base" {
	for q in '' 'zzz' '" OR *' 'NEAR('; do
		run -0 ke-prompt -k kb -s "$q"
		[ -z "$output" ]
	done
	run -0 --separate-stderr ke-prompt -k none -s axpy
	[ -z "$output" ]
	[[ "$stderr" == *"No such file"* ]]
	run -2 ke-prompt -k kb -s axpy draft
	run -111 bash -c 'ke-prompt -k kb -s bandwidth > /dev/full'
}

# --- the budget

@test "no prompt exceeds its budget, and a larger one loses nothing" {
	last=0
	for b in 3000 2500 2200 2000 1900 1800 1700 1600; do
		prompt -b "$b" tree > "out$b"
	done
	for b in 1600 1700 1800 1900 2000 2200 2500 3000; do
		jq -e '.error.code == "budget"' "out$b" > /dev/null && continue
		jq -e --argjson b "$b" '.prompt.tokens <= $b and
		    .prompt.budget == $b and .prompt.tokens ==
		    (([.prompt.messages[].content | utf8bytelength] | add) / 4
		    | ceil)' "out$b"
		contents < "out$b" | grep -q '^## The parent n7'
		n=$(jq '.prompt.tokens' "out$b")
		[ "$n" -ge "$last" ]
		last=$n
	done
	[ "$last" -gt 0 ]
}

@test "what is left out goes whole: documents, siblings, ancestors, tried" {
	full=$(prompt tree | jq .prompt.tokens)
	seen=
	for ((b = full; b > full - 900; b -= 10)); do
		prompt -b "$b" tree > out
		jq -e .error out > /dev/null && break
		contents < out > text
		state=
		for what in '^<document path="guidance' '/\* reused' \
		    '^## Siblings' '^## Ancestors' '^## The best so far' \
		    '^## Tried' '^<document path="constraints' '^## The machine'
		do
			if grep -q "$what" text; then state+=1; else state+=0; fi
		done
		[[ $state =~ ^0*1*$ ]]
		[ "$state" = "${seen##* }" ] || seen+=" $state"
	done
	[[ $seen == *" 11111111"*" 00111111"* ]]
	[[ $seen == *" 00000011"* ]]
}

@test "ids of what was cut are not kept in context" {
	full=$(prompt tree | jq .prompt.tokens)
	for ((b = full; b > 0; b -= 10)); do
		prompt -b "$b" tree > out
		contents < out | grep -q '^## Siblings' || break
	done
	jq -e '.context | has("siblings") | not' out
	jq -e '.context.tried | length == 2' out
	jq -e '.context.reused == []' out
}

@test "a tail of what was tried is cut, the newest stay" {
	jq -c '.context.tried = [range(200) | {fingerprint: "f\(.)",
	    choice: {BM: .}, status: "pass", score: 1}]' tree > many
	full=$(prompt many | jq .prompt.tokens)
	prompt -b $((full - 1000)) many > out
	contents < out > text
	grep -q '^- BM=0: pass' text
	no grep -q '^- BM=199: pass' text
	jq -e '.context.tried | length == 200' out
}

@test "an operator that exceeds the budget is an error of the record" {
	run prompt -b 100 draft
	[ "$status" = 0 ]
	echo "$output" | jq -e '.error.tool == "ke-prompt" and
	    .error.code == "budget" and (has("prompt") | not)'
}

# --- the rules of every filter

@test "the same input gives the same bytes" {
	cat draft tree broken tree > all
	prompt all > a
	prompt < all > b
	cmp a b
	[ "$(sed -n 2p a)" = "$(sed -n 4p a)" ]
}

@test "empty input gives no output" {
	run prompt /dev/null
	[ "$status" = 0 ]
	[ -z "$output" ]
}

@test "a bad line in the middle is named and the others go on" {
	{ cat draft; echo '{"v":1,'; echo '[]'; echo '{"v":1,"op":7}'; cat tree
	} > mixed
	run bash -c 'ke-prompt -k kb mixed 2>err'
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 2 ]
	grep -q '^ke-prompt: mixed:2: column' err
	grep -q '^ke-prompt: mixed:3: not an object' err
	grep -q '^ke-prompt: mixed:4: op: not a string' err
}

@test "a torn last line is named" {
	{ cat draft; head -c 50 tree; } > torn
	run bash -c 'ke-prompt -k kb torn 2>err'
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	grep -q '^ke-prompt: torn:2: ' err
}

@test "a context of the wrong shape costs its parts, not the record" {
	for c in '{"parent":7}' '{"parent":{"source":3,"choice":[],"eval":[]}}' \
	    '{"tried":{},"siblings":3,"ancestors":"x","best":[],"reused":[1]}' \
	    '{"tried":[1,null,"x",[],{}],"parent":{}}' \
	    '{"parent":{"eval":{"status":"unheard-of","cases":[1]}}}' \
	    '{"parent":{"eval":{"status":"pass","cases":{"a":1}},"profile":{"roofline":{"gflops":"x"},"mix":{},"bottleneck":{"name":3}}}}'
	do
		jq -c --argjson c "$c" '.context = $c' draft | prompt > out
		jq -e '.prompt.messages | length == 2' out
	done
}

@test "unknown members pass, in order; nothing else changes" {
	prompt tree | jq -c 'del(.prompt, .context)' > out
	jq -c 'del(.context)' tree | cmp - out
	prompt tree | jq -e 'keys_unsorted | index("extra") <
	    index("context") and index("context") < index("prompt")'
}

@test "records with source, prompt or error, and marks, pass untouched" {
	cat > done <<-'END'
	{"v":1,"op":"axpy","source":"x","context":{"parent":{"id":"n"}}}
	{"v":1,"op":"axpy","prompt":{"messages":[]},"zz":1.5}
	{"v":1,"op":"none","error":{"tool":"t","code":"c","message":"m"}}
	{"v":1,"mark":"run","op":"axpy"}
	{"mark":"live"}
	END
	prompt done | cmp - done
}

@test "an operator that isn't there is an error of the record" {
	echo '{"v":1,"op":"nothing"}' | prompt > out
	jq -e '.error.code == "operator" and .error.tool == "ke-prompt"' out
	echo '{"v":1}' | prompt | jq -e '.error.code == "operator"'
	echo '{"v":1,"op":"axpy","dtype":"f16"}' | prompt |
	    jq -e '.error.code == "operator"'
	echo '{"v":1,"op":"axpy","language":"opencl"}' | prompt |
	    jq -e '.error.code == "language"'
}

@test "-o gives the operator, and a record that contradicts it is named" {
	echo '{"v":1}' | prompt -o axpy > out
	jq -e '.op == "axpy" and .prompt' out > /dev/null
	echo '{"v":1,"op":"axpy"}' | prompt -o ./ops/axpy | jq -e .prompt
	run bash -c 'echo "{\"v\":1,\"op\":\"other\"}" |
	    ke-prompt -k kb -o axpy 2>err'
	[ "$status" = 1 ]
	echo "$output" | jq -e '.error.code == "operator"'
	[ "$(cat err)" = 'ke-prompt: stdin:1: op: other where -o says axpy' ]
}

@test "a missing file is named, the others are read" {
	run bash -c 'ke-prompt -k kb none draft 2>err'
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	[ "$(cat err)" = 'ke-prompt: none: No such file or directory' ]
}

@test "usage" {
	for bad in -x '-b 0' '-b x' '-b' -k -l -o -s -t; do
		run ke-prompt $bad
		[ "$status" = 2 ]
	done
	run ke-prompt -h
	[ "$status" = 0 ]
	synopsis=$(mandoc "$BATS_TEST_DIRNAME/../man/ke-prompt.1" |
	    col -bx | sed -n '/^SYNOPSIS/,/^DESC/p' | sed '1d;$d' |
	    tr -s '\n ' ' ')
	[ "$output" = "usage:${synopsis% }" ]
	run ke-prompt -V
	[ "$status" = 0 ]
	[[ $output =~ ^ke-prompt\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "a full disk is status 111" {
	run bash -c 'ke-prompt -k kb draft 2>err >/dev/full'
	[ "$status" = 111 ]
	[ "$(cat err)" = 'ke-prompt: stdout: No space left on device' ]
	run bash -c 'ke-prompt -h 2>/dev/null >/dev/full'
	[ "$status" = 111 ]
}

@test "with the reader gone it ends, also while it waits for input" {
	mkfifo in
	(timeout 20 ke-prompt -k kb in; echo "$?" > status) | head -1 > out &
	exec 9<>in
	cat draft >&9
	for i in $(seq 100); do
		[ -s status ] && break
		sleep 0.1
	done
	exec 9>&-
	wait
	[ "$(cat status)" = 0 ]
	[ "$(wc -l < out)" = 1 ]
}

@test "records are passed on as they come" {
	mkfifo in
	ke-prompt -k kb in > out &
	exec 9<>in
	cat draft >&9
	for i in $(seq 100); do
		[ -s out ] && break
		sleep 0.1
	done
	[ "$(wc -l < out)" = 1 ]
	exec 9>&-
	wait
}

# --- the examples of the man page

@test "example: what a model would be told" {
	echo '{"v":1}' | prompt -o axpy | jq -r '.prompt.messages[].content' |
	    grep -q '^## Operator axpy'
}

@test "example: what a model would be told for a GPU" {
	gpu '{v: 1, op: "axpy", target: "cuda", language: "c", dtype: "f32",
	    env: $e}' draft
	contents < out | grep -q '^## Operator axpy'
	grep -q '^- device: Zeus 9,' text
}

@test "example: which documents were used, and why" {
	prompt tree > prompts
	jq -r '.xid as $x | .prompt.documents[] |
	    [$x, .path, .score, .why] | @tsv' < prompts > out
	head -1 out | grep -q "^x2	constraints/rules.md	1	constraints: always$"
}

@test "example: under parallel" {
	for i in $(seq 20); do sed "s/x1/x$i/" draft; done > expansions
	ln -s kb kb-default
	parallel -k --pipepart -a expansions ke-prompt -q > prompts
	[ "$(jq -r .xid prompts | tr '\n' ' ')" = "$(jq -r .xid expansions |
	    tr '\n' ' ')" ]
	jq -se 'all(.[]; .prompt.messages)' prompts
}
