# ke-eval(1): verdicts on candidates, honest and not, and the filter itself.
bats_require_minimum_version 1.5.0

load check
load verdicts

setup() {
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache TMPDIR=$BATS_TEST_TMPDIR
	root=$BATS_TEST_DIRNAME/..
	data=$BATS_TEST_DIRNAME/data/eval
	export KE_OPS=$data/ops:$root/ops
}

# Standard input: a candidate of tests/data/eval (or here) and the pattern of
# its status and code, a line each.  They are judged in one call, so each also
# has to leave the next alone.
verdicts() {
	local op=$1 name want files=() wants=()
	shift
	while read -r name want; do
		[ -e "$name.c" ] || name=$data/$name
		files+=("$name.c")
		wants+=("${want/right/$right}")
	done
	judged ke-eval -o "$op" "$@" "${files[@]}"
}

# A record whose source is the file $1; $2 more members, as JSON.
record() {
	jq -nc --rawfile s "$1" --argjson more "${2:-{\}}" \
	    '{v: 1, op: "axpy", target: "cpu", source: $s} + $more'
}

@test "an honest kernel passes" {
	for try in {1..10}; do
		ke-eval -o rowsum "$data/sum.c" > out
		jq -r '.eval | "\(.status) \(.detail)"' out
		[ "$(jq -r .eval.status out)" = pass ] && break
	done
	check '.eval | .status == "pass" and .code == null and
	    .score > 0 and .score == .speedup.lo and .speedup.lo <= .speedup.mid
	    and .speedup.mid <= .speedup.hi and .effort == "quick" and
	    (.trust == "sandboxed" or .trust == "unsandboxed") and
	    (.layers | index("load-check")) and .baseline.name == "base.c" and
	    .compile.variants == 1 and .env.key != null and .seconds > 0' < out
	check '.eval.cases | length == 6 and all(.[]; .status == "pass" and
	    .sm_mhz == null and .errors.y.ratio <= 1 and .errors.y.rms < 1e-5) and
	    (map(select(.set == "small")) | length == 2 and all(.[];
	    .t_us > 0 and .t_lo_us <= .t_us and .t_us <= .t_hi_us and
	    .baseline_us > 0 and .weight == 1 and .pairs >= 4 and
	    .bytes > 0 and .flops == .dims.M * .dims.N))' < out
}

@test "the baseline is as fast as itself" {
	for try in {1..10}; do
		ke-eval -o rowsum "$data/ops/rowsum/base.c" > out
		jq -c '.eval | [.status, .speedup]' out
		check '.eval | .change != "faster"' < out
		check '.eval | .status == "pass" and .speedup.mid > 0.7 and
		    .speedup.mid < 1.4 and .speedup.lo > 0.5 and
		    .change == "same" and .noise > 0' < out && return
	done
	false
}

# A kernel of rowsum that sums each row $1 times.
slow_sum() {
	cat <<-EOF
	/* ke-plan
	{ "launches": [{"kernel": "rowsum", "args": ["x", "y", "M", "N"]}] } */
	void
	rowsum(const float *x, float *y, int M, int N)
	{
		for (int i = 0; i < M; i++)
			for (int k = 0; k < $1; k++) {
				float sum = 0;

				for (int j = 0; j < N; j++)
					sum += x[(size_t)i * N + j];
				y[i] = sum;
				__asm__ volatile("" : : : "memory");
			}
	}
	EOF
}

@test "a kernel that is faster or slower beyond noise is called that" {
	slow_sum 4 > slow.c
	for try in {1..10}; do
		ke-eval -o rowsum slow.c > out
		jq -c '.eval | [.status, .speedup, .noise, .change]' out
		check '.eval | .status == "pass"' < out && break
	done
	check '.eval | .change == "slower" and .speedup.mid < 0.5 and
	    .speedup.hi * (1 + .noise) < 1' < out
}

@test "what was measured is summarised, and where the time went" {
	for try in {1..10}; do
		ke-eval -o rowsum "$data/sum.c" > out
		check '.eval.status | IN("pass", "noisy")' < out && break
	done
	check '.eval.cases | map(select(.samples)) | length == 2 and all(.[];
	    .noise > 0 and (.samples | .autocorrelation != null and
	    .autocorrelation >= -1 and .autocorrelation <= 1 and
	    all(.candidate, .baseline; .n >= 8 and .min > 0 and .min <= .q1 and
	    .q1 <= .median and .median <= .q3 and .q3 <= .max and .mean <= .max
	    and .sd > 0 and .outliers >= 0 and .outliers < .n)) and
	    .pairs == .samples.candidate.n and
	    .t_us == .samples.candidate.median and
	    .baseline_us == .samples.baseline.median)' < out
	check '.eval | (.phases | .compile > 0 and .check > 0 and .time > 0)
	    and ([.phases[]] | add) - .seconds < 1e-9' < out
}

@test "candidates of one call are compared and ranked" {
	slow_sum 4 > slow4.c
	slow_sum 8 > slow8.c
	cp "$data/sum.c" one.c
	cp "$data/sum.c" two.c
	for try in {1..10}; do
		ke-eval -o rowsum slow8.c one.c "$data/sum_half.c" two.c \
		    slow4.c > out
		jq -c '.eval | [.status, .rank, .noise, .versus]' out
		check '.eval.status | IN("pass", "wrong")' < out && break
	done
	[ "$(jq -sc 'map(.eval | .rank, .status)' out)" = \
	    '[4,"pass",1,"pass",null,"wrong",1,"pass",3,"pass"]' ]
	[ "$(jq -sc '.[0].eval.versus | map(.name)' out)" = \
	    '["one.c","two.c","slow4.c"]' ]
	jq -es '.[2].eval.versus == null and (.[4].eval.versus |
	    map({(.name): .speedup}) | add | .["slow8.c"].lo > 1.3 and
	    .["one.c"].hi < 0.7) and (.[1].eval.versus[1].speedup |
	    .lo < 1.2 and .hi > 0.8)' out
}

@test "one that fails when it is timed drops out, the others go on" {
	verdicts axpy <<-EOF
	naive	right
	timed	wrong element
	past_not	right
	EOF
	jq -es '.[1].eval | .versus == null and .rank == null' verdicts
	jq -es '.[0].eval | if .status == "pass" then
	    (.versus | map(.name) | index("timed.c") == null) else true end' \
	    verdicts
}

