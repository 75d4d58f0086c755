# The operators of ops/: what passes for one on easy inputs is refused, and the
# seeds are right whatever is chosen.
bats_require_minimum_version 1.5.0

load verdicts

setup() {
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache TMPDIR=$BATS_TEST_TMPDIR
	root=$BATS_TEST_DIRNAME/..
	export KE_OPS=$root/ops
}

# The operator's baseline, changed by a substitution that must fit: NAME.c.
variant() {
	perl -0pe "$2" "$root/ops/$op/base.c" > "$1.c"
	! cmp -s "$1.c" "$root/ops/$op/base.c"
}

# Standard input: a candidate here and the pattern of its status and code, a
# line each.
verdicts() {
	local name want files=() wants=()

	while read -r name want; do
		files+=("$name.c")
		wants+=("${want/right/$right}")
	done
	judged ke-eval -o "$op" "${files[@]}"
}

# The same candidates pass where nothing compares their errors, so that it was
# these that refused them.  (The sanitizers' build has no such tool.)
believed() {
	local off=$root/${B:-build}/off/bin/ke-eval got

	if [ ! -x "$off" ]; then return; fi
	for name; do
		got=$(KE_OFF=element,norm,bias "$off" -o "$op" "$name.c" |
		    jq -r '[.eval.status, .eval.code // empty] | join(" ")')
		echo "$name.c: $got"
		[[ $got =~ ^($right)$ ]]
	done
}

@test "gelu: other formulas, less precision, what overflows" {
	op=gelu
	variant tanh 's/v \* v \* v/(v * v) * v/'
	variant erf 's/tanhf\(.*?\)\)\);/erff(v * 0.70710678f));/s'
	variant sigmoid 's/0.5f.*?\)\)\);/v \/ (1 + expf(-1.702f * v));/s'
	variant relu 's/0.5f.*?\)\)\);/v > 0 ? v : 0;/s'
	variant two_exp 's/tanhf/th/;
	    s/void/static float\nth(float u)\n{\n
		float a = expf(u), b = expf(-u);\n
		return (a - b) \/ (a + b);\n}\n\nvoid/'
	variant f16 's/tanhf/(float)(_Float16)tanhf/'
	variant f16_in 's/float v = x\[i\]/float v = (_Float16)x[i]/'
	verdicts <<-EOF
	tanh	right
	erf	(wrong|imprecise) (element|norm)
	sigmoid	(wrong|imprecise) element
	relu	(wrong|imprecise) element
	two_exp	wrong value
	f16	(wrong|imprecise) (element|norm)
	f16_in	(wrong|imprecise) (element|norm)
	EOF
	believed erf f16
}

# The operator's baseline with lanes for its sums, and in f32 alone: honest,
# and what one-line changes make of it.
@test "layer_norm: one pass, half a row, less precision, other formulas" {
	op=layer_norm
	cat > lanes.c <<-"EOF"
	/* ke-plan
	{ "launches": [{"kernel": "layer_norm", "grid": ["M"],
	    "args": ["x", "w", "b", "y", "N"]}] } */
	#include <math.h>

	static float
	fold(float s[8])
	{
		for (int n = 4; n > 0; n /= 2)
			for (int i = 0; i < n; i++)
				s[i] += s[i + n];
		return s[0];
	}

	void
	layer_norm(const struct ke_block *k, const float *restrict x,
	    const float *restrict w, const float *restrict b,
	    float *restrict y, int N)
	{
		float s[8] = {0}, q[8] = {0}, mean, var, v;

		x += (size_t)k->x * N;
		y += (size_t)k->x * N;
		for (int j = 0; j < N; j++)
			s[j % 8] += x[j];
		mean = fold(s) / N;
		for (int j = 0; j < N; j++)
			q[j % 8] += (x[j] - mean) * (x[j] - mean);
		var = fold(q) / N;
		for (int j = 0; j < N; j++) {
			v = (x[j] - mean) / sqrtf(var + 1e-5f);
			y[j] = v * w[j] + b[j];
		}
	}
	EOF
	sed -e 's/(x\[j\] - mean) \* (x\[j\] - mean)/x[j] * x[j]/' \
	    -e 's/var = .*/var = fmaxf(fold(q) \/ N - mean * mean, 0);/' \
	    lanes.c > one_pass.c
	sed 's/v = (x.*/v = x[j] * (1 \/ sqrtf(var + 1e-5f)) -\
	    mean * (1 \/ sqrtf(var + 1e-5f));/' lanes.c > folded.c
	sed 's/y\[j\] = v/y[j] = (float)(_Float16)v/' lanes.c > f16.c
	sed 's/+= x\[j\]/+= (float)(_Float16)x[j]/' lanes.c > f16_mean.c
	sed 's/ + 1e-5f//' lanes.c > no_eps.c
	sed 's/fold(q) \/ N/fold(q) \/ (N - 1)/' lanes.c > unbiased.c
	sed 's/fold(s) \/ N/fold(s) \/ (N \/ 2)/
	    s/j < N; j++)$/j < N \/ 2; j++)/' lanes.c > half.c
	sed 's/v \* w\[j\] + b\[j\]/v/' lanes.c > plain.c
	verdicts <<-EOF
	lanes	right
	one_pass	(wrong|imprecise) (element|norm)
	folded	(wrong|imprecise) (element|norm)
	f16	(wrong|imprecise) (element|norm)
	f16_mean	(wrong|imprecise) (element|norm)
	no_eps	(wrong|imprecise) .*
	unbiased	(wrong|imprecise) .*
	half	(wrong|imprecise) .*
	plain	wrong element
	EOF
	believed one_pass f16
}

