# ke-profile(1): what it does with records, and each of its passes.
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	root=$BATS_TEST_DIRNAME/..
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
	run -2 ke-profile -p roofline,nonsense
	[[ $output == *"nonsense: no such pass"* ]]
	run -2 ke-profile -j 0
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
	ke-profile -l -j 1 > first
	check '(.peaks | map(.gflops > 0) | all) and .workers == 1 and
	    (.levels | map(.gbps > 0) | all) and .levels[-1].name == "memory" and
	    (.levels[-1] | has("bytes") | not)' < first
	[ "$(find cache/ke/ceilings -type f | wc -l)" = 1 ]
	file=$(echo cache/ke/ceilings/*)

	sed -i 's/"gflops":[0-9.]*/"gflops":12345/' "$file"
	ke-profile -l -j 1 | check '.peaks[0].gflops == 12345'

	echo '{"torn' > "$file"
	ke-profile -l -j 1 | check '.peaks[0].gflops | . > 0 and . != 12345'

	rm "$file"
	ke-profile -l -j 1 | check '.peaks[0].gflops > 0'
	[ -s "$file" ]
}

@test "ceilings: two at once measure once" {
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	ke-profile -l -j 1 > a &
	ke-profile -l -j 1 > b
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
	band=$(ke-profile -l -j 1 | jq '.levels[-1].gbps')
	passed "{\"cases\": [{\"t_us\": 1e6, \"bytes\": $band,
	    \"flops\": 1}]}" | jq -c '.eval.cases[0].bytes *= 0.8e9' |
	    fast > out
	check '.profile.bottleneck | .name == "bandwidth" and
	    (.evidence | test("80 % of the"))' < out
}

@test "bottleneck: near the peak" {
	peak=$(ke-profile -l -j 1 | jq '.peaks[0].gflops')
	passed "{\"cases\": [{\"t_us\": 1e6, \"flops\": $peak,
	    \"bytes\": 1000}]}" | jq -c '.eval.cases[0].flops *= 0.75e9' |
	    fast > out
	check '.profile.bottleneck | .name == "compute" and
	    (.evidence | test("75 % of the"))' < out
}

@test "bottleneck: a case that is over at once" {
	passed '{"cases": [{"t_us": 4, "flops": 100, "bytes": 100}]}' | fast |
	    check '.profile.bottleneck | .name == "overhead" and
	    (.evidence | test("takes 4 us"))'
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
