"""ingestr, the program (written in Go): whole tables by Bulk API v1 into SQLite."""

import os
import re
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from common import SETTINGS, Report, Truth

PROGRAM = os.environ["CONFORMANCE_INGESTR"]
version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.split()[-1]
report = Report("ingestr", version)
folder = Path(tempfile.mkdtemp())
domain = SETTINGS["my_domain_url"].removeprefix("https://").removesuffix(".salesforce.com")


def ingest(table, password=SETTINGS["password"]):
    user = {"username": SETTINGS["username"], "password": password, "token": SETTINGS["security_token"], "domain": domain}
    file = folder / f"{table}.db"
    command = [
        PROGRAM, "ingest", "--yes", "--progress", "log", "--schema-naming", "direct", "--source-uri", "salesforce://?" + urlencode(user),
        "--source-table", table, "--dest-uri", f"sqlite:///{file}", "--dest-table", f"main.{table}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError((done.stdout + done.stderr)[-600:])
    database = sqlite3.connect(file)
    database.row_factory = sqlite3.Row
    return [dict(row) for row in database.execute(f"SELECT * FROM {table}")]


def plain(kind, value):
    """Returns a value of SQLite as a client would have read it."""
    if kind == "boolean" and value is not None:
        return bool(value) if isinstance(value, int) else value
    # The program stores points in time in its own spelling.
    match = re.match(r"(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})", str(value)) if kind == "datetime" else None
    return f"{match[1]}T{match[2]}.000Z" if match else value


def table(name, object_name):
    truth = Truth(object_name)
    rows = [{key: plain(truth.types.get(key), value) for key, value in row.items()} for row in ingest(name)]
    fields = [field for field in truth.fields if field in rows[0]]
    assert len(fields) > len(truth.fields) / 2, rows[0].keys()
    return truth.compare(rows, truth.live(), fields)


def wrong_password():
    try:
        ingest("user", "wrong")
    except AssertionError as error:
        assert "INVALID_LOGIN" in str(error) or "Invalid username" in str(error), error
        return
    raise AssertionError("a wrong password was let in")


report.run("wrong password", wrong_password)
report.run("ingest account", lambda: table("account", "Account"))
report.run("ingest contact", lambda: table("contact", "Contact"))
report.run("ingest opportunity", lambda: table("opportunity", "Opportunity"))
report.end()
