# ke-eval(1) -c with candidates in Triton, by the real one: what it is given and
# what becomes of it.  Where no Python has Triton, what is said.
bats_require_minimum_version 1.5.0

load check

setup_file() {
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	cd "$BATS_FILE_TMPDIR"
	if [ -z "${KE_TRITON:-}" ] && [ -d "$BATS_TEST_DIRNAME/../build/triton" ]
	then
		export KE_TRITON=$BATS_TEST_DIRNAME/../build/triton
	fi
	export NO_TRITON=
	plan '"grid": [1], "num_warps": 1, "args": []' > k.py <<-'EOT'
	@triton.jit
	def k():
	    pass
	EOT
	if compile k.py 2>&1 | grep -q 'no Triton for python3'; then
		NO_TRITON="no Triton here: pip install triton, or KE_TRITON"
	fi
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	export TMPDIR=$BATS_TEST_TMPDIR
	root=$BATS_TEST_DIRNAME/..
}

teardown() {
	[ -z "${pid:-}" ] || kill "$pid" 2> /dev/null || true
}

needs_triton() {
	[ -z "$NO_TRITON" ] || skip "$NO_TRITON"
}

# A candidate whose plan launches k with these members; standard input is the
# rest.
plan() {
	printf '"""ke-plan {"launches": [{"kernel": "k", %s}]%s}\n"""\n%s\n' \
	    "$1" "${2:-}" 'import triton
import triton.language as tl'
	cat
}

compile() {
	KE_OPS=$BATS_TEST_DIRNAME/../ops ke-eval -c -t cuda:sm_90a -o gelu \
	    -y f16 "$@"
}

# A candidate in the file whose kernel has this line, which may compute with the
# compiler's own Python: the modules are that far away.
python() {
	local os=tl.core.knobs.os path=tl.core.knobs.pathlib.Path

	plan '"grid": [1], "num_warps": 1, "args": []' > "$1" <<-EOF
	@triton.jit
	def k():
	    ${2//OS/$os}
	EOF
	sed -i "s,PATH,$path,g" "$1"
}

# The errors of files compiled in this order by one ke-eval.
details() {
	compile -j 1 "$@" | jq -r .eval.detail
}

gelu() {
	cat <<-'EOF'
	"""ke-plan
	{ "tune":     {"BN": [256, 1024], "WARPS": [2, 4]},
	  "choice":   {"BN": 1024},
	  "launches": [{"kernel": "gelu", "grid": ["cdiv(N, BN)"],
	    "num_warps": "WARPS", "args": ["x", "y", "N"]}] }
	"""
	import triton
	import triton.language as tl

	HALF = tl.constexpr(0.5)


	@triton.jit
	def half(v):
	    return HALF * v


	@triton.jit
	def gelu(x, y, N, BN: tl.constexpr):
	    i = tl.program_id(0) * BN + tl.arange(0, BN)
	    v = tl.load(x + i, mask=i < N).to(tl.float32)
	    v = half(v) * (1 + tl.math.erf(v * 0.70710678))
	    tl.store(y + i, v.to(y.dtype.element_ty), mask=i < N)
	EOF
}

@test "triton: what is said of a compilation, and what is left of it" {
	needs_triton
	gelu > my.py
	compile -k kept my.py > out
	check '.target == "cuda:sm_90a" and .language == "triton" and
	    (.eval | .status == "pass" and .score == null and
	    (.compile | .variants == 2 and .launches == 1 and .seconds > 0 and
	    .code_bytes > 0 and .registers > 8 and .local_bytes == 0 and
	    .threads == 64 and (.compiler | test("^triton [0-9]+[.][0-9]"))))' \
	    < out
	cmp my.py kept/candidate.py
	head -n 1 kept/variant-0.so > head
	check '.parts | length == 1 and (.[0] | .kernel == "gelu" and
	    .threads == 64 and .pointers <= 2)' < head
	# ELF for machine 190 stands where the head says
	at=$(jq '.parts[0].at' head)
	[ "$(tail -c +$((at + 1)) kept/variant-0.so | head -c 4 | tail -c 3)" \
	    = ELF ]
	[ "$(od -An -tu2 -j$((at + 18)) -N2 kept/variant-0.so)" -eq 190 ]
	# the cache has it now
	compile my.py | check \
	    '.eval | .status == "pass" and .compile.layers == null'
}

