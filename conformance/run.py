"""Starts an emulator, runs the drivers, and writes down what they report. Called by run.sh."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PAGE = ROOT.parent / "docs" / "emulator.md"
BEGIN, END = "<!-- conformance: begin -->", "<!-- conformance: end -->"
JOB_TIME = ["--job-seconds", os.environ["CONFORMANCE_JOB_SECONDS"]] if "CONFORMANCE_JOB_SECONDS" in os.environ else []
# Libraries that live in an environment of their own; the other drivers run programs, or are of the first client.
LIBRARIES = {"dlt", "salesforce_bulk", "aiosalesforce", "django_salesforce"}
# Libraries of Node.
SCRIPTS = {"jsforce", "nforce"}
RECORDS = os.environ.get("CONFORMANCE_RECORDS", "12000")


def command(client):
    if client in SCRIPTS:
        return [str(Path(os.environ["CONFORMANCE_NODE_MODULES"], "node/bin/node")), str(ROOT / f"{client}_driver.mjs")]
    python = str(Path(os.environ["CONFORMANCE_CACHE"], client, "bin/python")) if client in LIBRARIES else sys.executable
    return [python, str(ROOT / f"{client}_driver.py")]


def drive(client, settings):
    environment = {
        **os.environ,
        "EMULATOR_SETTINGS": json.dumps(settings),
        # What a user would set for the client: the proxy to the org, and the authority to trust.
        "HTTPS_PROXY": settings["proxy_url"],
        "REQUESTS_CA_BUNDLE": settings["ca_file"],
        "SSL_CERT_FILE": settings["ca_file"],
        "NODE_EXTRA_CA_CERTS": settings["ca_file"],
        "NO_PROXY": "localhost,127.0.0.1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(command(client), env=environment, stdout=subprocess.PIPE, text=True, timeout=1200)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 and all(line["result"] == "ok" for line in lines):
        lines.append({"client": client, "version": "", "operation": "(the driver itself)", "result": "failed", "detail": f"exit code {done.returncode}"})
    return lines


def table(lines):
    rows = ["| client | operation | result | what was compared |", "| --- | --- | --- | --- |"]
    for line in lines:
        detail = line["detail"].replace("|", "\\|").replace("\n", " ")[:160]
        rows.append(f"| {line['client']} {line['version']} | {line['operation']} | {line['result']} | {detail} |")
    return "\n".join(rows)


def main():
    binary, clients = sys.argv[1], sys.argv[2:]
    emulator = subprocess.Popen([binary, "emulator", "--tls", "--json", "--records", RECORDS, *JOB_TIME], stdout=subprocess.PIPE, text=True)
    try:
        settings = json.loads(emulator.stdout.readline())
        lines = [line for client in clients for line in drive(client, settings)]
    finally:
        emulator.send_signal(signal.SIGINT)
        emulator.wait(timeout=20)
    text = table(lines)
    print(text)
    failed = sum(line["result"] != "ok" for line in lines)
    print(f"{len(lines)} operations, {failed} failed", file=sys.stderr)
    if len(clients) > 4:
        page = PAGE.read_text()
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")
    sys.exit(1 if failed else 0)


main()