@test "-g makes a group of records" {
	for id in a b; do
		record "$data/naive.c" '{"id": "'$id'"}'
	done > in
	for try in {1..10}; do
		ke-eval -g < in > out
		check '.eval.status == "pass"' < out && break
	done
	[ "$(jq -c '[.id, .eval.versus[].name]' out)" = '["a","b"]
["b","a"]' ]
	ke-eval < in | check '.eval | .versus == null and .rank == null'
	# another operator is another group
	jq -c 'select(.id == "b").op = "rowsum"' in | ke-eval -g > out
	[ "$(jq -rc '[.id, .eval.status == "plan_error"]' out)" = '["a",false]
["b",true]' ]
	check '.eval.versus == null' < out
}

@test "a group has at most 32 members" {
	for i in {10..42}; do
		echo "void axpy(void) {}" > "$i.c"
	done
	run --separate-stderr ke-eval -o axpy {10..42}.c
	[ "${#lines[@]}" = 33 ]
	[ "$stderr" = "ke-eval: 42.c: begins a new group: one has at most 32 \
candidates" ]
}

@test "no work, or a part of it, is wrong" {
	verdicts axpy <<-EOF
	noop	wrong value|wrong element
	zeros	wrong element
	copy	wrong element
	half	wrong .*
	nan	wrong value
	naive	right
	EOF
	verdicts rowsum <<-EOF
	sum_mean	wrong element
	sum_tail	wrong element
	sum_part	wrong element
	sum_half	wrong .*
	sum	right
	EOF
}

@test "what is wrong is said with its place" {
	ke-eval -o axpy "$data/zeros.c" > out
	check '.eval | .score == 0 and (.detail | test(
	    "^z\\[0\\] is 0, ref.c says -?[0-9.e-]+; error")) and
	    .speedup == null and (.cases | length) == 1 and
	    .cases[0].status == "wrong" and .cases[0].dims.N == 1' < out
}

@test "a kernel that knows the shapes is wrong at the others" {
	verdicts axpy <<-EOF
	shape	wrong element
	timed	wrong element
	EOF
	jq -s '.[1].eval.cases[-1] | .set == "small" and .status == "wrong"' \
	    -e verdicts
	[[ $(jq -rs '.[1].eval.detail' verdicts) = *"the baseline says"* ]]
}

@test "reads and writes outside the buffers" {
	verdicts axpy <<-EOF
	past	wrong value
	past_not	right
	past_guard	fault SIGSEGV
	after	fault canary
	after_not	right
	after_guard	fault SIGSEGV
	before	fault SIGSEGV
	before_canary	fault canary
	input	fault SIGSEGV
	EOF
	[ "$(jq -rs '.[3].eval.detail' verdicts)" = "wrote beside z" ]
}

@test "less precision than the type's is imprecise" {
	verdicts axpy <<-EOF
	f16	(wrong|imprecise) (element|norm)
	bf16	(wrong|imprecise) (element|norm)
	EOF
	verdicts rowsum <<-EOF
	sum_f16	(wrong|imprecise) .*
	EOF
}

@test "a kernel that dies is a fault, and the signal is named" {
	verdicts axpy <<-EOF
	null	fault SIGSEGV
	divide	fault SIGFPE
	illegal	fault SIGILL
	abort	fault SIGABRT
	recurse	fault SIGSEGV
	naive	right
	EOF
}

@test "who leaves or answers for the harness is no pass" {
	verdicts axpy <<-EOF
	exit	protocol exit
	construct	plan_error constructor
	forge	plan_error constructor
	forge_stay	plan_error constructor
	forge_all	plan_error constructor
	close	fault SIGSYS
	thread	fault SIGSYS|wrong .*
	naive	right
	EOF
}

@test "an answer before the work is the end of the work" {
	verdicts rowsum <<-EOF
	sum_early	protocol reply|wrong .*
	sum	right
	EOF
}

@test "a kernel that doesn't end is ended" {
	SECONDS=0
	verdicts axpy <<-EOF
	loop	timeout deadline
	sleep	fault SIGSYS
	stop	timeout deadline|fault SIGSYS
	EOF
	check '.eval.seconds < 30' < verdicts
}

@test "bits that depend on the moment or the address" {
	verdicts axpy <<-EOF
	clock	nondeterministic bits
	clock_not	right
	address	nondeterministic bits
	EOF
}

@test "what a kernel remembers is of no use to it" {
	for f in sum_alone sum_cache sum_content; do
		for try in {1..10}; do
			ke-eval -o rowsum -s production "$data/$f.c" > $f
			jq -c '.eval | [.status, .speedup]' $f
			check '.eval.status == "pass"' < $f && break
		done
		check '.eval.speedup != null and
		    (.eval.cases[-1] | .executions <= .slots)' < $f
	done
	jq -es 'map(.eval.speedup.mid) | max < 2 * .[0]' sum_alone \
	    sum_cache sum_content
}

@test "what a kernel counts begins anew with each segment" {
	verdicts axpy <<-EOF
	counter_check	wrong .*
	counter	wrong .*
	EOF
}

@test "what doesn't compile" {
	verdicts axpy <<-EOF
	signature	compile_error cc
	syntax	compile_error cc
	missing	compile_error load
	include	compile_error cc
	implicit	compile_error cc
	EOF
	check '.eval.score == 0 and (.eval.cases | length <= 1)' < verdicts
	jq -rs '.[1].eval.compile.log' verdicts | grep '^candidate.c:8:.*error'
	jq -rs '.[3].eval.detail' verdicts | grep no_such_header.h
	jq -rs '.[2].eval.detail' verdicts | grep 'undefined symbol: axpy'
}

# Plan errors: $1 the plan's text, $2 what the detail must match.
plan_error() {
	printf '/* ke-plan\n%s */\nvoid axpy(const struct ke_block *b) {}\n' \
	    "$1" > plan.c
	ke-eval -o axpy plan.c > out
	jq -r '.eval | "\(.status) \(.code): \(.detail)"' out
	[ "$(jq -r .eval.status out)" = plan_error ]
	[[ $(jq -r .eval.detail out) =~ $2 ]]
	check '.eval.cases == [] and .eval.score == 0' < out
}

# ... of which the launch is good, with the grid $1.
grid_error() {
	plan_error "{\"launches\": [{\"kernel\": \"axpy\", \"grid\": [$1],
	    \"args\": []}]}" "$2"
}

@test "no plan, two plans, a plan that is no JSON" {
	echo 'void axpy(void) {}' > plan.c
	ke-eval -o axpy plan.c | check '.eval | .status == "plan_error" and
	    .code == "plan" and (.detail | test("ke-plan"))'
	cat "$data/naive.c" "$data/naive.c" > plan.c
	ke-eval -o axpy plan.c | check '.eval | .status == "plan_error" and
	    (.detail | test("second"))'
	plan_error '{ "launches": [
	    {"kernel": }]' "line 3"
}

@test "a plan's unknown members and values are named" {
	plan_error '{"launches": [{"kernel": "axpy", "args": []}],
	    "tunes": {}}' tunes
	plan_error '{"launches": [{"kernel": "axpy", "args": ["q"]}]}' 'q'
	plan_error '{"launches": [{"kernel": "axpy", "args": []}],
	    "flags": ["-fplugin=evil.so"]}' fplugin
	plan_error '{"tune": {"BM": [1, 2]}, "choice": {"BM": 3},
	    "launches": [{"kernel": "axpy", "args": []}]}' BM
	plan_error '{"launches": [{"kernel": "axpy", "args": [],
	    "block": [256]}]}' block
}

