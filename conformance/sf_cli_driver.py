"""Salesforce's own command line: signing in by access token, queries, exports and describes.

It is given the emulator's own address: its exports know no proxy.
"""

import csv
import io
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from common import SETTINGS, Report, Truth

BIN = Path(os.environ["CONFORMANCE_NODE_MODULES"])
HOME = tempfile.TemporaryDirectory()
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": HOME.name,
    "NODE_EXTRA_CA_CERTS": SETTINGS["ca_file"],
    "SF_ACCESS_TOKEN": SETTINGS["access_token"],
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    "SF_ORG_API_VERSION": "62.0",
}


def sf(*arguments):
    command = [BIN / "node/bin/node", BIN / "@salesforce/cli/bin/run.js", *arguments]
    done = subprocess.run(command, env=ENVIRONMENT, cwd=HOME.name, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"sf {arguments[0]} {arguments[1]}: {(done.stdout + done.stderr)[-900:]}")
    return done.stdout


def sf_json(*arguments):
    return json.loads(sf(*arguments, "--json"))["result"]


version = re.search(r"@salesforce/cli/(\S+)", subprocess.run(
    [BIN / "node/bin/node", BIN / "@salesforce/cli/bin/run.js", "--version"], env=ENVIRONMENT, capture_output=True, text=True,
).stdout)
report = Report("sf CLI", version.group(1) if version else "?")
contact, account, task = Truth("Contact"), Truth("Account"), Truth("Task")
ORG = ("--target-org", "emulated")


def soql(truth, name):
    return f"SELECT {', '.join(truth.fields)} FROM {name}"


def login():
    sf("org", "login", "access-token", "--instance-url", SETTINGS["url"], "--no-prompt", "--alias", "emulated")


def display():
    assert sf_json("org", "display", *ORG)["username"] == SETTINGS["username"]


def describe():
    fields = {field["name"]: field["type"] for field in sf_json("sobject", "describe", "--sobject", "Account", *ORG)["fields"]}
    assert fields == account.types
    return f"{len(fields)} fields"


def listed():
    names = sf_json("sobject", "list", "--sobject", "all", *ORG)
    assert {"Account", "Contact"} <= set(names), names


def query(*more):
    return contact.compare(sf_json("data", "query", "--query", soql(contact, "Contact"), *ORG, *more)["records"], contact.live())


def query_all_rows():
    rows = sf_json("data", "query", "--all-rows", "--query", soql(task, "Task"), *ORG)["records"]
    return task.compare(rows, task.records)


def query_relationship():
    rows = sf_json("data", "query", "--query", "SELECT Id, Account.Name FROM Contact WHERE AccountId != null LIMIT 50", *ORG)["records"]
    for row in rows:
        assert row["Account"]["Name"] == account.records[contact.records[row["Id"]]["AccountId"]]["Name"]
    return f"{len(rows)} records"


def export(*more):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "out.csv")
        sf("data", "export", "bulk", "--query", soql(account, "Account"), "--output-file", str(file), "--wait", "5", *ORG, *more)
        rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")))
        return account.compare(rows, account.records if "--all-rows" in more else account.live())


def get_record():
    key = next(iter(account.live()))
    assert sf_json("data", "get", "record", "--sobject", "Account", "--record-id", key, *ORG)["Id"] == key


report.run("login: access token", login)
report.run("org display", display)
report.run("sobject list", listed)
report.run("sobject describe", describe)
report.run("data query", query)
report.run("data query --all-rows", query_all_rows)
report.run("data query with relationships", query_relationship)
report.run("data get record", get_record)
report.run("data export bulk", export)
report.run("data export bulk --all-rows", lambda: export("--all-rows"))
report.run("data query --use-tooling-api", lambda: len(sf_json("data", "query", "--use-tooling-api", "--query", "SELECT Id, Name FROM ApexClass", *ORG)["records"]))
report.run("org list limits", lambda: len(sf_json("org", "list", "limits", *ORG)))
report.end()