@test "rmsnorm_backward: terms and rows left out, less precision" {
	op=rmsnorm_backward
	variant order 's/x\[j\] \* c\)/c * x[j])/'
	variant no_dot 's/ - x\[j\] \* c//'
	variant half_dot 's/dot \+=/if (j % 2) dot +=/;
	    s/dot \/ N/dot * 2 \/ N/'
	variant half_rows 's/i < M; i\+\+/i < M; i += 2/'
	variant f16 's/c = r/c = (float)(_Float16)r/'
	variant f16_dw 's/dw\[j\] \+= dy/dw[j] += (_Float16)dy/'
	variant no_eps 's/ \+ 1e-6f//'
	verdicts <<-EOF
	order	right
	no_dot	wrong .*
	half_dot	(wrong|imprecise) .*
	half_rows	wrong .*
	f16	(wrong|imprecise) .*
	f16_dw	(wrong|imprecise) .*
	no_eps	(wrong|imprecise) .*
	EOF
	believed half_dot f16
}

@test "gemm: a part of the sum or of the tile, less precision" {
	op=gemm
	variant order 's/a \* B(\[.*?\])/B$1 * a/'
	variant k_tail 's/k < least\(K, /k < least(K \/ 4 * 4, /'
	variant half 's/float a = /float a = (k & 1) * 2 * /'
	variant row_tail 's/least\(M, /least(M \/ 2 * 2, /'
	variant column_tail 's/least\(N, /least(N \/ 8 * 8, /'
	variant f16 's/float a = /float a = (_Float16)/'
	variant bf16 's/float a = (.*?);/float a = cut($1);/;
	    s/void/static float\ncut(float v)\n{\n
		union {float f; uint32_t u;} b = {v};\n
		b.u &= 0xffff0000;\n
		return b.f;\n}\n\nvoid/'
	variant f16_sum 's/C\[(\S+ \* N \+ j)\] \+=\s*(.*?);/
	    C[$1] = (_Float16)(C[$1] + $2);/s'
	variant not_cleared 's/= 0;/*= 1;/'
	verdicts <<-EOF
	order	right
	k_tail	wrong .*
	half	wrong .*
	row_tail	wrong .*
	column_tail	wrong .*
	f16	(wrong|imprecise) .*
	bf16	(wrong|imprecise) .*
	f16_sum	(wrong|imprecise) .*
	not_cleared	wrong .*
	EOF
	believed bf16 f16
}

