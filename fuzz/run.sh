#!/usr/bin/env bash
# Runs fuzz targets one after another: `fuzz/run.sh [seconds each] [target …]`, by default each for five minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds="${1:-300}"
shift || true
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\(.*\)"/\1/p' fuzz/Cargo.toml | grep -v '^orgtap-fuzz$')

cargo fuzz build -s none
for target in "$@"; do
  case $target in
    parse | edit) dictionary=soql ;;
    csv | cells | names | pages | records) dictionary=tables ;;
    documents | configuration) dictionary=documents ;;
    *) dictionary=answers ;;
  esac
  corpus=(fuzz/corpus/"$target")
  mkdir -p "${corpus[0]}"
  [ ! -d fuzz/seeds/"$target" ] || corpus+=(fuzz/seeds/"$target")
  echo "== $target for $seconds s"
  # Whatever grep finds, what counts is how the target ended.
  nice -n 19 cargo fuzz run "$target" -s none "${corpus[@]}" -- \
    -max_total_time="$seconds" -dict=fuzz/$dictionary.dict -print_final_stats=1 2>&1 |
    { grep -E 'panicked|^Done|SUMMARY|number_of_executed' || true; } ||
    { echo "== $target found something: see fuzz/artifacts/$target"; exit 1; }
done