@test "a plan's expressions are checked" {
	grid_error '"(N+1)*9223372036854775807"' overflow
	grid_error '"N/(N-N)"' zero
	grid_error '"(0-N)/2"' negative
	grid_error '"N+Q"' Q
	grid_error '"N -"' 'N -: column 4'
	grid_error '0' 'grid'
	grid_error '"N-1"' 'grid: 0 blocks'
	grid_error '"N*2147483647", 2147483647' 'grid'
	plan_error '{"launches": [{"kernel": "axpy", "grid": [1],
	    "shared": "16777217", "args": []}]}' shared
	plan_error '{"require": ["N > 31"],
	    "launches": [{"kernel": "axpy", "args": []}]}' 'N > 31'
	plan_error '{"domain": ["N > 31"],
	    "launches": [{"kernel": "axpy", "args": []}]}' 'only 2 check cases'
	plan_error '{"launches": [{"kernel": "axpy",
	    "args": [{"tensor": "x", "offset": "N+1"}]}]}' 'offset 2'
}

@test "a record goes through with an evaluation, members kept in order" {
	record "$data/zeros.c" '{"unknown": [1, {"b": 2, "a": null}], "id": "n1",
	    "xid": "x1", "select": {"effort": "quick"}, "last": "ä"}' > in
	ke-eval < in > out
	[ "$(wc -l < out)" = 1 ]
	[ "$(jq -c 'del(.eval)' out)" = "$(cat in)" ]
	[ "$(jq -rc 'keys_unsorted | last' out)" = eval ]
	check '.eval.status == "wrong"' < out
}

@test "records that failed or were evaluated pass through untouched" {
	{
		record "$data/naive.c" '{"error": {"tool": "t", "code": "c",
		    "message": "m"}}'
		record "$data/naive.c" '{"op": "nothing", "eval": {"status":
		    "pass", "z": 1, "a": 2}}'
	} > in
	ke-eval < in > out
	cmp in out
}

@test "what is missing in a record comes from the options" {
	record "$data/zeros.c" | jq -c 'del(.op, .target)' > in
	ke-eval -o axpy -t cpu < in | check '.op == "axpy" and
	    .target == "cpu" and .eval.status == "wrong"'
	run -1 ke-eval in
	[[ $output = *"ke-eval: in:1: op: missing; -o names one"* ]]
}

@test "a record that can't be evaluated goes on with an error, status 1" {
	{
		record "$data/naive.c" '{"op": "no_such_op"}'
		record "$data/naive.c" '{"target": "tpu:v4"}'
		record "$data/naive.c" '{"dtype": "f8"}'
		record "$data/naive.c" | jq -c 'del(.source)'
		record "$data/zeros.c"
	} > in
	run -1 --separate-stderr ke-eval in
	[ "${#lines[@]}" = 5 ]
	[ "${#stderr_lines[@]}" = 4 ]
	[[ ${stderr_lines[0]} = "ke-eval: in:1: "*no_such_op* ]]
	[[ ${stderr_lines[3]} = "ke-eval: in:4: source: missing" ]]
	head -4 <<<"$output" | check '.error.tool == "ke-eval" and
	    .error.message != "" and .eval == null'
	tail -1 <<<"$output" | check '.eval.status == "wrong"'
}

@test "options that contradict a record" {
	record "$data/zeros.c" '{"dtype": "f32"}' > in
	run -1 --separate-stderr ke-eval -o rowsum in
	[ "$stderr" = "ke-eval: in:1: op is axpy, the option says rowsum" ]
	check '.error.code == "record"' <<<"$output"
	run -1 --separate-stderr ke-eval -y f64 in
	[ "$stderr" = "ke-eval: in:1: dtype is f32, the option says f64" ]
}

@test "an operator that is broken is no fault of the candidate" {
	cp -r "$data/ops/axpy" broken
	sed -i 's/a\[0\] \* x/-99 * x/' broken/base.c
	run -1 --separate-stderr ke-eval -o ./broken "$data/naive.c"
	check '.eval == null and .error.code == "operator" and
	    (.error.message | test("base.c: wrong: element"))' <<<"$output"
	[[ $stderr = "ke-eval: "*naive.c:*base.c* ]]
	rm broken/base.c
	run -1 --separate-stderr ke-eval -o ./broken "$data/naive.c"
	check '.error.message | test("base.c")' <<<"$output"
	cp "$data/ops/axpy/base.c" broken
	echo 'REF_z(i) { return 1 +; }' > broken/ref.c
	run -1 --separate-stderr ke-eval -o ./broken "$data/naive.c"
	check '.error.code == "operator" and
	    (.error.message | test("broken/ref.c:1:.*error"))' <<<"$output"
}

@test "empty input, an empty file" {
	run -0 --separate-stderr ke-eval < /dev/null
	[ "$output$stderr" = "" ]
	touch empty
	run -0 --separate-stderr ke-eval empty
	[ "$output$stderr" = "" ]
}

@test "a bad line in the middle is named, the others are done" {
	{
		record "$data/zeros.c"
		echo '{"v": 1, "op": }'
		record "$data/half.c"
	} > in
	run -1 --separate-stderr ke-eval in
	[ "${#lines[@]}" = 2 ]
	[[ $stderr = "ke-eval: in:2: "* ]]
	check '.eval.status == "wrong"' <<<"$output"
}

@test "a torn line, lines that are no records, sections of another shape" {
	record "$data/zeros.c" | head -c 60 > in
	run -1 --separate-stderr ke-eval in
	[[ $output = "" && $stderr = "ke-eval: in:1: "* ]]
	printf '%s\n' '[1]' '1' 'null' '{"v":1,"select":[]}' \
	    '{"v":1,"source":7}' '{"v":2,"op":"axpy"}' > in
	run -1 --separate-stderr ke-eval in
	[ "$output" = "" ]
	[ "${#stderr_lines[@]}" = 6 ]
}

@test "a last line without newline is a line" {
	record "$data/zeros.c" | tr -d '\n' | ke-eval |
	    check '.eval.status == "wrong"'
}

@test "a missing file is named, the others are done" {
	run -1 --separate-stderr ke-eval -o axpy gone.c "$data/zeros.c" gone
	[ "${#lines[@]}" = 1 ]
	[[ ${stderr_lines[0]} = "ke-eval: gone.c: No such file"* ]]
	[[ ${stderr_lines[1]} = "ke-eval: gone: No such file"* ]]
}

@test "usage" {
	run -0 ke-eval -h
	[ "${lines[0]%% \[*}" = "usage: ke-eval" ]
	[ "$(mandoc "$root/man/ke-eval.1" | col -bx |
	    sed -n '/^SYNOPSIS/,/^DESC/p' | sed '1d;$d' | tr -s ' \n' ' ')" = \
	    "$(tr -s ' \n' ' ' <<<" ${output#usage: }")" ]
	run -0 ke-eval -V
	[[ $output = "ke-eval "[0-9]* ]]
	for bad in "-t tpu" "-e slow" "-w 0" "-w 100000" "-j 0" "-j x" "-n 0" \
	    "-s check" -q "-i"; do
		run -2 ke-eval $bad /dev/null
		[ "$output" != "" ]
	done
}