@test "optimized_fm: the other association; parts of the sums, less precision" {
	op=optimized_fm
	cat > gram.c <<-"EOF"
	/* ke-plan
	{ "launches": [{"kernel": "fm", "grid": ["N", "B"],
	    "args": ["X", "Y", "out", "N", "D", "K"]}] } */
	void
	fm(const struct ke_block *b, const float *restrict X,
	    const float *restrict Y, float *restrict out, int N, int D, int K)
	{
		const float *x = X + ((size_t)b->y * N + b->x) * D;
		float *o = out + ((size_t)b->y * N + b->x) * K;

		for (int k = 0; k < K; k++)
			o[k] = 0;
		for (int n = 0; n < N; n++) {
			const float *xn = X + ((size_t)b->y * N + n) * D;
			const float *y = Y + ((size_t)b->y * N + n) * K;
			float g = 0;

			for (int d = 0; d < D; d++)
				g += x[d] * xn[d];
			for (int k = 0; k < K; k++)
				o[k] += g * y[k];
		}
	}
	EOF
	sed 's/+= g/+= (_Float16)g/' gram.c > f16_gram.c
	variant d_tail 's/D - d0/D \/ 4 * 4 - d0/'
	variant half_n 's/\+=\s*X(\S+ \* D \+ d0 \+ d\]) \*\s*Y/+=
	    (n & 1) * 2 * X$1 * Y/s'
	variant column_tail 's/K - b/K \/ 8 * 8 - b/'
	variant only_xty 's/X(\S+ \* D \+ d0 \+ d\]) \*\s*xty/xty/s'
	variant f16 's/X(\S+ \* D \+ d0 \+ d\]) \*\s*Y/(_Float16)X$1 * Y/s'
	variant f16_xty 's/\s*xty\[d \* 512 \+ k\];/ (_Float16)xty[d * 512 +
	    k];/s'
	variant not_cleared 's/xty\[d \* 512 \+ k\] = 0/;/'
	verdicts <<-EOF
	gram	right
	f16_gram	(wrong|imprecise) .*
	d_tail	wrong .*
	half_n	wrong .*
	column_tail	wrong .*
	only_xty	wrong .*
	f16	(wrong|imprecise) .*
	f16_xty	(wrong|imprecise) .*
	not_cleared	wrong .*
	EOF
}

@test "pffn: other formulas, terms left out, less precision" {
	op=pffn
	variant order 's/a\[p\] \* w(\[.*?\])/w$1 * a[p]/'
	variant tanh 's/erff\((\S+) \* 0.70710678f\)/tanhf(0.7978845608f *
	    ($1 + 0.044715f * $1 * $1 * $1))/'
	variant relu 's/= 0.5f .*?;/= fmaxf(h[j], 0);/'
	variant no_eps 's/ \+ 1e-6f//'
	variant eps_outside 's/sqrtf\(s \/ n \+ 1e-6f\)/(sqrtf(s \/ n) + 1e-6f)/'
	variant half_rms 's/s \+= /s += (i & 1) * 2 * /'
	variant no_gain 's/r \* g\[i\]/r/'
	variant one_bias 's/b2 \+ s \* D/b2/'
	variant no_inner_rms 's/for \(int r = 0; r < rows; r\+\+\)\s+rms\(h.*?;//s'
	variant k_tail 's/p < k;/p < k \/ 4 * 4;/'
	variant f16 's/a\[p\] \* w/(_Float16)a[p] * w/'
	variant f16_sum 's/c\[j\] \+= (.*?);/c[j] = (_Float16)(c[j] + $1);/s'
	variant f16_gelu 's/\(1 \+ erff/(1 + (float)(_Float16)erff/'
	variant bf16_h 's/(h\[j\]) = (.*?);/$1 = cut($2);/;
	    s/static void/static float\ncut(float v)\n{\n
		union {float f; uint32_t u;} b = {v};\n
		b.u &= 0xffff0000;\n
		return b.f;\n}\n\nstatic void/'
	verdicts <<-EOF
	order	right
	tanh	(wrong|imprecise) .*
	relu	wrong .*
	no_eps	(wrong|imprecise) .*
	eps_outside	(wrong|imprecise) .*
	half_rms	wrong .*
	no_gain	wrong .*
	one_bias	wrong .*
	no_inner_rms	wrong .*
	k_tail	wrong .*
	f16	(wrong|imprecise) .*
	f16_sum	(wrong|imprecise) .*
	f16_gelu	(wrong|imprecise) .*
	bf16_h	(wrong|imprecise) .*
	EOF
}

