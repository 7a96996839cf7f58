"""What the Python drivers share: the emulator's settings, its records as they truly are, and the report of each operation."""

import json
import os
import ssl
import subprocess
import sys
import traceback
import urllib.request
from datetime import datetime, timedelta

SETTINGS = json.loads(os.environ["EMULATOR_SETTINGS"])
OBJECTS = ["Account", "Contact", "Opportunity", "Case", "Task", "User"]
# Written differently in JSON and in CSV by design; drivers read both back into the same values.
NUMBERS = {"int", "long", "double", "currency", "percent"}


def control(path):
    """Asks the control endpoint, which no real org has, for a JSON document."""
    context = ssl.create_default_context(cafile=SETTINGS["ca_file"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(f"{SETTINGS['url']}/__emulator/{path}") as answer:
        return json.load(answer)


def installed_version(program, package):
    """Returns the version of a package that lives in the same environment as `program`."""
    question = f"import importlib.metadata as m; print(m.version('{package}'))"
    return subprocess.run([program.parent / "python", "-c", question], capture_output=True, text=True).stdout.strip()


class Truth:
    """The records of one object, straight from the org: no query and no API has touched them."""

    def __init__(self, name):
        document = control(f"records/{name}")
        self.types = document["fields"]
        self.records = {record["Id"]: record for record in document["records"]}
        self.fields = [name for name, kind in self.types.items() if kind not in ("address", "location", "base64")]

    def live(self):
        return {key: record for key, record in self.records.items() if not is_hidden(record)}

    def canonical(self, field, value):
        """Returns `value`, which a client read from JSON or CSV, as the truth writes it."""
        if value is None or value == "":
            return None
        kind = self.types[field]
        if kind in NUMBERS:
            return float(value)
        if kind == "boolean":
            return value if isinstance(value, bool) else {"true": True, "false": False}[value.lower()]
        if kind in ("date", "datetime") and isinstance(value, (int, str)) and str(value).lstrip("-").isdigit():
            # Bulk API v1 writes points in time as milliseconds since 1970 in JSON.
            at = datetime(1970, 1, 1) + timedelta(milliseconds=int(value))
            return at.strftime("%Y-%m-%d" if kind == "date" else "%Y-%m-%dT%H:%M:%S.000Z")
        if kind == "datetime":
            return str(value).replace("+0000", "Z").replace("+00:00", "Z")
        return value

    def compare(self, rows, expected, fields=None):
        """Raises unless `rows` are exactly the `expected` records, each value of each field."""
        fields = fields or self.fields
        seen = {}
        for row in rows:
            if row["Id"] in seen:
                raise AssertionError(f"record {row['Id']} came twice")
            seen[row["Id"]] = row
        missing, extra = expected.keys() - seen.keys(), seen.keys() - expected.keys()
        if missing or extra:
            raise AssertionError(f"{len(missing)} records missing, {len(extra)} too many, such as {list(missing | extra)[:2]}")
        for key, record in expected.items():
            for field in fields:
                got, want = self.canonical(field, seen[key].get(field)), self.canonical(field, record[field])
                if got != want:
                    raise AssertionError(f"{key}.{field}: got {got!r} instead of {want!r}")
        return f"{len(seen)} records, {len(fields)} fields"


def unbroken(records):
    """Returns records with every line end inside a text as a line feed, for clients that make them all the same."""
    flat = lambda value: value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
    return {key: {field: flat(value) for field, value in record.items()} for key, record in records.items()}


def is_hidden(record):
    """Whether `query` does not show the record: deleted, or an archived activity."""
    return bool(record.get("IsDeleted") or record.get("IsArchived") and "WhoId" in record)


class Report:
    """Writes one JSON line for each operation, so that a driver that dies still tells how far it came."""

    def __init__(self, client, version):
        self.client, self.version, self.failed = client, version, False

    def run(self, operation, action):
        try:
            detail = str(action() or "")
            result = "ok"
        except Exception as error:  # noqa: BLE001, a client may raise anything
            traceback.print_exc()
            detail, result, self.failed = f"{type(error).__name__}: {error}", "failed", True
        line = {"client": self.client, "version": self.version, "operation": operation, "result": result, "detail": detail}
        print(json.dumps(line), flush=True)

    def end(self):
        sys.exit(1 if self.failed else 0)
