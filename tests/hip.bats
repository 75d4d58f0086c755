# ke-eval(1) -t hip, as far as it goes without a GPU: what hiprtc is given and
# what becomes of it; where there is no hiprtc, what is said.
bats_require_minimum_version 1.5.0

load check

setup_file() {
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	export NO_HIPRTC=
	list=$(ke-eval -l)
	if [[ $list = *"no libhiprtc.so"* ]]; then
		NO_HIPRTC="no hiprtc here: apt-get install libamdhip64-5"
	fi
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	export TMPDIR=$BATS_TEST_TMPDIR
	root=$BATS_TEST_DIRNAME/..
	data=$BATS_TEST_DIRNAME/data/eval
	export KE_OPS=$data/ops:$root/ops
}

needs_hiprtc() {
	[ -z "$NO_HIPRTC" ] || skip "$NO_HIPRTC"
}

# A candidate whose first line is the plan of a kernel k of x, y and N, and
# further members of the plan and the launch; standard input is the rest.
plan() {
	printf '/* ke-plan {%s "launches": [{"kernel": "k", "grid": [1], %s} */\n' \
	    "$1" '"block": [64], '"$2"'"args": ["x", "y", "N"]}]'
	cat
}

compile() {
	ke-eval -c -t hip:gfx90a -o softmax -y f16 "$@"
}

kernel='extern "C" __global__ void k(const ke_t *x, ke_t *y, int N)'