@test "attention: no maximum, keys and masks, less precision" {
	op=attention
	variant order 's/q\[d\] \* (k\[.*?\])/$1 * q[d]/'
	variant no_max 's/p\[j\] - max/p[j]/'
	variant no_scale 's/1 \/ sqrtf\(D\)/1/'
	variant most_keys 's/j < m/j < m - m \/ 16/g'
	variant mask_early 's/i \+ 1 :/(i > 0 ? i : 1) :/'
	variant mask_late 's/i \+ 1 :/(i + 2 < S ? i + 2 : S) :/'
	variant no_mask 's/causal \? i \+ 1 : S/S/'
	variant other_sum 's/sum \+= p/if (j % 2) sum += 2 * p/'
	variant f16_score 's/= s \* scale/= (_Float16)(s * scale)/'
	variant f16_weight 's/expf\(p\[j\] - max\);/
	    (_Float16)expf(p[j] - max);/'
	variant f16_value 's/p\[j\] \* v/p[j] * (_Float16)v/'
	variant bf16_weight 's/(expf\(p\[j\] - max\));/cut($1);/;
	    s/static void/static float\ncut(float v)\n{\n
		union {float f; uint32_t u;} b = {v};\n
		b.u &= 0xffff0000;\n
		return b.f;\n}\n\nstatic void/'
	verdicts <<-EOF
	order	right
	no_max	wrong .*
	no_scale	wrong .*
	most_keys	wrong .*
	mask_early	wrong .*
	mask_late	wrong .*
	no_mask	wrong .*
	other_sum	wrong .*
	f16_score	(wrong|imprecise) .*
	f16_weight	(wrong|imprecise) .*
	f16_value	(wrong|imprecise) .*
	bf16_weight	(wrong|imprecise) .*
	EOF
	believed bf16_weight f16_value
}

@test "mbdt: ties, infinities, borders left out, less precision" {
	op=mbdt
	variant order 's/borders\[k\] < x\[i\]/x[i] > borders[k]/'
	variant not_above 's/borders\[k\] < x/borders[k] <= x/'
	variant all 's/k < K/k <= K/'
	variant difference 's/k < K/k <= K/;
	    s/borders\[k\] < x\[i\]/!(borders[k] - x[i] >= 0)/'
	variant first 's/k < K/k < K - 1/'
	variant no_start 's/= start \+ n/= n/'
	variant starts 's/\(K \+ 1\)/K/'
	variant f16 's/borders\[k\] < x\[i\]/
	    (_Float16)borders[k] < (_Float16)x[i]/'
	variant epsilon 's/< x\[i\]/< x[i] - 1e-6f/'
	verdicts <<-EOF
	order	right
	not_above	wrong .*
	all	right
	difference	wrong .*
	first	wrong .*
	no_start	wrong .*
	starts	wrong .*
	f16	wrong .*
	epsilon	wrong .*
	EOF
	jq -es '.[0].eval.precision == "enforced"' verdicts
}

# What mbdt draws is what its definition is about.
@test "borders ascend to an infinity, samples hit them and lie beside them" {
	ke-eval -R -o mbdt > out
	jq -es 'all(.[]; .dims.K as $k | .dims.F as $f | .inputs.borders as $b |
	    all(range($f); . as $i | $b[$i * ($k + 1):($i + 1) * ($k + 1)] |
	    .[-1] == "inf" and (.[:-1] | . == sort and all(.[]; . >= -4 and
	    . <= 4))))' out
	jq -es '[.[].inputs | (.borders | map({"\(.)": true}) | add) as $b |
	    .x[] | select($b["\(.)"])] | length > 500 and
	    any(.[]; . == "inf")' out
	# one of f32's neighbours, on either side
	jq -es '[.[] | select(.dims.F == 1).inputs |
	    (.borders[:-1] | map(select(fabs > 0.01))) as $b | .x[] |
	    select(. != "inf") as $x |
	    $b[] | select(. != $x and (. - $x | fabs) <= (. * 1.2e-7 | fabs)) |
	    . < $x] | map(select(.)) as $above |
	    ($above | length > 100) and length - ($above | length) > 100' out
	jq -es '[.[].inputs.x[] | select(. != "inf")] |
	    min < -4 and max > 4' out
}

