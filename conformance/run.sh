#!/usr/bin/env bash
# Runs clients that others wrote against the emulator, compares what they read with what the org holds, record by record,
# and writes the table of docs/emulator.md. Needs python3 with venv, node with npm, and the registries of both.
#
#   conformance/run.sh                     all clients
#   conformance/run.sh simple_salesforce   some; the table is left alone
#
# ORGTAP_BIN names a binary to use instead of building one, CONFORMANCE_CACHE where the clients are installed.
# CONFORMANCE_JOB_SECONDS=0 has query jobs done at once, which saves clients that wait for seconds between two looks.
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${CONFORMANCE_CACHE:-$HOME/.cache/orgtap-conformance}"
mkdir -p "$cache"
clients=("$@")
all=(simple_salesforce jsforce nforce sf_cli tap_salesforce airbyte ingestr dlt salesforce_bulk aiosalesforce django_salesforce)
[ ${#clients[@]} -gt 0 ] || clients=("${all[@]}")

wanted() { [[ " ${clients[*]} " == *" $1 "* ]]; }

python_client() { # folder, requirement...
  local folder="$cache/$1" installed
  shift
  installed="$folder/installed: $*"
  installed="${installed//[\/ ]/_}"
  [ ! -e "$folder/$installed" ] || return 0
  [ -x "$folder/bin/python" ] || python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
  touch "$folder/$installed"
}

node_client() { # requirement...
  mkdir -p "$cache/js"
  [ -f "$cache/js/package.json" ] || echo '{"private": true}' >"$cache/js/package.json"
  for package in "$@"; do
    local name="${package%@*}"
    [ -d "$cache/js/node_modules/$name" ] || npm install --prefix "$cache/js" --silent --no-audit --no-fund "$package"
  done
}

# The drivers are run by the Python of the first client, those of libraries by the Python that has the library.
python_client py 'simple-salesforce==1.12.10'
if wanted jsforce || wanted nforce || wanted sf_cli; then node_client 'node@22' 'jsforce@3'; fi
if wanted nforce; then node_client 'nforce@1'; fi
if wanted sf_cli; then node_client '@salesforce/cli@2'; fi
if wanted tap_salesforce; then python_client tap 'tap-salesforce==2.8.1'; fi
if wanted airbyte; then python_client airbyte 'airbyte-source-salesforce==2.10.3'; fi
# The last version that brings its program along; later ones fetch it when they first run.
if wanted ingestr; then python_client ingestr 'ingestr==0.15.9'; fi
if wanted dlt; then
  python_client dlt 'dlt[duckdb]==1.21.0' 'simple-salesforce==1.12.6'
  # Of its two hundred requirements, the Salesforce source needs those two.
  python_client dlt --no-deps 'ingestr==0.14.155'
fi
if wanted salesforce_bulk; then python_client salesforce_bulk 'salesforce-bulk==2.2.0'; fi
if wanted aiosalesforce; then python_client aiosalesforce 'aiosalesforce==0.6.2'; fi
# Free of charge with an older Django; the newest one needs a licence key.
if wanted django_salesforce; then python_client django_salesforce 'django-salesforce==6.0' 'Django==4.2.*'; fi

binary="${ORGTAP_BIN:-}"
if [ -z "$binary" ]; then
  cargo build --quiet --bin orgtap
  binary="${CARGO_TARGET_DIR:-target}/debug/orgtap"
fi

export CONFORMANCE_CACHE="$cache" CONFORMANCE_NODE_MODULES="$cache/js/node_modules" CONFORMANCE_TAP="$cache/tap/bin/tap-salesforce"
export CONFORMANCE_AIRBYTE="$cache/airbyte/bin/source-salesforce" CONFORMANCE_INGESTR="$cache/ingestr/bin/ingestr"
exec "$cache/py/bin/python" conformance/run.py "$binary" "${clients[@]}"
