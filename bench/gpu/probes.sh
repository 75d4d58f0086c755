#!/bin/bash
# usage: probes.sh OUTPUT [PREFIX ...]
# Builds the probes and runs them, or those whose names begin so.
set -euo pipefail
out=${1:?usage: probes.sh OUTPUT [PREFIX ...]}
shift
here=$(cd "$(dirname "$0")" && pwd)
nvcc=$(command -v "${NVCC:-nvcc}")
root=$(dirname "$(dirname "$(readlink -f "$nvcc")")")
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
"$nvcc" -arch=sm_90a -O2 -std=c++17 -Xcompiler -Wall,-Wextra \
    -o "$bin/probes" "$here/probes.cu" -ldl
if [ -r "$root/include/cuda_fp16.h" ]; then
	export CUDA_HOME=$root
fi
# where NVRTC is, for what is not in the loader's cache
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$root/lib64
rc=0
timeout -k 5 220 "$bin/probes" "$@" >"$out" || rc=$?
echo "$(wc -l <"$out") lines in $out" >&2
exit $rc
