# shellcheck shell=bash
# What the tests of generators share: an operator, and a server on loopback.

load wait

# The operator of ke-op(5), EXAMPLES.
op() {
	cat >"$1/op.json" <<-EOT
	{ "v": 1, "name": "$2", "summary": "z = x", "dims": ["N"],
	  "tensors": [
	    {"name": "x", "role": "in", "dtype": "T", "shape": ["N"],
	     "draw": {"dist": "normal", "mean": 0, "std": 1}},
	    {"name": "z", "role": "out", "dtype": "T", "shape": ["N"],
	     "scale": "terms"}],
	  "dtypes": {"f32": {}},
	  "cases": {"check": [{"N": 1}, {"N": 31}, {"N": 129}],
	    "small": [{"N": 4096}]},
	  "flops": "N" }
	EOT
	echo 'REF_z(i) { return x(i); }' >"$1/ref.c"
	echo '/* ke-plan {"launches": [{"kernel": "k", "args": ["x"]}]} */' \
	    >"$1/base.c"
}

# Records whose prompts say "case NAME.", of the xid NAME each.
asks() {
	jq -nc '$ARGS.positional[] | {v: 1, run: "r", op: "tiny",
	    language: "c", xid: ., select: {phase: "tree"}, prompt: {messages:
	    [{role: "system", content: "Write."},
	    {role: "user", content: "case \(.)."}]}}' --args "$@"
}

# A line of the script: what is answered in case $1, with members $2; $3 is
# how often.  The text is the candidate's, where there is no other.
says() {
	jq -nc --arg case "$1" --rawfile text answer.md \
	    --argjson times "${3:-1}" "{when: {body: \"case \\(\$case).\"},
	    text: \$text, times: \$times} + (${2:-{\}})"
}

# Waits at most thirty seconds for a command to succeed.
await() {
	wait_for 30 "$@"
}

# Starts the server with the file script.  It ends with the test, for then nobody
# holds descriptor 7.
serve() {
	rm -f hold port log
	mkfifo hold
	exec 7<>hold
	touch log
	"$server" -l log "$@" script <hold >port 3>&- 7>&- &
	await test -s port
	url=http://127.0.0.1:$(cat port)
}
