# ke-eval(1) -t hip from end to end without a GPU, as fake.bats for CUDA: the
# same driver has AMD's names, and waves of 64 lanes.  Where ROCm ends the
# process, it does.
bats_require_minimum_version 1.5.0

load fake

setup_file() {
	command -v clang++ > /dev/null || skip "no clang++"
	fake_open hip hip KE_HIP
}

# A matrix product of waves, whose tiles are so wide; $1 of f16 or f32.
product() {
	sed "s/WIDTH/$1/" <<-'E'
	/* ke-plan {"tune": {"W": [WIDTH]}, "launches": [{"kernel": "product",
	    "grid": ["cdiv(M, W)", "cdiv(N, W)"], "block": [64],
	    "args": ["A", "B", "C", "M", "N", "K"]}]} */
	typedef _Float16 half4 __attribute__((ext_vector_type(4)));
	typedef float floats __attribute__((ext_vector_type(KE_W * KE_W / 64)));
	#ifdef KE_T_f16
	#define P 4
	#define V half4
	#define ELEMENT(v, e) (v)[e]
	#define NUMBER(x) (_Float16)__half2float(x)
	#else
	#define P 1
	#define V float
	#define ELEMENT(v, e) (v)
	#define NUMBER(x) (x)
	#endif
	static __device__ floats
	mul(V a, V b, floats c)
	{
	#if KE_W == 16 && P == 4
		return __builtin_amdgcn_mfma_f32_16x16x16f16(a, b, c, 0, 0, 0);
	#elif KE_W == 16
		return __builtin_amdgcn_mfma_f32_16x16x4f32(a, b, c, 0, 0, 0);
	#elif P == 4
		return __builtin_amdgcn_mfma_f32_32x32x8f16(a, b, c, 0, 0, 0);
	#else
		return __builtin_amdgcn_mfma_f32_32x32x2f32(a, b, c, 0, 0, 0);
	#endif
	}

	extern "C" __global__ void
	product(const ke_t *A, const ke_t *B, ke_t *C, int M, int N, int K)
	{
		int group = threadIdx.x / KE_W, own = threadIdx.x % KE_W;
		int i = blockIdx.x * KE_W + own, j = blockIdx.y * KE_W + own;
		floats c = {0};

		for (int first = P * group; first < K + P * group;
		    first += P * 64 / KE_W) {
			V a = {0}, b = {0};

			for (int e = 0, k = first; e < P && k < K; e++, k++) {
				if (i < M)
					ELEMENT(a, e) = NUMBER(A[i * K + k]);
				if (j < N)
					ELEMENT(b, e) = NUMBER(B[k * N + j]);
			}
			c = mul(a, b, c);
		}
		for (int r = 0; r < KE_W * KE_W / 64; r++) {
			int row = blockIdx.x * KE_W + r / 4 * 256 / KE_W +
			    group * 4 + r % 4;

			if (row < M && j < N)
				C[row * N + j] = (ke_t)c[r];
		}
	}
	E
}

@test "the device, or why there is none" {
	ke-eval -l > list
	grep -P '^hip\tusable: fake device, gfx90a, hiprtc 6.3.0$' list
	faults <<< 'keeper hipInit 1 2 100'
	ke-eval -l > list
	grep -P '^hip\tnot usable: hipErrorNoDevice$' list
	fired
	mkdir -p none/lib64
	echo none > none/lib64/libamdhip64.so
	KE_HIP=$PWD/none ke-eval -l > list
	grep -P "^hip\tnot usable: .*/none/lib64/libamdhip64.so can't be \
loaded$" list
}

@test "a verdict on each of many, and the last is timed" {
	candidate wrong 'if (i == 0) z[i] += 1;' > wrong.hip
	candidate trap 'if (i == 0) __builtin_trap();' > trap.hip
	candidate wild 'if (i == 0) *(volatile int *)16 = 1;' > wild.hip
	candidate input 'if (i == 0) ((float *)x)[0] = 1;' > input.hip
	candidate large 'extern __shared__ float s[]; s[threadIdx.x] = i;' |
	    sed 's/"block"/"shared": "N > 1000 ? 65537 : 512", &/' > large.hip
	sed 's/cdiv(N, 128)/cdiv(N, 256)/; s/ \* blockDim/ * 2 * blockDim/
	    s/^$/if (i + 128 < N) z[i + 128] = a[0] * x[i + 128] + y[i + 128];/
	    ' > fast.hip < <(candidate fast '')
	verdicts <<-'E'
	wrong wrong element z\[0\] is .*
	trap fault SIGABRT the driver ended the process
	wild fault SIGABRT the driver ended the process
	input fault SIGABRT the driver ended the process
	large plan_error shared launches\[0\]: 65537 bytes: a block has 65536 .*
	fast pass
	E
	# half the threads: of this device's time that is known
	jq -es '.[-1].eval | .score > 1.4 and .score < 1.5 and
	    .env.device == "fake device" and .env.arch == "gfx90a" and
	    .env.driver == "6.3.0" and .trust == "device-only" and
	    .env.power_w == 50 and .env.temperature_c == 40 and
	    .cases[-1].sm_mhz > 990 and .cases[-1].sm_mhz < 1010' verdicts
}

