# shellcheck shell=bash
# Waits, for at most so many seconds, until a command succeeds.
wait_for() { # seconds command...
	local until=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < until)) || return 1
		sleep 0.02
	done
}