# A difference of nearly equal terms, in the check cases: an honest error is
# that of the terms.
@test "an operator's own scale is what its errors are measured by" {
	mkdir own
	cat > own/op.json <<-'EOF'
	{"v": 1, "name": "own", "summary": "y = x^2 - x x[0]", "tags": [],
	 "dims": ["N"], "tensors": [
	  {"name": "x", "role": "in", "dtype": "f32", "shape": ["N"],
	   "draw": {"dist": "uniform", "min": "N == 999 ? 0-1 : 1000",
	    "max": "N == 999 ? 1 : 1001"}},
	  {"name": "y", "role": "out", "dtype": "f32", "shape": ["N"],
	   "scale": "own"}],
	 "dtypes": {"f32": {}},
	 "cases": {"check": [{"N": 2}, {"N": 3}, {"N": 129}],
	  "small": [{"N": 999}]}}
	EOF
	cat > own/ref.c <<-'EOF'
	REF_y(i)
	{
		return x(i) * x(i) - x(i) * x(0);
	}

	SCALE_y(i)
	{
		return x(i) * x(i) + fabs(x(i) * x(0));
	}
	EOF
	cat > own/base.c <<-'EOF'
	/* ke-plan
	{ "launches": [{"kernel": "own", "args": ["x", "y", "N"]}] } */
	void
	own(const float *x, float *y, int N)
	{
		for (int i = 0; i < N; i++) {
			float square = x[i] * x[i], other = x[i] * x[0];

			__asm__ ("" : "+x" (square), "+x" (other));
			y[i] = square - other;
		}
	}
	EOF
	cp -r own row
	sed -i 's/"own"}/"row"}/; s/"name": "own"/"name": "row"/' row/op.json
	sed -i '/SCALE/,$d' row/ref.c
	ke-eval -o ./own own/base.c | jq -c .eval > out
	cat out
	jq -e --arg right "^($right)$" '[.status, .code // empty] | join(" ") |
	    test($right)' out
	jq -e '.cases[0].errors.y.ratio > 0.001' out
	run -1 ke-eval -o ./row row/base.c
	[[ $output == *"base.c: imprecise: "* ]]
	sed -i '/SCALE/,$d' own/ref.c
	run -1 ke-eval -o ./own own/base.c
	echo "$output"
	[[ $output == *ke_scale_y* ]]
}

# One less of a dim must matter; of one that is 0 in some case, down to 0.
@test "a dim that may be 0 is a switch" {
	mkdir maybe
	cat > maybe/op.json <<-'EOF'
	{"v": 1, "name": "maybe", "summary": "y = x or 2 x", "tags": [],
	 "dims": ["N", "twice"], "tensors": [
	  {"name": "x", "role": "in", "dtype": "f32", "shape": ["N"],
	   "draw": {"dist": "normal"}},
	  {"name": "y", "role": "out", "dtype": "f32", "shape": ["N"]}],
	 "dtypes": {"f32": {}}, "flops": "N",
	 "cases": {"check": [{"N": 1, "twice": 1}, {"N": 33, "twice": 1},
	  {"N": 17, "twice": 0}],
	  "small": [{"N": 999, "twice": 1}]}}
	EOF
	echo 'REF_y(i) { return x(i) * (twice ? 2 : 1); }' > maybe/ref.c
	cat > maybe/base.c <<-'EOF'
	/* ke-plan
	{ "launches": [{"kernel": "copy", "args": ["x", "y", "N", "twice"]}] }
	*/
	void
	copy(const float *x, float *y, int N, int twice)
	{
		for (int i = 0; i < N; i++)
			y[i] = x[i] * (twice ? 2 : 1);
	}
	EOF
	dim() {
		ke-eval -A ./maybe | jq -r '.tests[] |
		    select(.test == "dims" and (.detail | test("^twice"))) |
		    .result' || true
	}
	[ "$(dim)" = pass ]
	sed -i 's/twice ? 2 : 1/1/' maybe/ref.c maybe/base.c
	[ "$(dim)" = fail ]
}

# Of each seed three choices that its plan allows, drawn at random but always
# the same.
@test "the seeds are right whatever is chosen" {
	for op in attention gelu gemm layer_norm mbdt optimized_fm \
	    pffn rmsnorm_backward; do
		for i in 1 2; do
			jq -nc --arg op $op --arg x $i '{v: 1, op: $op, xid: $x,
			    target: "cpu", language: "c",
			    select: {phase: "draft"}}'
		done | ke-gen -b tune -S 1 | ke-eval > out
		jq -c '[.op, .choice, .eval.status, .eval.detail]' out
		jq -es --arg right "^($right)$" 'length == 2 and all(.[].eval;
		    [.status, .code // empty] | join(" ") | test($right))' out
	done
}
