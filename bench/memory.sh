#!/usr/bin/env bash
# The peak memory of `orgtap run`, for few and for many wide records: `bench/memory.sh [--orgtap BINARY] [--few] [--write]`.
# Without a binary, a release build is made; `--few` leaves out the million; `--write` puts the table into bench/README.md. Fails above the limit.
set -euo pipefail
cd "$(dirname "$0")/.."

orgtap=
few=
write=
while [ $# -gt 0 ]; do
  case "$1" in
    --orgtap) orgtap="$(realpath "$2")" && shift ;;
    --few) few=yes ;;
    --write) write=yes ;;
    *) echo "bench/memory.sh: \`$1\` is no option" >&2 && exit 2 ;;
  esac
  shift
done

limit_mb=100
object=Shipment__c
# Six of a hundred records of the demo org are shipments, once its users (one of 200, at most 2,000) are taken off.
orgs=(
  "1000 16751"
  "1000000 16668667"
)

[ -z "$few" ] || orgs=("${orgs[0]}")

if [ -z "$orgtap" ]; then
  cargo build --release --quiet
  orgtap="$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/release/orgtap"
fi
folder="$(mktemp -d)"
emulator=
trap '[ -z "$emulator" ] || kill "$emulator"; rm -rf "$folder"' EXIT

# Starts an org of $1 records; sets `url` and `token`.
start_org() {
  exec 3< <(exec "$orgtap" --quiet emulator --records "$1" --json)
  emulator=$!
  read -r url token < <(python3 -c 'import json; s = json.loads(input()); print(s["url"], s["access_token"])' <&3)
}

stop_org() {
  kill "$emulator"
  emulator=
  exec 3<&-
}

# Writes a configuration for a destination of kind $1. The overlap has the incremental run load most records a second time.
configure() {
  cat >"$folder/$1.toml" <<END
[connection]
login_method = "access_token"
access_token = "$token"
instance_url = "$url"
[destination]
kind = "$1"
path = "$records.$1"
[[rows]]
object = "$object"
include_deleted = true
load = "incremental"
overlap_seconds = 31_536_000
END
}

# Runs the configuration of kind $2 and prints a line of the table under the name $1.
measure() {
  python3 - "$orgtap" "$folder/$2.toml" "$records" "$limit_mb" "$1" "$2" <<'END'
import json, os, subprocess, sys, time

orgtap, config, expected, limit_mb, name, kind = sys.argv[1:]
start = time.monotonic()
run = subprocess.Popen([orgtap, "--quiet", "--config", config, "run", "--json"], stdout=subprocess.PIPE)
report = run.stdout.read()
_, status, used = os.wait4(run.pid, 0)
wall = time.monotonic() - start
if status != 0:
    sys.exit(f"the run failed with status {os.waitstatus_to_exitcode(status)}")

row = json.loads(report)["rows"][0]
if row["table_records"] != int(expected):
    sys.exit(f"the table holds {row['table_records']} records instead of {expected}")
peak_mb = used.ru_maxrss * 1024 / 1e6
cpu = used.ru_utime + used.ru_stime
print(
    f"| {kind} | {int(expected):,} | {name} | {row['records']:,} | {row['bytes'] / 1e6:,.1f} | {peak_mb:.0f} "
    f"| {wall:.1f} | {cpu:.1f} | {row['records'] / wall:,.0f} |",
    flush=True,
)
if peak_mb > float(limit_mb):
    sys.exit(f"the run took {peak_mb:.0f} MB; the limit is {limit_mb} MB")
END
}

report() {
  echo "On $(nproc) cores, release build, load average $(cut -d' ' -f1 /proc/loadavg) before:"
  echo
  echo "| destination | records in the org | run | records moved | MB moved | peak memory, MB | wall, s | CPU, s | records/s |"
  echo "|---|--:|---|--:|--:|--:|--:|--:|--:|"
  for org in "${orgs[@]}"; do
    read -r records total <<<"$org"
    start_org "$total"
    for kind in csv sqlite; do
      configure "$kind"
      measure full "$kind"
      measure incremental "$kind"
    done
    emulator_mb="$(awk '/^VmHWM/ { printf "%.0f", $2 * 1024 / 1e6 }' "/proc/$emulator/status")"
    emulators+=("$records records: $emulator_mb MB")
    stop_org
  done
  printf '\nThe emulator, a process of its own, at most:\n'
  printf -- '- %s\n' "${emulators[@]}"
}

# Not through a pipe: the emulator is this shell's to end, however the report ends.
exec 4> >(tee "$folder/report")
tee=$!
report >&4
exec 4>&-
wait "$tee"
[ -z "$write" ] || python3 - "$folder/report" bench/README.md <<'END'
import sys

report, readme = (open(path).read() for path in sys.argv[1:])
before, rest = readme.split("<!-- memory.sh -->\n")
_, after = rest.split("<!-- end -->\n")
open(sys.argv[2], "w").write(f"{before}<!-- memory.sh -->\n{report}<!-- end -->\n{after}")
END
