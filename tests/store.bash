# shellcheck shell=bash
# What the tests of ke-store share: each has a store of its own, with one run
# r1.

setup() {
	cd "$BATS_TEST_TMPDIR"
	export KE_STORE=$BATS_TEST_TMPDIR/store
	unset KE_OPS
	run_line | ke-store run -c r1
}

run_line() {
	jq -cn --arg key "${1:-K}" '{v:1, op:"conv1d", target:"cpu",
	    language:"c", dtype:"f32", seed:"7",
	    baseline:{id:"b", name:"base.c"}, env:{key:$key}}'
}

# draft XID: an expansion without a parent
draft() {
	jq -cn --arg xid "$1" '{v:1, run:"r1", xid:$xid,
	    select:{phase:"draft", memory:"none", draft:0, effort:"quick"}}'
}

# tree XID PID [MEMORY]
tree() {
	jq -cn --arg xid "$1" --arg pid "$2" --arg m "${3:-both}" '{v:1,
	    run:"r1", xid:$xid, pid:$pid,
	    select:{phase:"tree", memory:$m, effort:"quick"}}'
}

confirm() {
	jq -cn --arg xid "$1" --arg pid "$2" '{v:1, run:"r1", xid:$xid,
	    pid:$pid, select:{phase:"confirm", effort:"full"}}'
}

# gen [SOURCE]: what ke-gen adds; the source is the xid unless said
gen() {
	jq -c --arg s "${1:-}" 'del(.context) +
	    {gen:{backend:"tune", strategy:"move BM", seconds:0.5,
	     usage:{in:100, out:20}, cost_usd:0.01},
	     source:(if $s == "" then "kernel " + .xid else $s end),
	     choice:{BM:32}}'
}

# evaluate SCORE [STATUS]: what ke-eval and ke-profile add
evaluate() {
	jq -c --argjson score "$1" --arg status "${2:-pass}" \
	    'if .eval or .error then . else . + {eval:{status:$status,
	    score:$score, effort:(.select.effort // "quick"), env:{key:"K"},
	    cases:[{t_us:3},{t_us:12}], compile:{registers:40}, seconds:2},
	    profile:{bottleneck:{name:"memory"}}} end'
}

# node XID SCORE [STATUS [SOURCE]]: a draft through the whole pipe
node() {
	draft "$1" | ke-store expand | gen "${4:-}" | evaluate "$2" \
	    "${3:-pass}" | ke-store add
}

# Waits for a condition, 5 s at most.
await() {
	for _ in {1..1500}; do
		if "$@"; then return 0; fi
		sleep 0.02
	done
	return 1
}

lines_in() { [ "$(wc -l < "$1")" -ge "$2" ]; }

# adds N: that many records of 3 KB, named from P on
adds() {
	jq -cn --argjson n "$1" --arg p "${2:-k}" \
	    '("line of a kernel;\n" * 180) as $s | range($n) | {v:1,
	    run:"r1", id:"\($p)\(.)", source:"\($s)\($p)\(.)",
	    eval:{status:"pass", score:(. / 100), effort:"quick"}}'
}
