# ke-eval(1) -t cuda from end to end without a GPU: tests/fake has the driver.
# A fault that is asked for must be seen to fire, and end in its verdict, with
# those after it evaluated as if nothing had been.
bats_require_minimum_version 1.5.0

load fake

setup_file() {
	fake_open cuda cu KE_CUDA
}

@test "the device, or why there is none" {
	ke-eval -l > list
	grep -P '^cuda\tusable: fake device, sm_75, nvrtc 13.0$' list
	faults <<< 'keeper cuInit 1 2 100'
	ke-eval -l > list
	grep -P '^cuda\tnot usable: CUDA_ERROR_NO_DEVICE$' list
	fired
	mkdir -p none/lib64
	echo none > none/lib64/libnvrtc.so
	KE_CUDA=$PWD/none ke-eval -l > list
	grep -P "^cuda\tnot usable: .*/none/lib64/libnvrtc.so can't be loaded$" \
	    list
}

@test "a verdict on each of many, and the last is timed" {
	candidate wrong 'if (i == 0) z[i] += 1;' > wrong.cu
	candidate trap 'if (i == 0) __trap();' > trap.cu
	candidate wild 'if (i == 0) *(volatile int *)16 = 1;' > wild.cu
	candidate beyond 'if (i == 0) z[N + (1 << 20)] = 1;' > beyond.cu
	candidate input 'if (i == 0) ((float *)x)[0] = 1;' > input.cu
	candidate apart 'if (i == 0) __syncthreads(); else __syncthreads();
	    __shared__ float s[128];
	    s[threadIdx.x] = i < N ? z[i] : 0; __syncthreads();
	    if (i % 2 == 0 && i + 1 < N) z[i] = s[threadIdx.x ^ 1];' > apart.cu
	candidate vast '' | sed '
	    s/{"launches"/{"workspace": {"w": {"dtype": "f32", "shape": ["W"]}},&/
	    s/,{"launches"/, "launches"/; s/"W"/"100000000"/' > vast.cu
	sed 's/cdiv(N, 128)/cdiv(N, 256)/; s/ \* blockDim/ * 2 * blockDim/
	    s/^$/if (i + 128 < N) z[i + 128] = a[0] * x[i + 128] + y[i + 128];/
	    ' > fast.cu < <(candidate fast '')
	verdicts <<-'E'
	wrong wrong element z\[0\] is .*
	trap fault 719 (trap|event): CUDA_ERROR_LAUNCH_FAILED
	wild fault 700 (wild|event): CUDA_ERROR_ILLEGAL_ADDRESS
	beyond fault 700 (beyond|event): CUDA_ERROR_ILLEGAL_ADDRESS
	input fault 700 (input|event): CUDA_ERROR_ILLEGAL_ADDRESS
	apart wrong element .*
	vast plan_error device workspaces of 2.4e\+09 bytes .*
	fast pass
	E
	# half the threads: of this device's time that is known
	jq -es '.[-1].eval | .score > 1.4 and .score < 1.5 and
	    .env.device == "fake device" and .trust == "device-only" and
	    .cases[-1].sm_mhz == 1000' verdicts
}

@test "what the compiler says, and what it may not read" {
	candidate syntax 'int three = "four";' > syntax.cu
	{ candidate state 'last++;' | sed '/^extern/i __device__ int last;'
	} > state.cu
	candidate ptx 'asm volatile("exit;");' > ptx.cu
	{ candidate reads '' | sed '/^extern/i #include "/etc/passwd"'
	} > reads.cu
	verdicts -c <<-'E'
	syntax compile_error nvrtc exit 1: candidate.cu:.*:10:.* error: invalid .*
	state plan_error state [0-9]+ bytes of module-scope variables.*
	ptx compile_error nvrtc .*
	reads compile_error nvrtc .*
	E
	run ! grep root: verdicts
}

@test "faults of the device, in one call" {
	faults <<-'E'
	runner cuLaunchKernelEx:no_room 1 1 701
	runner cuLaunchKernelEx:no_shape 3 1 1
	runner cuLaunchKernelEx:unlaunched 2 1 719
	runner run:astray 1 1 700
	runner run:broken 2 1 719
	runner run:hangs 1 1 hang
	runner run:dies 4 1 exit
	runner run:ecc 6 1 214
	runner cuModuleGetFunction:gone 2 1 500
	runner clock:slow 1 0 =500
	keeper clock_reasons 1 0 =64
	E
	verdicts <<-'E'
	no_room plan_error device CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES
	no_shape plan_error device CUDA_ERROR_INVALID_VALUE
	unlaunched fault 719 unlaunched: CUDA_ERROR_LAUNCH_FAILED
	astray fault 700 (astray|event): CUDA_ERROR_ILLEGAL_ADDRESS
	broken fault 719 (broken|event): CUDA_ERROR_LAUNCH_FAILED
	hangs timeout deadline no end within its time
	dies protocol reply the runner ended without one
	gone plan_error device no such kernel
	slow throttled clock the processor was slow in .* pairs
	ecc pass
	fine pass
	E
	fired
	jq -es 'all(.[].eval; .env.clock_reasons == 64 and
	    ((.score // 0) > 0) == (.status == "pass")) and
	    last.eval.joules > 0' verdicts
}

@test "faults that nobody is to blame for, one after another in one call" {
	faults <<-'E'
	runner cuLaunchKernelEx:memory 1 1 2
	runner run:ecc 1 1 214
	runner run:loses 1 1 lost:1
	E
	verdicts -r 2> why <<-'E'
	memory pass
	ecc pass
	loses fault 999 (loses|event): CUDA_ERROR_UNKNOWN
	next pass
	E
	fired
	diff why - <<-'E'
	ke-eval: axpy: the runner: memory: CUDA_ERROR_OUT_OF_MEMORY
	ke-eval: axpy: the runner: ecc: CUDA_ERROR_ECC_UNCORRECTABLE
	ke-eval: axpy: the runner: CUDA_ERROR_NO_DEVICE
	E
}

@test "a device that does not recover is quarantined, until it does" {
	local lost='quarantined device the keeper: CUDA_ERROR_NO_DEVICE'

	faults <<< 'runner run:loses 1 1 lost:3'
	verdicts -r <<-E
	loses fault 999 (loses|event): CUDA_ERROR_UNKNOWN
	next $lost
	after $lost
	last pass
	E
	fired
	faults <<< 'runner run:loses 2 1 lost'
	candidate unparsed 'int three = "four";' > unparsed.cu
	verdicts <<-E
	loses fault 999 (loses|event): CUDA_ERROR_UNKNOWN
	next $lost
	unparsed compile_error nvrtc .*
	after $lost
	E
	fired
	ke-eval -l | grep -P '^cuda\tnot usable: CUDA_ERROR_NO_DEVICE$'
}

@test "a compiler that fails by itself" {
	# nobody can write a count into the file there; no source is to blame
	# for that code
	faults <<< 'compiler nvrtcCompileProgram:uncompiled 1 0 11'
	verdicts -r <<-'E'
	uncompiled compile_error nvrtc .*NVRTC_ERROR_INTERNAL_ERROR.*
	compiled pass
	E
	rm "$FAKE/lib64/faults"
	verdicts -c <<< 'uncompiled pass'
}

@test "the keeper fails anywhere, and the run goes on" {
	local fault why

	# opening it, copying inputs, hashing them, computing what must come out,
	# verifying
	while IFS='|' read -r fault why; do
		faults <<< "keeper $fault"
		verdicts -r 2> said <<< 'fine pass'
		[[ $(cat said) =~ ^ke-eval:\ axpy:\ the\ keeper:\ $why$ ]]
		fired
	done <<-'E'
	cuModuleLoadData 1 1 2|.*\.so: CUDA_ERROR_OUT_OF_MEMORY
	cuMemcpyHtoD_v2 5 1 214|copying inputs to the device: CUDA_ERROR_ECC_UNCORRECTABLE
	run:ke_hash 2 1 exit|ended
	run:ke_out_3 2 1 214|.*CUDA_ERROR_ECC_UNCORRECTABLE
	run:ke_canary 25 1 700|.*CUDA_ERROR_ILLEGAL_ADDRESS
	E
}

@test "while a group is timed, the keeper dies, or the baseline fails" {
	faults <<< 'keeper run:ke_canary 70 1 exit'
	verdicts 2> said <<-'E'
	fine pass
	kept pass
	E
	fired
	[ "$(cat said)" = 'ke-eval: axpy: the keeper: ended' ]
	# who is timed again is compared with all others again
	jq -es '.[0].eval.versus[0].name == "kept.cu" and
	    all(.[].eval.cases[]; .status == "pass")' verdicts
	faults <<< 'runner run:axpy 30 1 719'
	verdicts 2> said <<< 'fine pass'
	fired
	grep -E 'the baseline: fault: 719: [a-z]+: CUDA_ERROR_LAUNCH_F.*' said
}

@test "one that brings the device down twice takes nobody along" {
	faults <<< 'runner run:bringer 1 3 214'
	verdicts 2> said <<-'E'
	fine pass
	bringer quarantined device the runner: .*ECC_UNCORRECTABLE
	kept pass
	E
	fired
	[ "$(grep -c ECC_UNCORRECTABLE said)" = 3 ]
	# a device that is down for everybody isn't tried with each of them
	faults <<< 'runner cuMemAlloc_v2 1 4 2'
	verdicts 2> said <<-'E'
	fine quarantined device .*
	kept quarantined device .*
	more quarantined device .*
	E
	fired
	[ "$(grep -c OUT_OF_MEMORY said)" = 4 ]
}

@test "who does not answer is not waited for" {
	faults <<-'E'
	keeper run:ke_canary 25 1 hang
	runner cuModuleGetFunction:mute 1 1 hang
	E
	SECONDS=0
	verdicts -r 2> said <<-'E'
	fine pass
	mute pass
	E
	((SECONDS < 60))
	fired
	diff said - <<-'E'
	ke-eval: axpy: the keeper: no answer
	ke-eval: axpy: the runner: no answer
	E
}

@test "twice is enough: a runner that can't be started, an operator's fault" {
	faults <<< 'runner cuMemAlloc_v2 1 1 2'
	verdicts -r <<< 'fine pass'
	fired
	faults <<< 'runner cuMemAlloc_v2 1 2 2'
	verdicts -r <<-'E'
	fine quarantined device the runner: memory: CUDA_ERROR_OUT_OF_MEMORY
	next pass
	E
	fired
	faults <<< 'runner run:axpy 2 1 700'
	verdicts -r 2> said <<< 'fine pass'
	fired
	grep -E 'base.cu: fault: 700: (axpy|event): CUDA_ERROR_ILL.*' said
	faults <<< 'runner run:axpy 2 2 700'
	run -1 ke-eval -r -t cuda -o axpy fine.cu
	[[ $output =~ base.cu:\ fault:\ 700:\ (axpy|event):\ CUDA_ERROR_ILL ]]
	[[ $output = *'"code":"operator"'* ]]
	fired
}

# Judges the operator: is what is said of it as in the expression?
admitted() {
	ke-eval -A -t cuda -s production -y f32 axpy > out 2> said || true
	jq -e "$1" out
}

@test "-A: what is admitted on a device, and what precision it needs there" {
	# so small an operator has too few check cases
	local failed='[.tests[] | select(.result == "fail").test]'

	admitted ".target == \"cuda\" and $failed == [\"checks\"] and
	    (.tolerance.calibrated | .honest == \"base.cu\" and
	    (.c | .[0] < 2 and .[1] > 1000) and
	    (.c2 | .[0] < 1 and .[1] > 1000))"
	# a seed that drops eight bits of what it computes
	candidate rough 'if (i < N)
	    z[i] = __int_as_float(__float_as_int(z[i]) & ~255);' \
	    > "$KE_OPS/axpy/seed.cu"
	admitted "$failed == [\"checks\", \"tolerance\"] and
	    .tolerance.calibrated.honest == \"base.cu, seed.cu\" and
	    .tolerance.calibrated.c[0] > 100 and any(.tests[]; .detail |
	    test(\"less than twice .* honest need\") and
	    test(\"seed.cu at z\"))"
	rm "$KE_OPS/axpy/seed.cu"
	# a device that fails says nothing of an operator
	faults <<< 'keeper run:ke_out_3 1 100 719'
	run -111 ke-eval -A -t cuda -s production -y f32 axpy
	[[ $output = "ke-eval: axpy: f32: the keeper: "*LAUNCH_FAILED ]]
	fired
}

@test "baselines in CUDA, and ref.c on the device, are right here too" {
	local op type

	# held against ref.c on the CPU as well; not timed
	while read -r op type; do
		ke-eval -r -s small -t cuda -y "$type" \
		    -o "$BATS_TEST_DIRNAME/../ops/$op" \
		    "$BATS_TEST_DIRNAME/../ops/$op/base.cu" > out
		jq -e --arg y "$type" '.dtype == $y and .eval.status == "pass"' \
		    out || { jq .eval out; false; }
	done <<-'E'
	layer_norm f16
	batch_event_truncate i64
	E
}

@test "descriptors: as many as may be, and what is said where it is too few" {
	(ulimit -Sn 64 && verdicts -e full <<< 'fine pass')
	(ulimit -n 200 && run -111 --separate-stderr ke-eval -e full -t cuda \
	    -o axpy fine.cu && [[ $stderr = *"only 200 allowed (ulimit -Hn)" ]])
}

@test "a search goes on after faults, and ends with the best" {
	cat > "$KE_OPS/axpy/seed.cu" <<-'E'
	/* ke-plan {"tune": {"BM": [32, 64, 128, 256]},
	    "launches": [{"kernel": "tuned", "grid": ["cdiv(N, BM)"],
	    "block": ["BM"], "args": ["a", "x", "y", "z", "N"]}]} */
	extern "C" __global__ void
	tuned(const float *a, const float *x, const float *y, float *z, int N)
	{
		int i = blockIdx.x * KE_BM + threadIdx.x;

		if (i < N)
			z[i] = a[0] * x[i] + y[i];
	}
	E
	faults <<-'E'
	runner run:tuned 3 1 700
	runner run:tuned 5 1 719
	keeper run:ke_canary 60 1 214
	E
	cd "$BATS_TEST_TMPDIR"
	ke-search -q -o axpy -t cuda -r r -s nodes=3 > out
	fired
	jq -e '.nodes == 3 and .pass == 1 and .best.id != null' out
	ke-store nodes -r r | jq -es 'map(select(.seq).status) ==
	    ["fault", "fault", "pass", "pass"]'
}

@test "a search in Triton is of Triton's seeds, in a run of its own" {
	cd "$BATS_TEST_TMPDIR"
	cat > "$KE_OPS/axpy/seed.py" <<-'E'
	"""ke-plan
	{ "tune": {"BLOCK": [128, 256]}, "choice": {"BLOCK": 128},
	  "launches": [{"kernel": "axpy", "grid": ["cdiv(N, BLOCK)"],
	    "args": ["a", "x", "y", "z", "N"]}] }
	"""
	E
	# whoever has Triton too: no driver that is none runs what it makes
	export KE_TRITON=/nonexistent
	run -2 --separate-stderr ke-search -q -L fortran -o axpy -t cuda
	[[ $stderr = *'target cuda has no language fortran' ]]
	ke-search -q -L triton -o axpy -t cuda -s nodes=2 > out
	jq -e '.nodes == 2 and .pass == 0' out
	[ "$(ke-store run | jq -r .language)" = triton ]
	ke-store nodes | jq -es 'map(select(.seq) | .choice) ==
	    [{}, {BLOCK: 256}]'
	rm "$KE_OPS/axpy/seed.py"
	run -2 --separate-stderr ke-search -q -r axpy-cuda-1 -L cuda -o axpy \
	    -t cuda
	[[ $stderr = *'run axpy-cuda-1 is in another language than cuda' ]]
	ke-search -q -o axpy -t cuda -s nodes=1 > out
	[ "$(ke-store run | jq -rs 'map(.language) | join(" ")')" = \
	    "triton cuda" ]
}