@test "an unknown dtype, an unknown case set" {
	run -1 ke-eval -o axpy -y f8 "$data/naive.c"
	[[ $output = *"axpy has no dtype f8"* ]]
	run -1 --separate-stderr ke-eval -o keep -s production "$data/sum.c"
	[[ $stderr = *"keep: no cases in set production" ]]
	check '.error.code == "record"' <<<"$output"
}

@test "a full disk is the system's failure" {
	record "$data/zeros.c" > in
	run -111 bash -c 'ke-eval in > /dev/full'
	[[ $output = "ke-eval: "*"No space left"* ]]
	run -111 bash -c 'ke-eval -T in > /dev/full'
	run -111 bash -c 'ke-eval -l > /dev/full'
}

@test "what is printed beside evaluations: targets, a run's origin" {
	[[ $(ke-eval -l) = "cpu	usable: "*" cores, "* ]]
	ke-eval -i -o rowsum -y f32 > info
	check '.op == "rowsum" and .target == "cpu" and .language == "c" and
	    .dtype == "f32" and (.baseline.id | test("^base.c@[0-9a-f]+$")) and
	    (.env | .key != null and .cpu != null and .compiler != null and
	    .cores >= 1)' < info
	check '.traits | (.tags | type == "array") and (.in | length >= 1) and
	    (.out | length >= 1) and .reduction == true and .elements > 1' < info
	ke-eval -o rowsum "$data/sum_mean.c" > out
	[ "$(jq -r .eval.env.key out)" = "$(jq -r .env.key info)" ]
	[ "$(jq -r .eval.baseline.id out)" = "$(jq -r .baseline.id info)" ]
	ke-eval -i -o rowsum -w 1 > one
	[ "$(nproc)" = 1 ] ||
	    [ "$(jq -r .env.key one)" != "$(jq -r .env.key info)" ]
	run -1 ke-eval -i -o no_such_op
	[[ $output = *no_such_op* ]]
}

@test "-c compiles and leaves what was made" {
	sed 's/z\[i\] = a/z[i] = 0 * a/' "$data/naive.c" > wrong.c
	ke-eval -c -k kept/here -o axpy wrong.c > out
	check '.eval.status == "pass" and .eval.cases == null and
	    .eval.compile.variants == 1 and .eval.compile.code_bytes > 0 and
	    .eval.compile.launches == 1 and (.eval.compile.flags | index("-O3"))' < out
	cmp wrong.c kept/here/candidate.c
	[ -s kept/here/variant-0.so ]
	grep -q candidate.c kept/here/variant-0.remarks
	ke-eval -c -o axpy "$data/syntax.c" |
	    check '.eval.status == "compile_error" and .eval.code == "cc"'
}

@test "constants and choices compile a variant for each case" {
	cat > plan.c <<-"EOF"
	/* ke-plan
	{ "tune": {"BM": [1, 2, 4]}, "constants": ["M"],
	  "choice": [{"when": "M >= 33", "BM": 4}, {"BM": 2}],
	  "launches": [{"kernel": "rowsum", "grid": ["cdiv(M, BM)"],
	    "args": ["x", "y", "N", "BM"]}] } */
	void
	rowsum(const struct ke_block *b, const float *x, float *y, int N,
	    int BM)
	{
		for (int i = b->x * KE_BM; i < (b->x + 1) * BM && i < KE_M;
		    i++) {
			y[i] = 0;
			for (int j = 0; j < N; j++)
				y[i] += x[(size_t)i * N + j];
			if (KE_BM != (KE_M >= 33 ? 4 : 2))
				y[i] = -1;
		}
	}
	EOF
	ke-eval -c -k quick -o rowsum plan.c | check \
	    '.eval.compile.variants == 2'
	[ -e quick/variant-1.so ]
	ke-eval -c -e full -k full -o rowsum plan.c | check \
	    '.eval.compile.variants == 6'
	[ -e full/variant-5.so ]
	verdicts rowsum <<<"plan right"
	[ "$(jq '[.eval.cases[] | select(.set == "check")] | length' \
	    verdicts)" = 1 ]
	# a tuner's choice goes over the rows
	jq -nc --rawfile s plan.c '{v: 1, op: "rowsum", source: $s,
	    choice: {BM: 1}}' | ke-eval | check '.eval.status == "wrong"'
	jq -nc --rawfile s plan.c '{v: 1, op: "rowsum", source: $s,
	    choice: {BM: 3}}' | ke-eval | check '.eval.status == "plan_error"
	    and .eval.code == "choice" and (.eval.detail | test("BM"))'
	sed -i 's/"constants"/"require": ["BM < 4"], &/' plan.c
	ke-eval -o rowsum plan.c | check '.eval.status == "plan_error" and
	    (.eval.detail | test("BM < 4"))'
}

@test "-r runs the first timed case, -n times, and says whether it is right" {
	ke-eval -r -n 3 -o rowsum "$data/sum.c" > out
	check '.eval | .status == "pass" and .score == null and
	    (.cases | length) == 1 and .cases[0].set == "small" and
	    .cases[0].dims.M == 64 and .cases[0].t_us == null' < out
	ke-eval -r -o rowsum "$data/sum_tail.c" |
	    check '.eval.status == "pass"'
	ke-eval -r -n 2 -o rowsum "$data/sum_part.c" "$data/sum_half.c" |
	    check '.eval.status == "wrong"'
	ke-eval -r -o axpy "$data/null.c" |
	    check '.eval.status == "fault" and .eval.code == "SIGSEGV"'
}

@test "-T is a table of what the record says" {
	ke-eval -T -o rowsum "$data/sum_part.c" > out
	grep -Eq "^rowsum on cpu: .* workers?; .*; quick effort$" out
	grep -A 1 "sum_part.c: wrong: element$" out | grep -q "^  y\["
	grep -q "  wrong at M=33 N=64 (check)" out
	run ! grep -q speedup out
	for try in {1..10}; do
		ke-eval -T -o rowsum "$data/sum.c" > out
		cat out
		grep -q "sum.c: pass" out && break
	done
	grep -Eq "sum.c: pass: .* base.c.* 95 % within \[[0-9.]+, [0-9.]+\]" \
	    out
	grep -q "  4 check cases pass; largest error 0.* of what" out
	grep -Eq "^  M=64 N=1024 .* [mu]s .* [mu]s .*\[[0-9.]+, [0-9.]+\]" out
	grep -Eq "^  M=16 N=4096 .* [mu]s .* [mu]s .*\[[0-9.]+, [0-9.]+\]" out
}

