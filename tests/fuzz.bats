#!/usr/bin/env bats
# The corpus through each fuzz target, without libFuzzer: what is there is what
# is listed, and breaks no promise.

setup() {
	cd "$KE_ROOT" || exit 1
	bats_require_minimum_version 1.5.0
}

replay() {
	"${B:-build}/replay/fuzz/$1" "tests/fuzz/corpus/$1"
}

@test "the corpus is the one that is listed" {
	cd tests/fuzz/corpus
	sha256sum --quiet --check SUMS
	diff <(cut -c 67- SUMS | sort) <(printf '%s\n' */* | sort)
}

@test "there is a corpus for each target, and a target for each corpus" {
	diff <(printf '%s\n' tests/fuzz/fuzz_*.c | sed 's/.*fuzz_//; s/\.c$//') \
	    <(cd tests/fuzz/corpus && printf '%s\n' */ | tr -d /)
}

@test "records" {
	replay record
}

@test "plans" {
	replay plan
}

@test "operators" {
	replay op
}

@test "edits" {
	replay edit
}

@test "expressions" {
	replay expr
}

@test "replies of a runner" {
	replay reply
}

@test "answers of a server" {
	replay answer
}

@test "shared objects" {
	replay load
}

@test "code objects" {
	replay codeobject
}

@test "a folder without inputs fails" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	run -1 "${B:-build}/replay/fuzz/expr" "$BATS_TEST_TMPDIR/empty"
	run -1 "${B:-build}/replay/fuzz/expr" "$BATS_TEST_TMPDIR/none"
}
