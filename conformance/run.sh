#!/usr/bin/env bash
# Runs clients that others wrote against the emulator, compares what they read with what the org holds, record by record,
# and writes the table of docs/emulator.md. Needs python3 with venv, node with npm, and the registries of both.
#
#   conformance/run.sh                     all clients
#   conformance/run.sh simple_salesforce   some; the table is left alone
#
# ORGTAP_BIN names a binary to use instead of building one, CONFORMANCE_CACHE where the clients are installed.
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${CONFORMANCE_CACHE:-$HOME/.cache/orgtap-conformance}"
mkdir -p "$cache"
clients=("$@")
all=(simple_salesforce jsforce sf_cli tap_salesforce)
[ ${#clients[@]} -gt 0 ] || clients=("${all[@]}")

wanted() { [[ " ${clients[*]} " == *" $1 "* ]]; }

python_client() { # folder, requirement
  [ -x "$cache/$1/bin/python" ] || python3 -m venv "$cache/$1"
  "$cache/$1/bin/pip" install --quiet --disable-pip-version-check "$2"
}

node_client() { # requirement...
  mkdir -p "$cache/js"
  [ -f "$cache/js/package.json" ] || echo '{"private": true}' >"$cache/js/package.json"
  for package in "$@"; do
    local name="${package%@*}"
    [ -d "$cache/js/node_modules/$name" ] || npm install --prefix "$cache/js" --silent --no-audit --no-fund "$package"
  done
}

# The drivers are run by the Python of the first client.
python_client py 'simple-salesforce==1.12.10'
if wanted jsforce || wanted sf_cli; then node_client 'node@22' 'jsforce@3'; fi
if wanted sf_cli; then node_client '@salesforce/cli@2'; fi
if wanted tap_salesforce; then python_client tap 'tap-salesforce==2.8.1'; fi

binary="${ORGTAP_BIN:-}"
if [ -z "$binary" ]; then
  cargo build --quiet --bin orgtap
  binary="${CARGO_TARGET_DIR:-target}/debug/orgtap"
fi

export CONFORMANCE_NODE_MODULES="$cache/js/node_modules" CONFORMANCE_TAP="$cache/tap/bin/tap-salesforce"
exec "$cache/py/bin/python" conformance/run.py "$binary" "${clients[@]}"