# A record with what a table shows, $1 its speedup; $2 more members of eval.
shown() {
	jq -nc --argjson s "$1" --argjson more "${2:-{\}}" '{v: 1, op: "axpy",
	    target: "cpu", source: "", eval: ({status: "pass", score: $s,
	    effort: "full", trust: "sandboxed", layers: ["user", "seccomp"],
	    workers: 2, baseline: {id: "b@1", name: "base.c"},
	    env: {cpu: "a cpu", compiler: "cc 1"},
	    speedup: {mid: $s, lo: ($s * 0.99), hi: ($s * 1.02)},
	    cases: [{set: "small", dims: {N: 4096}, status: "pass",
	    t_us: 12.5, t_lo_us: 12, t_hi_us: 13, baseline_us: 25,
	    speedup: {mid: $s, lo: ($s * 0.99), hi: ($s * 1.02)},
	    bytes: 49152, flops: 8192, pairs: 24}]} + $more)}'
}

@test "-T: where, how, what was warned of, each once" {
	local flags='{"flags": [{"code": "load", "detail": "somebody works"}]}'
	{ shown 2 "$flags" && shown 2.5 "$flags"; } > in
	ke-eval -T in > out
	cat out
	[ "$(head -1 out)" = "axpy on cpu: a cpu, 2 workers; cc 1; full effort" ]
	[ "$(sed -n 2p out)" = "sandboxed: user, seccomp" ]
	[ "$(grep -c '^sandboxed' out)" = 1 ]
	[ "$(grep -c '^axpy on cpu' out)" = 1 ]
	[ "$(grep -c '^  Warning: somebody works$' out)" = 1 ]
	grep -Eq "^in:2: pass: 2.50 times faster than base.c, 95 % within \
\[2.48, 2.55\]" out
	grep -Eq "^  N=4096  12.50 (±|\+-) 0.50 us  25.00 us +2.50 +\
\[2.48, 2.55\] +0.66 +3.93 +24$" out
	tail -n 4 out > end
	grep -q "^Summary" end
	grep -q "^  in:2 ran" end
	grep -Eq "^    1.25 (±|\+-) 0.0[34] times faster than in:1$" end
	grep -Eq "^    2.50 (±|\+-) 0.05 times faster than base.c$" end
	{ shown 2 '{"noise": 0.3}' && shown 2.5; } > in
	ke-eval -T in > out
	tail -4 out
	grep -q " times as fast as (within the noise) in:1$" out
	shown 2 | ke-eval -T > out
	run ! grep -q Summary out
}

@test "-T: candidates measured together are compared as measured" {
	{
		shown 2 '{"versus": [{"name": "in:2", "speedup":
		    {"mid": 1.5, "lo": 1.4, "hi": 1.6}}]}'
		shown 1.9
		shown 3 | jq -c '.eval.status = "wrong"'
	} > in
	ke-eval -T in > out
	grep -Eq "^    1.50 (±|\+-) 0.10 times faster than in:2$" out
	grep -q "^  in:3 failed: wrong$" out
}

@test "-T: colours on a terminal alone, as wide as it is" {
	command -v script > /dev/null || skip "no script(1)"
	shown 2 > in
	look() {
		script -qec "env $* ke-eval -T in" /dev/null < /dev/null
	}
	[[ $(look COLUMNS=100 TERM=xterm) = *$'\033'* ]]
	[[ $(look COLUMNS=100 TERM=xterm NO_COLOR=1) != *$'\033'* ]]
	[[ $(look COLUMNS=100 TERM=dumb) != *$'\033'* ]]
	[[ $(ke-eval -T in) != *$'\033'* ]]
	look COLUMNS=60 NO_COLOR=1 | tr -d '\r' > out
	cat out
	grep -q "N=4096.*us.*2.00" out
	run ! grep -q "GB/s" out
	grep -v "^in:1: " out > short
	[ "$(wc -L < short)" -le 60 ]
}

@test "-T: what a terminal would obey is not printed" {
	shown 2 | jq -c '.eval.status = "wrong" | .eval.code = "element" |
	    .eval.detail = "\u001b[2J\u009bgone"' | ke-eval -T > out
	run ! grep -q "$(printf '\033')" out
	grep -q "?\[2J??gone" out
}

@test "what the machine did meanwhile is told, and flagged" {
	ke-eval -o rowsum "$data/sum.c" > out
	check '.eval | (.flags | type == "array") and (.env | .load_1m >= 0 and
	    .probe_us > 0 and .smt_shared >= 0) and
	    (.cases[-1] | .floor_us > 0 and .floor_us < .t_us)' < out
	[ -e /proc/pressure/cpu ] || skip "no pressure information"
	for try in 1 2 3; do
		for i in $(seq $((2 * $(nproc)))); do
			timeout 60 sh -c 'while :; do :; done' 3>&- &
		done
		ke-eval -o rowsum "$data/sum.c" > out
		kill $(jobs -p) || true
		jq -c '.eval | .env, .flags' out
		check '.eval | (.flags[] | select(.code == "load").detail |
		    test("waited for a processor")) // false' < out && return
	done
	false
}

# my.c, and old.jsonl with its result.  With the tunable SLOW at 1 it is slow.
earlier() {
	sed 's/{ "launches"/{ "tune": {"SLOW": [0, 1]}, "launches"/
	    s/z\[i\] = /if (KE_SLOW) for (volatile int k = 0; k < 9; k++) ; &/' \
	    "$data/naive.c" > my.c
	sed -i 's/^\t\tif (KE_SLOW).*/\t\t{ & }/' my.c
	for try in {1..10}; do
		# without what says that the processor's clock was another
		ke-eval -o axpy my.c | jq -c 'del(.eval.env.probe_us)' \
		    > old.jsonl
		check '.eval.status == "pass"' < old.jsonl && return
	done
	false
}

# ke-eval with the arguments, until it exits with $1: other work on the machine
# can make any one evaluation noisy, or what it is compared with.
expect() {
	local want=$1
	shift
	for try in {1..10}; do
		run --separate-stderr ke-eval "$@"
		[ "$status" = "$want" ] && return
		echo "$status: $stderr: $output" | grep -v '"source"' || true
		jq -c '.eval | .status, .detail, .compared' <<<"$output" ||
		    true
	done
	false
}

@test "-C: the same kernel again is no regression" {
	earlier
	expect 0 -C old.jsonl old.jsonl
	check '.eval.compared | .with == "old.jsonl:1" and
	    .by == "fingerprint" and .status == "pass" and .differs == [] and
	    (.change | IN("same", "improvement", "incomparable"))' \
	    <<<"$output"
	# in its own file again, and edited without effect
	sed -i 's/Honest/Still/' my.c
	mkdir moved
	cp my.c moved
	expect 0 -o axpy -C old.jsonl -T moved/my.c
	[[ $output = *"another source"* ]]
}

