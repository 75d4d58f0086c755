# The two statements of each operator, ref.c and ref.py, against each other;
# and ke-eval -R, which prints the one for the other.
bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR"
	root=$BATS_TEST_DIRNAME/..
	export KE_OPS=$root/ops
}

has_torch() {
	python3 -c 'import torch' 2>/dev/null
}

# Holds the ref.py of each operator that standard input has cases of.
hold() {
	python3 "$BATS_TEST_DIRNAME/refcheck.py" "$root/ops"
}

@test "ref.py says what ref.c says, at every check and small case" {
	if ! has_torch; then skip "no PyTorch"; fi
	for op in "$root"/ops/*/ref.py; do
		op=$(basename "$(dirname "$op")")
		ke-eval -R -o "$op"
		ke-eval -R -s small -o "$op"
	done | hold >said
	cat said
	n=$(jq -s 'map(.cases | (.check | length) + (.small | length)) | add' \
	    "$root"/ops/*/op.json)
	[ "$(sed 's/.*: \(.*\) of .*/\1/' said | jq -s add)" -eq "$n" ]
}

@test "the comparison finds one wrong bit of an integer, and 1e-9" {
	if ! has_torch; then skip "no PyTorch"; fi
	ke-eval -R -o map_id | head -n 2 > cases
	jq -c '.outputs.out[0] += 1' cases > wrong
	run -1 hold < wrong
	[[ $output == *"0 of 2 cases agree" ]]
	ke-eval -R -o softmax | head -n 2 > cases
	jq -c '.outputs.y[0] *= (1 + 1e-9)' cases > wrong
	run -1 hold < wrong
	[[ $output == *"0 of 2 cases agree" ]]
	run -1 hold < /dev/null
}

@test "-R: one line per check case, with dims, shapes, inputs, outputs" {
	ke-eval -R -o conv1d > out
	[ "$(wc -l < out)" -eq "$(jq '.cases.check | length' \
	    "$root/ops/conv1d/op.json")" ]
	jq -es --slurpfile op "$root/ops/conv1d/op.json" \
	    'map(.dims) == $op[0].cases.check' out
	jq -es 'all(.[]; .v == 1 and .op == "conv1d" and .dtype == "f32" and
	    .set == "check" and (.inputs | keys) == ["bias", "w", "x"] and
	    .shapes.w == [.dims.Cout, .dims.Cin, 3] and
	    (.inputs.x | length) == .dims.B * .dims.Cin * .dims.L and
	    (.outputs.y | length) == .dims.B * .dims.Cout * .dims.L)' out
}

@test "-R: the output is the operator's formula, by another hand" {
	ke-eval -R -o conv1d | sed -n 2p > case
	jq -e '.dims == {B: 1, Cin: 1, Cout: 2, L: 2}' case
	jq -e '.inputs as $i | [range(2) as $o | range(2) as $l |
	    $i.bias[$o] + ([range(3) as $k | select($l + $k >= 1 and
	    $l + $k <= 2) | $i.x[$l + $k - 1] * $i.w[3 * $o + $k]] | add)] as
	    $y | [range(4) as $n | $y[$n] - .outputs.y[$n] | fabs] |
	    max < 1e-15' case
}

@test "-R: a row of jagged data has its length, and zeros behind it" {
	ke-eval -R -o batch_event_truncate > out
	jq -es 'any(.[]; .lengths.inner_out[0] < .shapes.inner_out[1])' out
	jq -es 'all(.[]; .lengths.inner_out == .outputs.n_inner and
	    .lengths.values_out == .outputs.n_values and
	    (.lengths.inner_out[0] as $n | .shapes.inner_out[1] as $stop |
	    all(.outputs.inner_out[$n:$stop][]; . == 0)))' out
}

@test "-R: the seed decides the inputs, and nothing else does" {
	ke-eval -R -o map_id > a
	ke-eval -R -o map_id -S 1 > b
	ke-eval -R -o map_id -S 2 > c
	cmp a b
	run ! cmp -s a c
	[ "$(jq -c .dims a)" = "$(jq -c .dims c)" ]
}

@test "-R: inputs have their type's precision, and are read back exactly" {
	ke-eval -R -o softmax | head -n 3 | tail -n 1 |
	    jq -r '.inputs.x[]' > x
	perl -ne 'BEGIN { $bad = 0 } $bad = 1 if unpack("f", pack("f", $_)) != $_;
	    END { exit $bad }' x
}

@test "-R: integers beyond 2^53 and infinities are strings, NaN null" {
	mkdir odd
	cat > odd/op.json <<-'EOF'
	{"v": 1, "name": "odd", "summary": "odd numbers", "tags": [],
	 "dims": ["N"], "tensors": [
	  {"name": "x", "role": "in", "dtype": "f32", "shape": ["N"],
	   "draw": {"dist": "normal", "mean": 0, "std": 1}},
	  {"name": "y", "role": "out", "dtype": "f32", "shape": ["N"],
	   "scale": "row"},
	  {"name": "z", "role": "out", "dtype": "i64", "shape": ["N"]}],
	 "dtypes": {"f32": {}},
	 "cases": {"check": [{"N": 3}], "small": [{"N": 3}]}}
	EOF
	cat > odd/ref.c <<-'EOF'
	REF_y(i)
	{
		return i == 0 ? NAN : i == 1 ? -INFINITY : 0 * x(i) + 1;
	}

	REF_z(i)
	{
		return i == 0 ? INT64_MIN : i == 1 ? -((int64_t)1 << 53) : 5;
	}
	EOF
	touch odd/base.c
	ke-eval -R -o ./odd > out
	jq -e '.outputs.y == [null, "-inf", 1]' out
	grep -F '"z":["-9223372036854775808",-9007199254740992,5]' out
}

@test "-R: what it refuses" {
	run -2 ke-eval -R
	[[ $output == "ke-eval: -R needs -o" ]]
	run -2 ke-eval -R -o conv1d -S x
	run -2 ke-eval -R -o conv1d -y f64
	run -2 ke-eval -R -o conv1d -y f16
	[[ $output == *"f16"* ]]
	run -1 ke-eval -R -o nothing-like-it
	run -1 ke-eval -R -o conv1d -s nothing-like-it
	run -2 ke-eval -o conv1d -s check
}

@test "-R: a full disk is said, a reader that is gone is not" {
	run -111 bash -c 'ke-eval -R -o conv1d > /dev/full'
	[[ $output == *"No space left"* ]]
	run -0 bash -c 'set -o pipefail; ke-eval -R -o batch_event_truncate |
	    head -n 1 | jq -r .op'
	[ "$output" = batch_event_truncate ]
}

@test "-R: an error of ref.c is the compiler's, with its place" {
	cp -r "$root/ops/softmax" softmax
	echo 'int wrong(' >> softmax/ref.c
	run -1 ke-eval -R -o ./softmax
	[[ $output == *ref.c* ]]
}

@test "-R: the man page's example" {
	ke-eval -R -o softmax | head -n 1 | jq -c .outputs > out
	[ "$(< out)" = '{"y":[1]}' ]
}
