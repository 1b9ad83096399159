#!/usr/bin/env bash
# Test on several processes of this machine, one a GPU, or on the CPU where there is none:
#   tools/dist_test.sh configs/next_rgbnt201.py work_dirs/next_rgbnt201/epoch_50.pth 4 [options of tools/test.py]
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: $0 CONFIG CHECKPOINT PROCESSES [options of tools/test.py]" >&2
    exit 2
fi
CONFIG=$1 CHECKPOINT=$2 PROCESSES=$3
shift 3
HERE=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH="$HERE/..${PYTHONPATH:+:$PYTHONPATH}"
exec python -m torch.distributed.run --standalone --nproc_per_node "$PROCESSES" \
    "$HERE/test.py" "$CONFIG" "$CHECKPOINT" --launcher pytorch "$@"