@test "triton: for devices that are not there, with a record's choice" {
	needs_triton
	gelu > my.py
	for target in cuda:sm_80 cuda:sm_100 hip:gfx90a hip:gfx942; do
		jq -nc --rawfile s my.py --arg t $target '{v: 1, op: "gelu",
		    language: "triton", target: $t, dtype: "f32", source: $s,
		    choice: {WARPS: 4}}' | ke-eval -c > out
		case $target in
		cuda:*) check '.eval | .status == "pass" and
		    .compile.threads == 128' < out ;;
		hip:*) check '.eval | .status == "pass" and
		    .compile.threads == 256 and .compile.registers > 8 and
		    (.compile.kernels | length == 1 and (.[0] |
		    .kernel == "gelu" and .vgprs > 8 and .sgprs > 8 and
		    .vgpr_spills == 0 and .waves_per_simd == 8))' < out ;;
		esac || { cat out; false; }
	done
	# with fewer stages than would have room on NVIDIA's
	ke-eval -c -s small -t hip:gfx942 -o gemm -y f16 \
	    "$root/ops/gemm/seed.py" > out
	check '.eval | .status == "pass" and .compile.shared_bytes > 32768 and
	    .compile.shared_bytes <= 65536' < out
	# a code object: ELF for machine 224
	compile -t hip:gfx942 -k amd my.py | check '.eval.status == "pass"'
	at=$(head -n 1 amd/variant-0.so | jq '.parts[0].at')
	[ "$(od -An -tu2 -j$((at + 18)) -N2 amd/variant-0.so)" -eq 224 ]
}

