# ke-eval(1) -t cuda, as far as it goes without a GPU: what NVRTC is given and
# what becomes of it; where there is no NVRTC, what is said.
bats_require_minimum_version 1.5.0

load check

setup_file() {
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	cd "$BATS_FILE_TMPDIR"
	plan > probe.cu <<-'EOF'
	#include <cuda_fp16.h>
	#include <cuda_bf16.h>
	#include <mma.h>
	extern "C" __global__ void k() {}
	EOF
	export NO_NVRTC=
	list=$(ke-eval -l)
	if [[ $list = *"no libnvrtc.so"* ]]; then
		NO_NVRTC="no NVRTC here: pip install nvidia-cuda-nvrtc"
	elif ! compile probe.cu | check '.eval.status == "pass"'; then
		NO_NVRTC="NVRTC lacks headers: pip install \
nvidia-cuda-runtime nvidia-cuda-crt"
	fi
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	export TMPDIR=$BATS_TEST_TMPDIR
	root=$BATS_TEST_DIRNAME/..
	data=$BATS_TEST_DIRNAME/data/eval
	export KE_OPS=$data/ops:$root/ops
}

needs_nvrtc() {
	[ -z "$NO_NVRTC" ] || skip "$NO_NVRTC"
}

# A candidate whose first line is the plan of a kernel k without arguments, and
# further members; standard input is the rest.
plan() {
	printf '/* ke-plan {%s "launches": [{"kernel": "k", "grid": [1], %s} */\n' \
	    "$1" '"block": [1], "args": []}]'
	cat
}

compile() {
	KE_OPS=$BATS_TEST_DIRNAME/../ops ke-eval -c -t cuda:sm_90a -o softmax \
	    -y f16 "$@"
}

@test "every candidate of ops compiles in every type that it is for" {
	needs_nvrtc
	for op in "$root"/ops/*/; do
		for y in $(jq -r '.dtypes | keys_unsorted[]' "$op/op.json"); do
			ke-eval -c -t cuda:sm_90a -o "$(basename "$op")" \
			    -y "$y" "$op"/{base,seed*}.cu
		done
	done > out
	# each says itself which types it is not for; a baseline is for all
	jq -r 'select(.eval.status != "pass" and (.eval.status !=
	    "compile_error" or (.name | endswith("base.cu")) or (.eval.compile
	    .log | contains("#error directive: \"for ") | not))) |
	    "\(.name) in \(.dtype): \(.error // .eval)"' out > bad
	cat bad
	[ ! -s bad ]
	jq -es 'group_by(.name) | length >= 24 and
	    all(.[]; any(.[]; .eval.status == "pass"))' out
}

@test "what is said of a compilation, and what is left of it" {
	needs_nvrtc
	cp "$root/ops/softmax/seed.cu" my.cu
	ke-eval -c -t cuda:sm_90a -k kept -o softmax -y f16 my.cu > out
	check '.target == "cuda:sm_90a" and .language == "cuda" and
	    .dtype == "f16" and (.eval | .status == "pass" and .score == null and
	    (.compile | .variants >= 1 and .seconds > 0 and .code_bytes > 0 and
	    (.compiler | test("^nvrtc [0-9]+[.][0-9]+$")) and (.flags |
	    index("--gpu-architecture=sm_90a") and index("--std=c++17"))))' \
	    < out
	cmp my.cu kept/candidate.cu
	[ "$(ls kept | wc -l)" = $((1 + $(jq .eval.compile.variants out))) ]
	# ELF for machine 190
	[ "$(head -c 4 kept/variant-0.so | tail -c 3)" = ELF ]
	[ "$(od -An -tu2 -j18 -N2 kept/variant-0.so)" -eq 190 ]
	# the cache has it now
	ke-eval -c -t cuda:sm_90a -o softmax -y f16 my.cu | check \
	    '.eval | .status == "pass" and .compile.layers == null'
}

@test "a plan's flags reach the compiler, others don't" {
	needs_nvrtc
	plan '"flags": ["--use_fast_math"],' > fast.cu <<-'EOF'
	#ifndef __USE_FAST_MATH__
	#error slow
	#endif
	extern "C" __global__ void k() {}
	EOF
	compile fast.cu | check '.eval | .status == "pass" and
	    (.compile.flags | index("--use_fast_math"))'
	for flag in -O3 --pre-include=/etc/passwd --gpu-architecture=sm_70; do
		sed "s,--use_fast_math,$flag," fast.cu > other.cu
		compile other.cu | check '.eval | .status == "plan_error" and
		    (.detail | test("flags: not allowed"))'
	done
}

@test "an error has its line in the candidate, and its text" {
	needs_nvrtc
	plan > wrong.cu <<-'EOF'
	#include <cuda_bf16.h>

	extern "C" __global__ void
	k()
	{
		int three = "four";
	}
	EOF
	compile wrong.cu > out
	check '.eval | .status == "compile_error" and .code == "nvrtc" and
	    (.detail | test("^exit 1: candidate.cu\\(7\\): error: .*int")) and
	    (.compile.log | test("int three = \"four\";")) and .score == null' \
	    < out
}

@test "another signature, no such kernel, another architecture" {
	needs_nvrtc
	cat > other.cu <<-'EOF'
	/* ke-plan {"launches": [{"kernel": "k", "grid": [1], "block": [1],
	    "args": ["x", "y", "M"]}]} */
	extern "C" __global__ void k(const __half *x, float *y, int M) {}
	EOF
	compile other.cu | check '.eval | .status == "compile_error" and
	    (.compile.log | test("candidate.cu\\(3\\): error: .*\"k\""))'
	sed 's/float \*y/__half *y/' other.cu > same.cu
	compile same.cu | check '.eval.status == "pass"'
	ke-eval -c -t cuda:sm_1 -o softmax -y f16 same.cu |
	    check '.eval | .status == "compile_error" and
	    (.compile.log | test("gpu-architecture"))'
}