@test "-C: a kernel made slower is a regression, status 4" {
	earlier
	jq -c '.choice = {SLOW: 1}' old.jsonl > slow.jsonl
	jq -c '.choice = {SLOW: 1}' old.jsonl >> old.jsonl
	# of the same source and choice the last result counts; this says that
	# the slow one was once as fast
	expect 4 -C old.jsonl slow.jsonl
	[[ $stderr = "ke-eval: slow.jsonl:1: regression: the speedup is 0."* ]]
	[ "${#stderr_lines[@]}" = 1 ]
	check '.eval | .status == "pass" and (.compared | .with ==
	    "old.jsonl:2" and .change == "regression" and
	    .decided_by == "speedup" and .speedup_ratio.hi < 1 and
	    .speedup.mid > 0 and (.cases | length) == 1 and
	    .time_ratio.lo > 1)' <<<"$output"
	# as a file, by its name
	sed -i 's/"SLOW": \[0, 1\]/"SLOW": [1]/' my.c
	expect 4 -T -o axpy -C old.jsonl my.c
	grep -Eq "^  N=4096 .* [mu]s .* us +[0-9.]+  \[[0-9.]+, [0-9.]+\]" \
	    <<<"$output"
	grep -Eq "^  speedup  +0\.[0-9]+  +[0-9.]+ " <<<"$output"
	grep -q "^  regression: the speedup is 0.* another source$" \
	    <<<"$output"
}

@test "-C: a kernel that no longer compiles is a regression" {
	earlier
	echo "int f(" >> my.c
	run -4 --separate-stderr ke-eval -o axpy -C old.jsonl my.c
	[[ $stderr = "ke-eval: my.c: regression: it is compile_error, was \
pass; another source: "*error* ]]
	[ "${#stderr_lines[@]}" = 1 ]
	check '.eval | .status == "compile_error" and .compared.decided_by ==
	    "status"' <<<"$output"
	# and the other way round
	ke-eval -o axpy my.c > broken.jsonl
	sed -i '$d' my.c
	ke-eval -o axpy -C broken.jsonl my.c > out
	check '.eval.compared.change | IN("improvement", "incomparable")' < out
}

@test "-C: what is another now is listed" {
	earlier
	jq -c '.eval.env.compiler = "cc 0.1" | .eval.env.kernel = "5" |
	    .eval.cases[-1] |= (.t_us *= 100 | .t_lo_us *= 100 |
	    .t_hi_us *= 100)' old.jsonl > new.jsonl
	for try in {1..10}; do
		run -0 ke-eval -C new.jsonl old.jsonl
		check '.eval.status == "pass"' <<<"$output" && break
	done
	check '.eval.compared | .change == "improvement" and
	    .decided_by == "time" and (.differs | map(.name)) ==
	    ["compiler", "kernel"] and .differs[0].old == "cc 0.1" and
	    .differs[0].new != null' <<<"$output"
	jq -c '.eval.cases[-1] |= (.t_us /= 100 | .t_lo_us /= 100 |
	    .t_hi_us /= 100) | .eval.env.compiler = "cc 0.1"' old.jsonl \
	    > new.jsonl
	expect 4 -C new.jsonl old.jsonl
	[[ $stderr = "ke-eval: old.jsonl:1: regression: the time is "*"; \
compiler: cc 0.1 -> "* ]]
}

@test "-C: effort is the earlier one's, unless -e says otherwise" {
	earlier
	jq -c '.eval.effort = "full"' old.jsonl > full.jsonl
	ke-eval -C full.jsonl my.c -o axpy > out || [ $? = 4 ]
	check '.eval.effort == "full"' < out
	for try in {1..10}; do
		ke-eval -C full.jsonl -e quick my.c -o axpy > out || true
		check '.eval | .effort == "quick" and .compared.change ==
		    "incomparable"' < out
		check '.eval.compared.why == "other effort"' < out && return
	done
	false
}

@test "-C: no earlier result is said; a bad file is named" {
	earlier
	run -0 --separate-stderr ke-eval -o axpy -C old.jsonl "$data/zeros.c"
	[ "$stderr" = "ke-eval: $data/zeros.c: old.jsonl has no result of it" ]
	check '.eval.compared | .change == "incomparable" and
	    .why == "no earlier result"' <<<"$output"
	echo '{"v": 1, "eval": 3}' >> old.jsonl
	run -1 --separate-stderr ke-eval -o axpy -C old.jsonl my.c
	[ "$output" = "" ]
	[[ $stderr = "ke-eval: old.jsonl:2: eval: "* ]]
	run -1 --separate-stderr ke-eval -o axpy -C none.jsonl my.c
	[[ $stderr = "ke-eval: none.jsonl: No such file"* ]]
	run -2 ke-eval -c -C old.jsonl my.c
}

@test "a grid of one to three dimensions, more blocks than workers" {
	for grid in '"cdiv(N,8)"' '2, "cdiv(N,16)"' '3, 5, "cdiv(N,120)"'; do
		cat > grid.c <<-EOF
		/* ke-plan
		{ "launches": [{"kernel": "axpy", "grid": [$grid],
		    "args": ["a", "x", "y", "z", "N"]}] } */
		void
		axpy(const struct ke_block *b, const float *a, const float *x,
		    const float *y, float *z, int N)
		{
			int at = b->x + b->nx * (b->y + b->ny * b->z);
			int ok = b->x < b->nx && b->y < b->ny && b->z < b->nz;

			for (int i = 8 * at; i < 8 * at + 8 && i < N; i++)
				z[i] = ok ? a[0] * x[i] + y[i] : -1;
		}
		EOF
		verdicts axpy <<<"grid right"
	done
	sed -i 's/8 \* at; /8 * at + (b->z == 8); /' grid.c
	verdicts axpy <<<"grid wrong .*"
}

@test "scratch is 64-byte aligned, of the size asked for, and no more" {
	cat > scratch.c <<-"EOF"
	/* ke-plan
	{ "launches": [{"kernel": "axpy", "grid": ["cdiv(N, 64)"],
	    "shared": "4*min(N,64)", "args": ["a", "x", "y", "z", "N"]}] } */
	void
	axpy(const struct ke_block *b, const float *a, const float *x,
	    const float *y, float *z, int N)
	{
		float *s = b->shared;
		int lo = b->x * 64, n = N - lo < 64 ? N - lo : 64;

		for (int i = 0; i < n; i++)
			s[i] = a[0] * x[lo + i];
		for (int i = 0; i < n; i++)
			z[lo + i] = s[i] + y[lo + i];
		if ((uintptr_t)s % 64 != 0 ||
		    b->shared_bytes != 4 * (size_t)(N < 64 ? N : 64))
			z[lo] = -1;
		/* MORE */
	}
	EOF
	verdicts axpy <<<"scratch right"
	sed 's|/. MORE ./|s[64] = 1;|' scratch.c > over.c
	sed 's/s\[i\] = /s[i] += /' scratch.c > junk.c
	sed 's/s\[i\] = /s[i] = (N == 4096 ? 0 : s[i]) + /' scratch.c > zero.c
	verdicts axpy <<-EOF
	over	fault SIGSEGV
	junk	wrong .*
	zero	wrong .*
	EOF
}