@test "triton: a code object that isn't what the launch needs is refused" {
	needs_triton
	export XDG_CACHE_HOME=$PWD/cache
	gelu > my.py
	compile -t hip:gfx942 my.py | check '.eval.status == "pass"'
	for f in cache/ke/compile/*.so; do
		LC_ALL=C sed -i '1s/"pointers": 2/"pointers": 1/' "$f"
	done
	compile -t hip:gfx942 my.py | check '.eval | .status == "plan_error"
	    and .code == "object" and (.detail | test("other parameters"))'
	for f in cache/ke/compile/*.so; do
		LC_ALL=C sed -i '1s/"pointers": 1/"pointers": 2/
		    s/gelu[.]kd/gelu.ke/g; s/amdhsa[.]kernels/amdhsa.colonel/g' \
		    "$f"
	done
	compile -t hip:gfx942 my.py | check '.eval | .status == "plan_error"
	    and .code == "object"'
}

@test "triton: two launches are two cubins, and constants are constants" {
	needs_triton
	cat > two.py <<-'EOF'
	"""ke-plan
	{ "constants": ["N"], "workspace": {"w": {"dtype": "f32",
	    "shape": ["N"]}},
	  "launches": [
	    {"kernel": "k", "grid": ["cdiv(N, B)"], "num_warps": 1,
	     "num_stages": 2, "constexpr": {"F": "N % 2"},
	     "args": ["x", "w"]},
	    {"kernel": "k", "grid": ["cdiv(N, B)"], "num_warps": 8,
	     "constexpr": {"F": 7}, "args": ["w", "y"]}],
	  "tune": {"B": [1024]} }
	"""
	import triton
	import triton.language as tl


	@triton.jit
	def k(x, y, N: tl.constexpr, B: tl.constexpr, F: tl.constexpr):
	    tl.static_assert(N > 1000000 and (F == N % 2 or F == 7))
	    tl.static_assert(B == 1024)
	    i = tl.program_id(0) * B + tl.arange(0, B)
	    v = tl.load(x + i, mask=i < N)
	    tl.store(y + i, v.to(y.dtype.element_ty), mask=i < N)
	EOF
	compile -k kept two.py > out
	jq -r '.eval.compile.log // empty' out
	check '.eval | .status == "pass" and .compile.launches == 2 and
	    .compile.variants == 2 and .compile.threads == 256' < out
	head -n 1 kept/variant-0.so |
	    check '.parts | map(.threads) == [32, 256]'
}

@test "triton: an error has its line in the candidate, and its text" {
	needs_triton
	plan '"grid": [1], "num_warps": 1, "args": ["x", "N"]' > good.py \
	    <<-'EOF'

	@triton.jit
	def half(v):
	    return v * 0.5


	@triton.jit
	def k(x, N, B: tl.constexpr = 4):
	    tl.store(x + tl.arange(0, B), half(N))
	EOF
	compile good.py > out
	jq -r '.eval.compile.log // empty' out
	check '.eval.status == "pass"' < out
	while IFS='|' read -r edit says; do
		n=$((${n:-0} + 1))
		sed "$edit" good.py > bad$n.py
		cmp -s good.py bad$n.py && false
		echo "$says" >> says
	done <<-'EOF'
	s/half(N)/halve(N)/|^exit 1: candidate.py:13: error: .*halve is not defined
	s/v \* 0.5/v * w/|^exit 1: candidate.py:8: error: .*w is not defined
	s/def k/def other/|error: k: no such @triton.jit function
	s/(x, N,/(x, N, M,/|error: M: the plan has no argument for it
	s/(x, N,/(N,/|error: the plan has 1 arguments more than k takes
	s/ = 4)/)/|error: B: no tunable, nor in constants
	EOF
	compile bad[1-6].py > all
	[ "$(wc -l < all)" = 6 ]
	while read -r says <&4; do
		read -r line
		echo "$line" > out
		jq -r '.eval.compile.log // .eval.detail // empty' out
		check '.eval | .status == "compile_error" and
		    .code == "triton" and (.detail | test($says)) and
		    .compile.log != null and .score == null' --arg says "$says" \
		    < out
	done 4< says < all
}

@test "triton: host code is refused" {
	needs_triton
	plan '"grid": [1], "num_warps": 1, "args": []' > good.py <<-'EOF'
	N = 3
	@triton.jit
	def k():
	    pass
	EOF
	compile good.py | check '.eval.status == "pass"'
	while IFS= read -r line; do
		n=$((${n:-0} + 1))
		sed "s/^N = 3/$line/" good.py > bad$n.py
	done <<-'EOF'
	import os
	print(3)
	N = open("in.c")
	def f(): pass
	@triton.autotune\n@triton.jit\ndef f(): pass
	@triton.jit\ndef f(x: print(3)): pass
	EOF
	compile bad[1-6].py > out
	[ "$(wc -l < out)" = 6 ]
	check '.eval | .status == "compile_error" and (.detail |
	    test("candidate.py:[5-7]: error: no host code"))' < out
}

@test "triton: an object that isn't what the launch needs is refused" {
	needs_triton
	export XDG_CACHE_HOME=$PWD/cache
	gelu > my.py
	compile my.py | check '.eval.status == "pass"'
	cp -r cache good
	while read -r edit; do
		rm -rf cache
		cp -r good cache
		for f in cache/ke/compile/*.so; do
			LC_ALL=C sed -i "1$edit" "$f"
			cmp -s "$f" "good${f#cache}" && false
		done
		compile my.py | check '.eval | .status == "plan_error" and
		    .code == "object"'
	done <<-'EOF'
	s/"pointers": [12]/"pointers": 0/
	s/"threads": 64/"threads": 0 /
	s/"at": ...,/"at": 640,/
	s/"bytes": /"bytes": 9/
	s/"parts"/"ports"/
	EOF
}

# The kernel's text is computed with while it is compiled, and finds its way to
# any module: what it can do there is what the sandbox lets it.
@test "triton: the compiler sees the toolchain and nothing else" {
	needs_triton
	echo some-secret > secret
	chmod 644 secret
	python seen.py 'tl.static_assert(False, PATH("/usr/lib/os-release"
	        .value).read_text())'
	compile seen.py > out
	check '.eval.detail | test("ID=")' < out
	check '.eval.compile.layers | index("mount-namespace") or
	    index("landlock")' < out || skip "no sandbox is granted here"
	for f in /etc/passwd "$PWD/secret"; do
		python read.py "tl.static_assert(False, PATH(\"$f\"
		        .value).read_text())"
		compile read.py > out
		check '.eval | .status == "compile_error" and
		    (.detail | test("Error"))' < out
		run grep -e some-secret -e root: out
		[ "$status" = 1 ]
	done
}

@test "triton: of one candidate nothing reaches the next" {
	needs_triton
	local list='tl.static_assert(False, "has " + "-".value.join(OS.listdir()))'

	python leave.py "OS.mkdir(\"left\".value); $list"
	python look.py "$list"
	python kill.py 'OS.kill((-1).value, (9).value)'
	python set.py 'OS.environ.__setitem__("LEFT".value, "left".value)'
	python get.py 'tl.static_assert(False, "has " +
	        OS.environ.get("LEFT".value, "nothing".value))'
	python fd.py 'OS.fstat((5).value)'
	compile -j 1 leave.py look.py kill.py look.py set.py get.py fd.py > out
	jq -r '.eval.detail // .eval.status' out | sed 's/.*error: //' > said
	cat said
	sed -n 1p said | grep -q '^has.*left'
	for i in 2 4; do
		sed -n ${i}p said > line
		grep -q '^has' line
		run grep left line
		[ "$status" = 1 ]
	done
	sed -n 3p said | grep -q 'No such process'
	[ "$(sed -n 5p said)" = pass ]
	[ "$(sed -n 6p said)" = "has nothing " ]
	sed -n 7p said | grep -q 'Bad file descriptor'
}

# The children of a process whose command line has the word.
children() {
	local p

	for p in /proc/[0-9]*; do
		if [ "$(awk '{print $4}' "$p/stat" 2>/dev/null)" = "$1" ] &&
		    tr '\0' ' ' < "$p/cmdline" | grep -q -e "$2"; then
			echo "${p#/proc/}"
		fi
	done 2> /dev/null
}

# The first of them; of those that have such a child too.
child() {
	local p

	for p in $(children "$1" "$2"); do
		if [ -z "${3:-}" ] || [ -n "$(children "$p" "$3")" ]; then
			echo "$p"
			return 0
		fi
	done
	return 1
}

record() {
	jq -nc --rawfile s "$1" '{v: 1, op: "gelu", language: "triton",
	    target: "cuda:sm_90a", dtype: "f16", source: $s}'
}

# Waits until the command succeeds.
until_is() {
	for ((i = 0; i < 200; i++)); do
		! "$@" > found || return 0
		sleep 0.1
	done
	return 1
}

lines() {
	[ "$(wc -l < out)" -ge "$1" ]
}

@test "triton: a compiler that waits is stopped, and dies, and is done without" {
	needs_triton
	export XDG_CACHE_HOME=$PWD/cache
	plan '"grid": [1], "num_warps": 1, "args": []' > long.py <<-'EOF'
	@triton.jit
	def k():
	    for i in tl.static_range(1000000000):
	        pass
	EOF
	plan '"grid": [1], "num_warps": 1, "args": []' > good.py <<-'EOF'
	@triton.jit
	def k():
	    pass
	EOF
	sed 's/pass/tl.static_assert(True)/' good.py > other.py
	mkfifo in
	ke-eval -c -j 1 < in > out 3>&- &
	pid=$!
	exec 9> in
	record good.py >&9
	until_is lines 1
	check '.eval.status == "pass"' < out
	server=$(child $pid 'python3 -I') || skip "none waits here"
	# it is there for the second and the third too
	python more1.py 'OS._exit((125).value)'
	sed "s/pass/tl.static_assert(2 > 0)/" good.py > more2.py
	for i in 1 2; do
		record more$i.py >&9
		until_is lines $((i + 1))
		[ "$(child $pid 'python3 -I')" = "$server" ]
	done
	sed -n 2p out | check '.eval.status == "compile_error"'
	sed -n 3p out | check '.eval.status == "pass"'
	# who asks is stopped: nobody compiles for it any more
	record long.py >&9
	until_is child $pid "ke-eval-compiler .* ask"
	asks=$(cat found)
	until_is child "$server" python3 python3
	between=$(cat found)
	kill -9 "$asks"
	until_is lines 4
	until_is eval "! kill -0 $between 2> /dev/null"
	tail -n 1 out | check '.eval | .status == "compile_error" and
	    (.detail | test("^SIGKILL"))'
	# the one that waits is lost
	kill -9 "$server"
	record other.py >&9
	until_is lines 5
	tail -n 1 out | check '.eval.status == "pass"'
	exec 9>&-
	wait $pid
}

@test "triton: a plan for another language, and a target without it" {
	plan '"grid": [1], "block": [1], "args": []' > block.py <<< ''
	plan '"grid": [1], "num_warps": 1, "args": []' > warps.py <<< ''
	if [ -z "$NO_TRITON" ]; then
		compile block.py | check '.eval | .status == "plan_error" and
		    .code == "num_warps" and
		    .detail == "a launch needs grid and num_warps"'
		plan '"grid": [1], "num_warps": 1, "args": []' \
		    ', "flags": ["--use_fast_math"]' > flags.py <<< ''
		compile flags.py | check '.eval | .status == "plan_error" and
		    (.detail | test("flags: not allowed"))'
		plan '"grid": [1], "num_warps": 1, "args": []' ', "maps":
		    {"m": {"tensor": "x", "shape": [1], "box": [1]}}' \
		    > maps.py <<< ''
		compile maps.py | check '.eval | .status == "plan_error" and
		    .code == "maps"'
	fi
	cp warps.py warps.c
	ke-eval -c -o gelu warps.c | check '.eval.status == "plan_error"'
	run -1 --separate-stderr ke-eval -c -t cpu -o gelu warps.py
	[[ $stderr = *"target cpu has no language triton" ]]
	check '.error.code == "record"' <<< "$output"
	# and where Python has none
	mkdir -p none/bin
	ln -s "$(command -v true)" none/bin/python3
	KE_TRITON=$PWD/none run -1 --separate-stderr compile warps.py
	[[ $stderr = "ke-eval: warps.py: no Triton for python3; KE_TRITON may"* ]]
}

@test "triton: seeds compile, and tune moves their tunables" {
	for seed in "$root"/ops/*/seed.py; do
		op=$(basename "${seed%/*}")
		jq -c --rawfile s "$seed" --arg op $op '{v: 1, op: $op,
		    language: "triton", target: "cuda:sm_90a", dtype: (.dtypes |
		    if has("f16") then "f16" else keys[0] end), source: $s}' \
		    "${seed%/*}/op.json"
	done > seeds
	[ "$(wc -l < seeds)" = 12 ]
	if [ -z "$NO_TRITON" ]; then
		ke-eval -c -s small < seeds > out
		jq -r 'select(.eval.status != "pass") | .op, .eval.detail' out
		# pffn's 64 rows of 256 spill, and were faster than 32 rows
		check '.eval.status == "pass" and .eval.compile.local_bytes <
		    (if .op == "pffn" then 512 else 128 end)' < out
	fi
	for i in 0 1 2; do
		jq -nc --arg x "x$i" '{v: 1, run: "r", op: "softmax",
		    language: "triton", target: "cuda:sm_90a", dtype: "f32",
		    xid: $x, select: {phase: "draft",
		    draft: $x[1:] | tonumber}}'
	done | ke-gen -b tune > out
	check '.error == null and (.source | startswith("\"\"\"ke-plan"))' < out
	[ "$(jq -c .choice out | sort -u | wc -l)" = 3 ]
	[ -n "$NO_TRITON" ] || tail -n 1 out | ke-eval -c |
	    check '.eval.status == "pass"'
}

