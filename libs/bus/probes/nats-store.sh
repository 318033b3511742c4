#!/bin/sh
# Liveness of a nats-server whose disk was full: it stores nothing ever after, also when there is room again, and its own
# /healthz says ok. It must be started anew, and that helps only once there is room. So: remembers that the disk was full, and
# fails when there is room again. What it remembers must go with the container: not on the volume.
# nats-store.sh DIRECTORY [MEMORY [KIB]]
set -eu
directory=$1
memory=${2:-/tmp/ringfence-nats-was-full}
# The largest message fits twice.
least=${3:-65536}

free=$(df -Pk "$directory" | awk 'NR == 2 { print $4 }')
if [ "$free" -lt "$least" ]; then
  touch "$memory"
  exit 0
fi
if [ -e "$memory" ] && [ "$free" -ge $((2 * least)) ]; then
  echo "the disk under $directory was full and there is room again: to be started anew"
  exit 1
fi