@test "workspaces, several launches in order" {
	cat > steps.c <<-"EOF"
	/* ke-plan
	{ "workspace": {"t": {"dtype": "f32", "shape": ["N"]},
	    "u": {"dtype": "f64", "shape": [3]}},
	  "launches": [
	    {"kernel": "first", "args": ["a", "u"]},
	    {"kernel": "second", "grid": ["N"], "args": ["x", "u", "t"]},
	    {"kernel": "third", "args": ["t", "y", "z", "N"]}] } */
	void first(const float *a, double *u) { u[2] = a[0]; }
	void
	second(const struct ke_block *b, const float *x, double *u, float *t)
	{
		t[b->x] = u[2] * x[b->x];
	}
	void
	third(float *t, const float *y, float *z, int N)
	{
		for (int i = 0; i < N; i++)
			z[i] = t[i] + y[i];
		/* MORE */
	}
	EOF
	sed 's|/. MORE ./|t[N] = 1;|' steps.c > beside.c
	sed 's/u\[2\] = a/u[3] = a/' steps.c > beside2.c
	sed 's/if *(0)//; s/^void first.*/void first(const float *a, double *u) {}/' \
	    steps.c > junk.c
	verdicts axpy <<-EOF
	steps	right
	beside	fault canary|fault SIGSEGV
	beside2	fault canary
	junk	wrong .*
	EOF
	[ "$(jq -rs '.[2].eval.detail' verdicts)" = \
	    "wrote beside a workspace" ]
}

@test "offsets, and dimensions as int and int64_t" {
	cat > offset.c <<-"EOF"
	/* ke-plan
	{ "launches": [
	    {"kernel": "low", "args": ["a", "x", "y", "z", "N"]},
	    {"kernel": "high", "args": ["a", {"tensor": "x", "offset": "N/2"},
	      {"tensor": "y", "offset": "N/2"},
	      {"tensor": "z", "offset": "N/2"}, "N"]}] } */
	static void
	part(float a, const float *x, const float *y, float *z, int n)
	{
		for (int i = 0; i < n; i++)
			z[i] = a * x[i] + y[i];
	}
	void
	low(const float *a, const float *x, const float *y, float *z, int N)
	{
		part(*a, x, y, z, N / 2);
	}
	void
	high(const float *a, const float *x, const float *y, float *z, int N)
	{
		part(*a, x, y, z, N - N / 2);
	}
	EOF
	verdicts axpy <<<"offset right"
	cat > types.c <<-"EOF"
	/* ke-plan
	{ "launches": [{"kernel": "twice",
	    "args": ["N", "M", "NM", "x", "y"]}] } */
	void
	twice(int64_t N, int M, int NM, const float *x, float *y)
	{
		for (int64_t i = 0; i < N * M; i++)
			y[i] = NM == N * M ? 2 * x[i] : 0;
	}
	EOF
	sed 's/int64_t N, int M/int N, int M/' types.c > narrow.c
	verdicts wide <<-EOF
	types	right
	narrow	compile_error cc
	EOF
}

@test "integers are exact, also beyond floats" {
	sed 's/y\[i\] = x\[i\]/y[i] = (int64_t)(float)x[i]/' \
	    "$data/ops/bump/base.c" > round.c
	sed 's/x\[i\] & 1/x[i] > 0/' "$data/ops/bump/base.c" > other.c
	cp "$data/ops/bump/base.c" same.c
	verdicts bump <<-EOF
	same	right
	round	wrong value
	other	wrong value
	EOF
	[[ $(jq -rs '.[2].eval.detail' verdicts) = "m["*"] is "* ]]
}

@test "of a jagged output what is meant is compared" {
	sed 's/n\[b->x\] = k/while (k < N) y[row + k++] = 7; n[b->x] = k/' \
	    "$data/ops/keep/base.c" > length.c
	sed 's/\t*n\[b->x\] = k;/&\n while (k < N) y[row + k++] = 7;/' \
	    "$data/ops/keep/base.c" > behind.c
	sed 's/y\[row + k++\] = x/y[row + k++] = (j > 2) + x/' \
	    "$data/ops/keep/base.c" > shifted.c
	verdicts keep <<-EOF
	behind	right
	length	wrong value
	shifted	wrong value
	EOF
	jq -s '.[1].eval.detail' verdicts | grep '"n\['
}

@test "a timed case outside the domain counts 1, the others are measured" {
	sed 's/{ "launches"/{ "domain": ["N != 4096"], "launches"/' \
	    "$data/sum.c" > part.c
	for try in {1..10}; do
		ke-eval -o rowsum part.c > out
		check '.eval.status == "pass"' < out && break
	done
	check '.eval | .status == "pass" and (.cases | map(select(.set ==
	    "small")) | (.[0] | .outside == null and .t_us > 0) and
	    (.[1] | .outside == true and .t_us == null)) and
	    ((.speedup.mid | log) * 2 - (.cases[4].speedup.mid | log) |
	    fabs < 1e-6)' < out
	[[ $(ke-eval -T -o rowsum part.c) = *"M=16 N=4096 "*"outside the domain"* ]]
	sed -i 's/N != 4096/N < 4096 \&\& N != 1024/; s/"domain"/"domain"/' part.c
	ke-eval -r -o rowsum part.c | check '.eval.status == "plan_error" and
	    .eval.code == "domain"'
}

@test "full effort" {
	for try in {1..10}; do
		record "$data/ops/rowsum/base.c" '{"op": "rowsum", "select":
		    {"effort": "full"}}' | ke-eval -v > out 2> err
		jq -r '.eval | "\(.status) \(.detail) \(.seconds)"' out
		check '.eval.status == "pass"' < out && break
	done
	check '.eval | .effort == "full" and
	    (.status | IN("pass", "noisy", "throttled")) and
	    (.cases[4:] | all(.[]; .pairs + .dropped >= 24 and
	    .pairs + .dropped <= 240)) and .speedup.lo < 1.1 and
	    .speedup.hi > 0.9' < out
	grep -q "drawing inputs" err
	ke-eval -e full -o rowsum "$data/sum_tail.c" |
	    check '.eval.effort == "full" and .eval.status == "wrong"'
}