# The first text of a document that is a whole candidate.
candidate() {
	awk '/^```$/ { on = 0 } on; /^```python$/ { on = 1; n++ }
	    on && n > 1 { exit }' "$root/kb/$1"
}

@test "triton: candidates that a prompt shows compile" {
	needs_triton
	while read -r op doc; do
		candidate "$doc" > my.py
		ke-eval -c -t cuda:sm_90a -o "$op" -y f16 my.py > out
		jq -r '.eval.compile.log // .eval.detail // empty' out
		check '.eval | .status == "pass" and
		    .compile.local_bytes == 0' < out
	done <<-'EOF'
	gelu constraints/triton.md
	layer_norm hardware/triton/sample-layer-norm.md
	gemm hardware/triton/sample-gemm.md
	EOF
}

# prompt OPERATOR CONTEXT [TARGET]: what is said for it, in text
prompt() {
	jq -nc --arg op "$1" --arg t "${3:-cuda:sm_90a}" '{v: 1, op: $op,
	    language: "triton", dtype: "f16", target: $t, context: '"$2"',
	    select: {depth: 3}}' |
	    ke-prompt -k "$root/kb" -b 60000 > out
	check '.error == null' < out
	jq -r '.prompt.messages[].content' out > text
	jq -r '.prompt.documents[].path' out > paths
}

