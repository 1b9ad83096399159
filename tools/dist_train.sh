#!/usr/bin/env bash
# Train on several processes of this machine, one a GPU, or on the CPU where there is none:
#   tools/dist_train.sh configs/next_rgbnt201.py 4 [options of tools/train.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT on each.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG PROCESSES [options of tools/train.py]" >&2
    exit 2
fi
CONFIG=$1 PROCESSES=$2
shift 2
HERE=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH="$HERE/..${PYTHONPATH:+:$PYTHONPATH}"
if [ "${NNODES:-1}" -gt 1 ]; then
    MEET=(--nnodes "$NNODES" --node_rank "${NODE_RANK:?}" --master_addr "${MASTER_ADDR:?}" \
          --master_port "${PORT:-29500}")
else
    MEET=(--standalone)  # picks a free port
fi
exec python -m torch.distributed.run "${MEET[@]}" --nproc_per_node "$PROCESSES" \
    "$HERE/train.py" "$CONFIG" --launcher pytorch "$@"
