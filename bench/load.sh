#!/usr/bin/env bash
# Loads records into a release build and prints rows/s, peak memory and bytes on disk; then measures small writes.
# Usage: bench/load.sh ROWS [FILE.ndjson]      Without a file the sample records of `strata quickstart` are used.
set -euo pipefail
cd "$(dirname "$0")/.."
rows=${1:-1000000}
file=${2:-}
target=${CARGO_TARGET_DIR:-target}
strata=$target/release/strata
folder=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill "$server" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap stop EXIT

if [ -z "$file" ]; then
  file=$folder/sample.ndjson
  "$strata" quickstart --rows "$rows" --print > "$file"
fi
rows=$(wc -l < "$file")
bytes=$(stat -c %s "$file")

"$strata" serve --data-dir "$folder/data" --pg-addr 127.0.0.1:0 --http-addr 127.0.0.1:0 --memory-limit 2GB > "$folder/ready" &
server=$!
until grep -q 'http http' "$folder/ready"; do sleep 0.05; done
url=$(sed -n 's/^  http //p' "$folder/ready")
port=$(sed -n 's/.* -p \([0-9]*\) .*/\1/p' "$folder/ready")
ask() { psql -h 127.0.0.1 -p "$port" -U strata -At -c "$1" strata; }

began=$(date +%s.%N)
"$strata" load --topic logs.bench --url "$url" "$file"
seconds=$(echo "$(date +%s.%N) $began" | awk '{ print $1 - $2 }')
echo "$rows $bytes $seconds" | awk '{ printf "load: %d rows, %.0f MB in %.1f s: %.0f rows/s, %.0f MB/s\n", $1, $2 / 1e6, $3, $1 / $3, $2 / 1e6 / $3 }'
[ "$(ask 'SELECT count(*) FROM logs.bench')" = "$rows" ] || { echo "rows are missing" >&2; exit 1; }
awk '/VmHWM/ { printf "memory: %.0f MB resident at most\n", $2 / 1024 }' "/proc/$server/status"
ask "CALL sys.optimize('logs.bench')" > /dev/null
echo "disk: $(du -sm "$folder/data/segments" | cut -f1) MB of segments after optimize"
kill "$server"
wait "$server"
server=
"$target/release/examples/small_writes" "$strata" "$folder"