@test "triton: what a prompt says of it" {
	prompt softmax '{}'
	grep -q '"""ke-plan' text
	grep -q '@triton.jit' text
	# the baseline and the reference, and no other code in C
	[ "$(grep -c '^```cuda$' text)" = 1 ]
	[ "$(grep -c '^```c$' text)" = 1 ]
	run grep KE_BM text
	[ "$status" = 1 ]
	grep -qx constraints/triton.md paths
	grep -qx hardware/triton/reductions.md paths
	run grep -xe 'constraints/c.*u.md' -e 'hardware/cpu/.*' paths
	[ "$status" = 1 ]
}

@test "triton: a parent that a bottleneck holds back gets the machine's pages" {
	for bottleneck in memory compute latency parallelism; do
		prompt gemm '{parent: {id: "n", source: "x", eval: {
		    status: "pass", score: 1}, profile: {bottleneck: {
		    name: "'$bottleneck'", evidence: "", advice: ""}}}}'
		grep -q '^hardware/triton/' paths
		# of CUDA's documents those on hardware
		run grep '^hardware/cuda/' paths
		[[ -z $(sed -E '/\/(numbers|waves|launch-latency|l2-streaming)\.md$/d' \
		    <<< "$output") ]]
		run grep -e '^```cuda' -e KE_BM text
		[ "$status" = 1 ]
		prompt gemm '{parent: {id: "n", source: "x", eval: {
		    status: "pass", score: 1}, profile: {bottleneck: {
		    name: "'$bottleneck'", evidence: "", advice: ""}}}}' \
		    hip:gfx942
		grep -q '^hardware/triton/' paths
		grep -qE '^hardware/hip/(numbers|infinity-cache).md$' paths
		run grep -e '^constraints/hip' -e '^hardware/cuda' paths
		[ "$status" = 1 ]
		run grep -e '^```hip' -e '^```cuda' text
		[ "$status" = 1 ]
	done
}