@test "hip: every candidate of ops compiles in a type that it is for" {
	needs_hiprtc
	# in the constants of the first case of each set
	for op in "$root"/ops/*/; do
		name=$(basename "$op")
		cp -r "$op" "$name"
		jq '.cases |= map_values(.[:1])' "$op/op.json" > "$name/op.json"
		y=$(jq -r '.dtypes | keys_unsorted - ["bf16"] | last' \
		    "$op/op.json")
		for f in "$name"/*.hip; do
			[ -e "$f" ] || continue
			ke-eval -c -t hip:gfx90a -o "./$name" -y "$y" "$f"
		done
	done > out
	jq -r 'select(.eval.status != "pass") |
	    "\(.name) in \(.dtype): \(.error // .eval)"' out > bad
	cat bad
	[ ! -s bad ]
}

@test "hip: what is said of a compilation, and what is left of it" {
	needs_hiprtc
	plan '"constants": ["N"],' '"shared": 4096, ' > my.hip <<-EOF
	static __constant__ const float table[4] = {1, 2, 3, 4};
	$kernel
	{
		extern __shared__ float line[];
		__shared__ float own[256];

		line[threadIdx.x] = own[threadIdx.x] = __half2float(x[N]);
		__syncthreads();
		y[KE_N] = __float2half(line[N] + own[63 - N] + table[N & 3]);
	}
	EOF
	compile -s production my.hip > out
	check '.target == "hip:gfx90a" and .language == "hip" and
	    .eval.status == "pass"' < out
	jq -c .eval.compile out
	check '.eval.compile | (.compiler | test("^hiprtc [0-9]+[.][0-9]")) and
	    .flags == ["--offload-arch=gfx90a", "-O3", "-std=c++17"] and
	    (.layers | index("landlock")) and .variants > 1 and
	    .code_bytes > 1000 and .registers > 0 and .shared_bytes == 1024 and
	    .kernels[0].kernel == "k" and .kernels[0].vgprs > 0 and
	    .kernels[0].sgprs > 0 and .kernels[0].lds_bytes == 1024 and
	    .kernels[0].scratch_bytes == 0 and .kernels[0].vgpr_spills == 0 and
	    .kernels[0].waves_per_simd == 8 and (.kernels | length) == 1' < out
	# once compiled, no compiler is run
	compile -s production my.hip | check '.eval.compile.layers == null'
}

@test "hip: registers, spills and waves are the object's own" {
	needs_hiprtc
	plan '' '' > spill.hip <<-EOF
	extern "C" __global__ void __launch_bounds__(1024, 8)
	k(const ke_t *x, ke_t *y, int N)
	{
		float v[80], w[64];

	#pragma unroll
		for (int i = 0; i < 80; i++)
			v[i] = __half2float(x[i * N + threadIdx.x]);
		for (int j = 0; j < N; j++)
	#pragma unroll
			for (int i = 0; i < 80; i++)
				v[i] = v[i] * v[(i + 7) % 80] + j;
		w[N & 63] = v[0];
		float sum = w[threadIdx.x & 63];
	#pragma unroll
		for (int i = 0; i < 80; i++)
			sum += v[i] * i;
		y[threadIdx.x] = __float2half(sum);
	}
	EOF
	compile spill.hip > out
	jq -c '.eval.compile.kernels, .eval.detail' out
	check '.eval.compile.kernels[0] | .vgpr_spills > 0 and .vgprs <= 64 and
	    .scratch_bytes >= 256 and .waves_per_simd == 8 and
	    .max_threads == 1024' < out
}

@test "hip: a message of the compiler names the candidate's line" {
	needs_hiprtc
	plan '' '' > bad.hip <<-EOF
	$kernel
	{
		y[N] = nothing_of_that_name;
	}
	EOF
	compile bad.hip | check '.eval.status == "compile_error" and
	    .eval.code == "hiprtc" and (.eval.compile.log |
	    test("candidate.hip:4:.*nothing_of_that_name"))'
	# other arguments than the plan's
	plan '' '' > other.hip <<< 'extern "C" __global__ void k(float *y) {}'
	compile other.hip | check '.eval.status == "compile_error" and
	    (.eval.compile.log | test("conflicting types|overload"))'
}

@test "hip: state, and what is the runtime's to give, are refused" {
	needs_hiprtc
	said() {
		plan '' '' > bad.hip
		compile bad.hip > out
		jq -c .eval out
		check ".eval.status == \"plan_error\" and .eval.code == \"$1\" and
		    (.eval.detail | test(\"$2\"))" < out
	}

	said state "^4 bytes of module-scope" <<-EOF
	__device__ int count;
	$kernel { y[0] = count++; }
	EOF
	said state "^12 bytes of module-scope" <<-EOF
	__constant__ float table[3] = {1, 2, 3};
	$kernel { y[0] = table[N]; *(float *)(table + 1) = 3; }
	EOF
	said state "^4 bytes of module-scope" <<-EOF
	$kernel { static int count; y[0] = count++; }
	EOF
	said symbol "may not print" <<< "$kernel { printf(\"%d\", N); }"
	# a kernel that isn't there
	said object "no metadata of kernels|no such kernel: k" <<< ""
}

@test "hip: plans that no device of AMD's can run" {
	needs_hiprtc
	said() {
		ke-eval -c -t hip:gfx90a -o softmax -y "$3" my.hip > out
		jq -c .eval out
		check ".eval.status == \"plan_error\" and .eval.code == \"$1\" and
		    (.eval.detail | test(\"$2\"))" < out
	}

	plan '' '"cluster": [2], ' > my.hip <<< "$kernel {}"
	said cluster "^language hip has no clusters" f16
	plan '"maps": {"m": {"tensor": "x", "shape": ["N"], "box": [8]}},' '' \
	    > my.hip <<< "$kernel {}"
	said maps "^language hip has no tensor maps" f16
	plan '' '"shared": 65537, ' > my.hip <<< "$kernel {}"
	said shared "65537 bytes: a block has 65536 at most" f16
	plan '"flags": ["--use_fast_math"],' '' > my.hip <<< "$kernel {}"
	said flags "^language hip has no --use_fast_math" f16
	plan '"workspace": {"w": {"dtype": "bf16", "shape": [4]}},' '' \
	    > my.hip <<< "$kernel {}"
	said dtype "^workspace.w: language hip has no such type" f16
	sed 's/"args": .*]}]}/"args": []}]}/; s/(.*)/()/' my.hip > none.hip
	ke-eval -c -t hip:gfx90a -o gemm -y bf16 none.hip | check '.eval |
	    .status == "plan_error" and .code == "dtype" and
	    (.detail | test("language hip has no such type"))'
	plan '"flags": ["-ffast-math"],' '' > my.hip <<< "$kernel {}"
	ke-eval -c -t hip:gfx90a -o softmax -y f32 my.hip | check '.eval |
	    .status == "pass" and .compile.flags[-1] == "-ffast-math"'
}

@test "hip: an architecture that the compiler doesn't know, or none" {
	needs_hiprtc
	plan '' '' > my.hip <<< "$kernel {}"
	# by no such name: the compiler is asked before it would end by a signal
	ke-eval -c -t hip:gfx1fff -o softmax -y f16 my.hip |
	    check '.eval.status == "compile_error" and
	    .eval.detail == "exit 1: hiprtc: it can'"'"'t compile for gfx1fff "'
	run -2 ke-eval -c -t hip:sm_90a -o softmax my.hip
	[[ $output = *"hip:sm_90a: no such target"* ]]
	run -2 ke-eval -c -t cuda:gfx90a -o softmax my.hip
	run -2 ke-eval -c -t hip: -o softmax my.hip
}

@test "hip: a candidate of another language, and one without a device" {
	needs_hiprtc
	plan '' '' > my.hip <<< "$kernel {}"
	run -1 --separate-stderr ke-eval -c -t cuda:sm_90a -o softmax my.hip
	[[ $stderr = *"target cuda has no language hip" ]]
	run -1 --separate-stderr ke-eval -c -o softmax my.hip
	[[ $stderr = *"hip"* ]]
	if ke-eval -l | grep -q '^hip.usable'; then
		skip "there is a device"
	fi
	run -1 --separate-stderr ke-eval -t hip:gfx90a -o softmax my.hip
	[[ $stderr = *"hip: "* || $stderr = *"hipError"* ]]
}

@test "hip: KE_HIP names a folder" {
	mkdir -p none/lib64
	echo > none/lib64/libhiprtc.so
	KE_HIP=$PWD/none ke-eval -l | grep \
	    $'^hip\tnot usable: .*/none/lib64/libhiprtc.so can'"'t be loaded$"
}