@test "waves of 64 lanes" {
	# 63 is another lane of the wave, and no lane of half a wave
	candidate wave 'float v = __shfl_xor(i < N ? z[i] : 0, 63);
	    if (__ballot(i < N) == ~0ull) z[i] = __shfl_xor(v, 63);' > wave.hip
	candidate narrow 'float v = __shfl_xor(i < N ? z[i] : 0, 63, 32);
	    if (i < N) z[i] = __shfl_xor(v, 63);' > narrow.hip
	verdicts -r <<-'E'
	wave pass
	narrow wrong element .*
	E
}

@test "matrix instructions, in waves' registers" {
	mkdir -p "$KE_OPS/gemm"
	cp "$BATS_TEST_DIRNAME"/../ops/gemm/{ref,base}.c "$KE_OPS/gemm"
	jq '.cases = {check: [1, 2, 3] | map({M: ., N: 1, K: 1}),
	    production: [{M: 35, N: 34, K: 21}]}' \
	    "$BATS_TEST_DIRNAME/../ops/gemm/op.json" > "$KE_OPS/gemm/op.json"
	product 16 > "$KE_OPS/gemm/base.hip"
	product 16 > p16.hip
	product 32 > p32.hip
	# each group of lanes takes the other's rows
	product 32 | sed 's/group \* 4 + r/(1 - group) * 4 + r/' > rows.hip
	ke-eval -t hip -r -o gemm -y f16 p16.hip p32.hip rows.hip > verdicts
	jq -c '.eval | [.status, .detail]' verdicts
	jq -es 'map(.eval.status) == ["pass", "pass", "wrong"]' verdicts
	ke-eval -t hip -r -o gemm -y f32 p16.hip p32.hip > verdicts
	jq -c '.eval | [.status, .detail]' verdicts
	jq -es 'map(.eval.status) == ["pass", "pass"]' verdicts
}

@test "what the compiler says, and what it may not leave behind" {
	candidate syntax 'int three = "four";' > syntax.hip
	{ candidate state 'last++;' | sed '/^extern/i __device__ int last;'
	} > state.hip
	candidate arch '' > arch.hip
	verdicts -c <<-'E'
	syntax compile_error hiprtc exit 1: candidate.hip:10:.* error: cannot .*
	state plan_error state [0-9]+ bytes of module-scope variables.*
	arch pass
	E
	jq -es '.[-1].eval.compile.kernels[0] | .kernel == "arch" and
	    .vgprs == 32 and .waves_per_simd == 8' verdicts
}

@test "faults of the device, in one call" {
	faults <<-'E'
	runner hipModuleLaunchKernel:no_room 1 1 701
	runner hipModuleLaunchKernel:no_shape 3 1 1
	runner run:astray 1 1 700
	runner run:broken 2 1 719
	runner run:ecc 1 1 214
	runner run:hangs 1 1 hang
	runner run:dies 4 1 exit
	runner run:aborts 4 1 abort
	runner hipModuleGetFunction:gone 2 1 500
	runner clock:slow 1 0 =500
	keeper temperature_c 1 0 =99
	E
	verdicts <<-'E'
	no_room plan_error device hipErrorLaunchOutOfResources
	no_shape plan_error device hipErrorInvalidValue
	astray fault 700 (astray|event): hipErrorIllegalAddress
	broken fault 719 (broken|event): hipErrorLaunchFailure
	ecc pass
	hangs timeout deadline no end within its time
	dies protocol reply the runner ended without one
	aborts fault SIGABRT the driver ended the process
	gone plan_error device no such kernel
	slow throttled clock the processor was slow in .* pairs
	fine pass
	E
	fired
	jq -es 'all(.[].eval; .env.temperature_c == 99 and
	    ((.score // 0) > 0) == (.status == "pass"))' verdicts
}

@test "a lost device is quarantined, and told of every candidate" {
	faults <<< 'runner run:loses 2 1 lost'
	verdicts <<-'E'
	loses fault 999 (loses|event): hipErrorUnknown
	next quarantined device the keeper: hipErrorNoDevice
	after quarantined device the keeper: hipErrorNoDevice
	E
	fired
	ke-eval -l | grep -P '^hip\tnot usable: hipErrorNoDevice$'
}

@test "a compiler that fails by itself, or is ended" {
	# its sandbox lets it not count
	faults <<< 'compiler hiprtcCompileProgram 1 0 11'
	verdicts -c <<< 'uncompiled compile_error hiprtc .*INTERNAL_ERROR.*'
	# as ROCm's is over an architecture that it doesn't know
	faults <<< 'compiler hiprtcCompileProgram 1 0 abort'
	verdicts -c <<< 'uncompiled compile_error hiprtc .*SIGABRT.*'
	rm "$FAKE/lib64/faults"
	verdicts -c <<< 'uncompiled pass'
}

@test "a runner without memory has a second chance to start, and no third" {
	faults <<< 'runner hipMalloc 1 1 2'
	verdicts -r <<< 'fine pass'
	fired
	faults <<< 'runner hipMalloc 1 2 2'
	run ke-eval -r -t hip -o axpy fine.hip
	[[ $output = *quarantined*"memory: hipErrorOutOfMemory"* ]]
	fired
}