@test "what a cubin may not hold is refused before a device sees it" {
	needs_nvrtc
	plan > state.cu <<-'EOF'
	__device__ int n;
	extern "C" __global__ void k() { n++; }
	EOF
	compile state.cu | check '.eval | .status == "plan_error" and
	    .code == "state" and (.detail | test("4 bytes"))'
	plan > printf.cu <<-'EOF'
	extern "C" __device__ int vprintf(const char *, void *);
	extern "C" __global__ void k() { vprintf("", 0); }
	EOF
	compile printf.cu | check '.eval | .status == "plan_error" and
	    .code == "symbol" and (.detail | test("vprintf"))'
}

@test "what stands before the source" {
	needs_nvrtc
	cat > my.cu <<-'EOF'
	/* ke-plan {"tune": {"BM": [32, 64]}, "choice": {"BM": 64},
	  "constants": ["N"], "workspace": {"w": {"dtype": "bf16",
	    "shape": ["M"]}},
	  "maps": {"a": {"tensor": "x", "shape": ["M", "N"], "box": [1, 8]}},
	  "launches": [{"kernel": "k", "grid": ["M"], "block": ["BM"],
	    "args": ["a", "x", {"tensor": "y", "offset": "N"}, "w", "M",
	      "BM"]}]} */
	static_assert(sizeof(ke_t) == 2 && KE_T_f16 && KE_BM == 64 && KE_N > 0);
	static_assert(sizeof(CUtensorMap) == 128 && alignof(CUtensorMap) == 64);
	static_assert(sizeof(uint8_t) == 1 && sizeof(int16_t) == 2 &&
	    sizeof(uint32_t) == 4 && sizeof(int64_t) == 8);
	extern "C" __global__ void __launch_bounds__(KE_BM)
	k(const __grid_constant__ CUtensorMap a, const __half *__restrict__ x,
	    ke_t *y, __nv_bfloat16 *w, int M, int BM)
	{
	}
	EOF
	compile my.cu > out
	jq -r '.eval.compile.log // empty' out
	check '.eval.status == "pass" and .eval.compile.variants > 1' < out
	# nothing of it where nothing asks for it
	plan > bare.cu <<-'EOF'
	#if defined KE_T_f16 || !defined KE_T_f32
	#error type
	#endif
	struct CUtensorMap {};
	struct __half {};
	extern "C" __global__ void k() {}
	EOF
	ke-eval -c -t cuda:sm_90a -o softmax -y f32 bare.cu |
	    check '.eval.status == "pass"'
}