@test "one worker or two" {
	[ "$(nproc)" -gt 1 ] || skip "one processor"
	for w in 1 2; do
		ke-eval -w $w -o rowsum "$data/ops/rowsum/base.c" |
		    check ".eval.workers == $w and (.eval.status |
		    IN(\"pass\", \"noisy\", \"throttled\"))"
	done
}

@test "what was compiled is kept, and nothing is lost with it" {
	export XDG_CACHE_HOME=$PWD/cache
	ke-eval -o axpy "$data/zeros.c" > first
	(cd cache/ke/compile && ls && stat -c '%n %y' *.so) > made
	[ "$(grep -c so made)" -ge 3 ]
	run ! grep -Eq '\.c$|-[0-9]+\.(so|remarks)$' made
	ke-eval -o axpy "$data/zeros.c" > second
	(cd cache/ke/compile && ls && stat -c '%n %y' *.so) | cmp made
	rm -r cache
	ke-eval -o axpy "$data/zeros.c" > third
	(cd cache/ke/compile && ls) | cmp <(grep -v ' ' made)
	[ "$(jq -s 'map(.eval | .status, .code, .compile.code_bytes) |
	    .[:3] == .[3:6] and .[:3] == .[6:]' first second third)" = true ]
	: > file
	XDG_CACHE_HOME=$PWD/file run -111 ke-eval -o axpy "$data/zeros.c"
}

# Where the compiler gets no root of its own, here for want of the defence, it
# works in a folder of the host's.
@test "a folder that a killed compiler left is removed, one in use is not" {
	local off=$root/${B:-build}/off/bin/ke-eval left used
	[ -x "$off" ] || skip "no build without defences"
	left=$(mktemp -d /tmp/ke-cc-XXXXXX)
	used=$(mktemp -d /tmp/ke-cc-XXXXXX)
	touch "$left/in.c"
	XDG_CACHE_HOME=$PWD/cache KE_OFF=toolchain flock "$used" \
	    "$off" -c -o axpy "$data/naive.c" > out
	check '.eval.status == "pass"' < out
	[ -d "$used" ]
	[ ! -e "$left" ]
	rmdir "$used"
}

@test "two at once do not time each other" {
	for i in 1 2; do
		ke-eval -o rowsum "$data/ops/rowsum/base.c" "$data/sum.c" \
		    > out.$i &
	done
	wait
	cat out.1 out.2 | check '.eval.status | IN("pass", "noisy",
	    "throttled")'
	[ "$(cat out.1 out.2 | wc -l)" = 4 ]
}

@test "while somebody measures nobody else does" {
	ke-eval -o axpy "$data/zeros.c" > out # makes the lock's file
	exec 9< /tmp/ke-cpu.lock
	flock -x 9
	: > out
	ke-eval -o axpy "$data/zeros.c" > out 9<&- &
	sleep 2
	[ ! -s out ]
	flock -u 9
	wait $!
	check '.eval.status == "wrong"' < out
}

# The processes below $1.
below() {
	local p
	for p in $(pgrep -P "$1"); do
		echo "$p"
		below "$p"
	done
}

# Candidates that keep ke-eval busy, and the pids of all that it started.
start_busy() {
	for i in 1 2 3 4 5; do
		sed "s/N == 4096/1/; \$a/* $i */" "$data/loop.c" > busy$i.c
	done
	ke-eval -o axpy busy?.c > "${1-out}" &
	eval=$!
	for i in {1..200}; do
		sleep 0.1
		pids=$(below "$eval")
		# the verifier, two runners and the segment that loops
		[ "$(wc -w <<<"$pids")" -ge 4 ] && return
	done
	false
}

gone() {
	for i in {1..100}; do
		ps -o pid=,stat= -p "$(tr -s ' \n' , <<<"$*")" |
		    grep -qv Z || return 0
		sleep 0.1
	done
	ps -f -p "$(tr -s ' \n' , <<<"$*")"
	return 1
}

@test "kill -9 leaves no process" {
	start_busy
	kill -9 "$eval"
	gone $pids
}

@test "when the reader goes in the middle of an evaluation all end at once" {
	mkfifo pipe
	sleep 1000 < pipe &
	reader=$!
	start_busy pipe
	kill "$reader"
	gone "$eval" $pids
}

@test "when the reader is gone a filter that waits for input ends" {
	mkfifo in
	sleep 1000 > in &
	(ke-eval in; echo $? > status) | true
	for i in {1..20}; do
		[ -s status ] && break
		sleep 0.1
	done
	kill %1
	[ "$(cat status)" = 0 ]
}

@test "softmax: what passes for it on easy inputs" {
	local top='/* ke-plan
	{ "launches": [{"kernel": "softmax", "grid": ["M"],
	    "args": ["x", "y", "N"]}] } */
	#include <math.h>
	void
	softmax(const struct ke_block *b, const float *x, float *y, int N)
	{
		float m = x[(size_t)b->x * N];
		double s = 0;

		x += (size_t)b->x * N;
		y += (size_t)b->x * N;
		for (int j = 1; j < N; j++)
			m = fmaxf(m, x[j]);'
	printf '%s' "$top" > mean.c
	echo 'for (int j = 0; j < N; j++) y[j] = 1.f / N; }' >> mean.c
	printf '%s' "$top" > copy.c
	echo 'for (int j = 0; j < N; j++) y[j] = x[j]; }' >> copy.c
	printf '%s' "$top" > safe.c
	cat >> safe.c <<-"EOF"
		for (int j = 0; j < N; j++)
			s += y[j] = expf(x[j] - m);
		for (int j = 0; j < N; j++)
			y[j] /= s;
	}
	EOF
	sed 's/x\[j\] - m/x[j]/' safe.c > no_max.c
	sed 's|y\[j\] /= s|y[j] = (_Float16)(float)(y[j] / s)|' safe.c > f16.c
	verdicts softmax <<-EOF
	mean	wrong .*
	copy	wrong .*
	no_max	wrong .*
	f16	(wrong|imprecise) .*
	safe	right
	EOF
}

@test "conv1d: its seed, in a pipe, as a table" {
	jq -nc --rawfile s "$root/ops/conv1d/seed.c" '{v: 1, op: "conv1d",
	    target: "cpu", source: $s}' > in
	[ "$(ke-eval < in | jq -r '.eval.status')" != "" ]
	ke-eval -o conv1d -t cpu -T "$root/ops/conv1d/seed.c" > out
	grep -Eq "seed.c: (pass: |noisy: |throttled: )" out
	grep -q "15 check cases pass" out
}

@test "the examples of ke-eval(1)" {
	cp "$root/ops/conv1d/base.c" my.c
	mkdir many
	cp "$root/ops/softmax/base.c" many/a.c
	echo 'int' > many/b.c
	ke-eval -o conv1d -t cpu -T my.c | grep "^my.c: "
	(cd many && parallel ke-eval -c -o softmax ::: *.c |
	    jq -r '.eval.status' | sort | uniq -c) > out
	[ "$(tr -s ' ' < out)" = " 1 pass
 1 plan_error" ]
	ke-eval -c -k out.d -o conv1d my.c && grep missed \
	    out.d/variant-0.remarks
}

@test "the operator of ke-op(5) is one" {
	mkdir -p ops/axpy
	mandoc "$root/man/ke-op.5" | col -bx > page
	part() {
		sed -n "/^EXAMPLES/,/^SEE/p" page |
		    awk "/$1/ {on = 1} /$2/ {on = 0} on" | sed 1d
	}
	part 'ops.axpy.op.json:' 'ops.axpy.ref.c:' > ops/axpy/op.json
	part 'ops.axpy.ref.c:' 'ops.axpy.base.c:' > ops/axpy/ref.c
	part 'ops.axpy.base.c:' 'Is it well formed' > ops/axpy/base.c
	KE_OPS= ke-eval -o axpy -t cpu -T ops/axpy/base.c > out
	cat out
	grep -Eq "base.c: (pass: |noisy: |throttled: )" out
	grep -q "4 check cases pass" out
}
