"""Airbyte's source-salesforce, the connector as its platform runs it: check, discovery, and reads by REST and by Bulk API 2.0."""

import json
import os
import subprocess
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from common import SETTINGS, Report, Truth, installed_version, unbroken

CONNECTOR = Path(os.environ["CONFORMANCE_AIRBYTE"])
report = Report("airbyte source-salesforce", installed_version(CONNECTOR, "airbyte-source-salesforce"))
folder = Path(tempfile.mkdtemp())
streams = {}


def connector(command, *arguments, **options):
    config = {
        "client_id": SETTINGS["consumer_key"], "client_secret": SETTINGS["consumer_secret"], "refresh_token": SETTINGS["refresh_token"],
        "is_sandbox": False, **options,
    }
    (folder / "config.json").write_text(json.dumps(config))
    done = subprocess.run([CONNECTOR, command, "--config", folder / "config.json", *arguments], cwd=folder, capture_output=True, text=True, timeout=600)
    messages = [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]
    errors = [message["trace"]["error"]["message"] for message in messages if message.get("trace", {}).get("type") == "ERROR"]
    if done.returncode != 0 or errors:
        raise AssertionError(" ".join(errors)[:600] or done.stderr[-600:])
    return messages


def check():
    status = next(message["connectionStatus"] for message in connector("check") if message["type"] == "CONNECTION_STATUS")
    assert status["status"] == "SUCCEEDED", status


def discover():
    catalog = next(message["catalog"] for message in connector("discover") if message["type"] == "CATALOG")
    streams.update({stream["name"]: stream for stream in catalog["streams"]})
    assert {"Account", "Contact", "Task"} <= streams.keys(), streams.keys()
    return f"{len(streams)} streams"


def read(name, mode, expected, **options):
    catalog = {"streams": [{"stream": streams[name], "sync_mode": mode, "destination_sync_mode": "append"}]}
    (folder / "catalog.json").write_text(json.dumps(catalog))
    messages = connector("read", "--catalog", folder / "catalog.json", **options)
    rows = [message["record"]["data"] for message in messages if message["type"] == "RECORD"]
    truth = Truth(name)
    return truth.compare(rows, expected(truth))


def recent():
    """The newest records; the connector cuts the time since them into slices, each a job."""
    newest = max(record["SystemModstamp"] for record in Truth("Task").records.values())
    since = (datetime.fromisoformat(newest.replace("Z", "+00:00")) - timedelta(days=45)).strftime("%Y-%m-%dT%H:%M:%SZ")
    stamped = lambda truth: {key: record for key, record in flattened(truth).items() if record["SystemModstamp"] >= since}
    assert stamped(Truth("Task")), since
    return read("Task", "incremental", stamped, start_date=since)


everything = lambda truth: truth.records
# Its reader of CSV makes every line end inside a text the same, and takes blanks and these texts for nothing.
MISSING = {
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a",
    "nan", "null",
}
blank = lambda value: isinstance(value, str) and (not value.strip() or value in MISSING)
flattened = lambda truth: {
    key: {field: None if blank(value) else value for field, value in record.items()} for key, record in unbroken(truth.records).items()
}
LOSES = "; it drops blanks and texts such as `NA`"
report.run("check", check)
report.run("discover", discover)
report.run("read, full refresh", lambda: read("Account", "full_refresh", everything))
report.run("read, full refresh, Bulk forced", lambda: read("Contact", "full_refresh", flattened, force_use_bulk_api=True) + LOSES)
report.run("read, incremental", lambda: recent() + LOSES)
report.end()