@test "a compiler sees the toolchain and nothing else" {
	needs_nvrtc
	echo 'some-secret' > secret
	chmod 644 secret
	plan > probe.cu <<< 'extern "C" __global__ void k() {}'
	compile probe.cu | check '.eval.compile.layers |
	    index("mount-namespace") or index("landlock")' ||
	    skip "no sandbox is granted here"
	for f in /etc/passwd /proc/self/environ /proc/self/maps "$PWD/secret" \
	    "$root/README.md"; do
		plan > include.cu <<-EOF
		#include "$f"
		extern "C" __global__ void k() {}
		EOF
		compile include.cu > out
		check '.eval.status == "compile_error"' < out
		run grep -e root: -e some-secret -e 'LC_ALL=' -e r-xp \
		    -e 'kernel evolution' out
		[ "$status" = 1 ]
	done
	plan > has.cu <<-EOF
	#if __has_include("/etc/passwd") || __has_include("$PWD/secret")
	#error it is there
	#endif
	extern "C" __global__ void k() {}
	EOF
	compile has.cu > out
	jq -r '.eval.compile.log // empty' out
	check '.eval.status == "pass"' < out
}

@test "a plan for the other kind of target" {
	printf '%s\n' '/* ke-plan {"launches": [{"kernel": "k", "grid": ["N"],' \
	    '"args": []}]} */' > threadless.cu
	if [[ $(ke-eval -l) != *libnvrtc* ]]; then
		compile threadless.cu | check '.eval |
		    .status == "plan_error" and .code == "block" and
		    .detail == "a launch needs grid and block"'
		compile "$data/naive.c" | check '.eval.status == "plan_error"'
	fi
	plan < /dev/null > threads.c
	ke-eval -c -o axpy threads.c | check '.eval | .status == "plan_error" and
	    .code == "block" and (.detail | test("language c"))'
	ke-eval -o axpy -t cpu threads.c | check '.eval.status == "plan_error"'
	printf '%s\n' '/* ke-plan {"maps": {"m": {"tensor": "x", "shape": [1],' \
	    '"box": [1]}}, "launches": [{"kernel": "k", "args": []}]} */' \
	    > maps.c
	ke-eval -c -o axpy maps.c | check '.eval | .status == "plan_error" and
	    .code == "maps" and (.detail | test("language c"))'
}

@test "the whole candidate of ke-plan(5)" {
	needs_nvrtc
	mandoc "$root/man/ke-plan.5" | col -bx |
	    sed -n "/A whole candidate in CUDA/,/The same in Triton/p" |
	    sed -n '/ke-plan$/,/^ *}$/p' > gelu.cu
	grep -q '^ *y\[i\] = ' gelu.cu
	echo '}' >> gelu.cu
	for y in f32 f16; do
		ke-eval -c -t cuda:sm_90a -o gelu -y $y gelu.cu > out
		jq -r '.eval.compile.log // empty' out
		check '.eval.status == "pass"' < out
	done
}

@test "-l lists the targets, and why one is not usable" {
	ke-eval -l > list
	[ "$(cut -f 1 list)" = 'cpu
cuda
hip' ]
	grep -P '^cpu\tusable: [0-9]+ cores, ' list
	grep -P '^cuda\t(usable: .+, sm_[0-9]+a?, nvrtc |not usable: .+)' list
}

@test "without a device a record goes on with an error" {
	! ke-eval -l | grep -q '^cuda.usable' || skip "there is a device"
	plan > my.cu <<< 'extern "C" __global__ void k() {}'
	for options in "-t cuda" "-t cuda:sm_90a" "-r -t cuda" "" "-c -t cuda"
	do
		run -1 --separate-stderr ke-eval $options -o axpy my.cu
		check '.error.tool == "ke-eval" and .error.code == "record" and
		    (.error.message | test("no driver|no libnvrtc")) and
		    .eval == null and (.target | test("^cuda")) and
		    .language == "cuda" and .source != null' <<< "$output"
		[[ $stderr = "ke-eval: my.cu: no "* ]]
	done
	# others on the same pipe are evaluated
	{
		jq -nc --rawfile s my.cu \
		    '{v: 1, op: "axpy", target: "cuda", source: $s, more: [1]}'
		jq -nc --rawfile s "$data/zeros.c" \
		    '{v: 1, op: "axpy", target: "cpu", source: $s}'
	} > in
	run -1 --separate-stderr ke-eval in
	[ "${#lines[@]}" = 2 ]
	[ "$(jq -c 'del(.error, .dtype)' <<< "${lines[0]}")" = "$(head -1 in)" ]
	check '.eval.status == "wrong"' <<< "${lines[1]}"
	run -1 ke-eval -i -o axpy -t cuda
	[[ $output = "ke-eval: cuda: no "* ]]
}
