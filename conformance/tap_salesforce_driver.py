"""tap-salesforce (Singer, the connector of Stitch): a discovery and syncs by each of its APIs."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from common import SETTINGS, Report, Truth, installed_version, unbroken

TAP = Path(os.environ["CONFORMANCE_TAP"])
ENVIRONMENT = {"PATH": os.environ["PATH"], "HTTPS_PROXY": SETTINGS["proxy_url"], "REQUESTS_CA_BUNDLE": SETTINGS["ca_file"]}
report = Report("tap-salesforce", installed_version(TAP, "tap-salesforce"))
folder = Path(tempfile.mkdtemp())
account = Truth("Account")


def tap(api, *arguments):
    config = {
        "client_id": SETTINGS["consumer_key"], "client_secret": SETTINGS["consumer_secret"], "refresh_token": SETTINGS["refresh_token"],
        "start_date": "2000-01-01T00:00:00Z", "api_type": api, "select_fields_by_default": True,
    }
    (folder / "config.json").write_text(json.dumps(config))
    done = subprocess.run([TAP, "--config", folder / "config.json", *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(done.stderr[-900:])
    return done.stdout


def discover(api="REST"):
    catalog = json.loads(tap(api, "--discover"))
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] == "Account"
    (folder / "catalog.json").write_text(json.dumps(catalog))
    names = {stream["tap_stream_id"] for stream in catalog["streams"]}
    assert "Account" in names, names
    return f"{len(names)} streams"


def sync(api):
    # Which fields can be read depends on the API, and the tap finds that out here.
    discover(api)
    lines = [json.loads(line) for line in tap(api, "--properties", folder / "catalog.json").splitlines() if line.startswith("{")]
    rows = {line["record"]["Id"]: line["record"] for line in lines if line["type"] == "RECORD"}
    expected = account.records
    if api == "BULK":
        # The tap reads CSV by lines, and makes every line break inside a text the same.
        expected, rows = unbroken(expected), unbroken(rows)
    names = set().union(*(row.keys() for row in rows.values())) if rows else set()
    # The tap spells dates in its own way.
    fields = [field for field in account.fields if field in names and account.types[field] not in ("date", "datetime")]
    assert len(fields) > 5, names
    return account.compare(rows.values(), expected, fields)


report.run("login and discover", discover)
report.run("sync by REST", lambda: sync("REST"))
report.run("sync by Bulk v1", lambda: sync("BULK"))
report.end()
