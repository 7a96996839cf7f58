"""Whether what a tool wrote are the records of the org: each of them, once, in every value.

Records are compared by a hash of their values, in any order. Where a destination has types of its own, values are compared in the form
below, and it is said so; CSV is compared to the byte.

* `text`: every byte of every value; null and the empty text are one, as in Salesforce.
* `typed`: numbers by value, booleans however written, all else to the byte. For tables with types.
* `singer`: as `typed`, and points in time to the second in any spelling. For Singer messages.
"""

import array
import csv
import hashlib
import json
import sqlite3
from collections import Counter

from harness.org import FIELDS, NAMES

csv.field_size_limit(1 << 30)
NUMBERS = [at for at, (_, kind) in enumerate(FIELDS) if kind in ("double", "currency", "percent", "int")]
BOOLEANS = [at for at, (_, kind) in enumerate(FIELDS) if kind == "boolean"]
STAMPS = [at for at, (_, kind) in enumerate(FIELDS) if kind in ("date", "datetime")]


def canonical(cells, form):
    """Changes the values of a record, in the order of the fields, into texts that are equal where the values are."""
    if form != "text":
        for at in NUMBERS:
            cells[at] = "" if cells[at] in (None, "") else repr(float(cells[at]))
        for at in BOOLEANS:
            cells[at] = {"true": "true", "false": "false", "1": "true", "0": "false"}.get(str(cells[at]).lower(), str(cells[at]))
        if form == "singer":
            for at in STAMPS:
                cells[at] = (cells[at] or "")[:19].removesuffix("T00:00:00") if FIELDS[at][1] == "date" else (cells[at] or "")[:19]
        cells = ["" if cell is None else str(cell) for cell in cells]
    return cells


def hash_of(cells):
    return hashlib.blake2b("\x1f".join(cells).encode(), digest_size=8).digest()


def hashes(records, form):
    """Returns the hashes of records, sorted. A record that cannot be read has the hash 0."""
    found = bytearray()
    for cells in records:
        try:
            found += hash_of(canonical(cells, form))
        except (ValueError, AttributeError, TypeError, IndexError):
            found += bytes(8)
    numbers = array.array("Q", bytes(found))
    return array.array("Q", sorted(numbers))


def csv_records(paths, header=None):
    """Yields the records of CSV files, in the order of the fields. Each file begins with a header unless one is given."""
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            names = header or next(rows, None)
            if names is None:
                continue
            if names == NAMES:
                yield from rows
                continue
            order = [names.index(name) for name in NAMES]
            for row in rows:
                yield [row[at] if at < len(row) else "\0missing" for at in order]


def sqlite_records(path, table):
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        yield from map(list, base.execute(f'SELECT {", ".join(NAMES)} FROM "{table}"'))
    finally:
        base.close()


def singer_records(path, table):
    with open(path, encoding="utf-8") as file:
        for line in file:
            message = json.loads(line)
            if message["type"] == "RECORD" and message["stream"] == table:
                yield [message["record"].get(name, "\0missing") for name in NAMES]


def rest_records(paths):
    """Yields the records of answers of the REST API."""
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for record in json.load(file)["records"]:
                yield [record[name] for name in NAMES]


class Truth:
    """The records of an org's folder."""

    def __init__(self, folder, objects):
        self.folder, self.objects, self.seen = folder, objects, {}

    def path(self, name):
        return self.folder / f"{name}.csv"

    def counts(self, objects):
        """Returns how many records the objects have together."""
        return sum(int((self.folder / f".{name}.count").read_text()) for name in objects)

    def hashes(self, name, form):
        """Returns the hashes of an object's records, which are kept beside them."""
        kept = self.folder / f".{name}.{form}"
        found = array.array("Q")
        if kept.exists() and kept.stat().st_mtime >= self.path(name).stat().st_mtime:
            found.frombytes(kept.read_bytes())
        else:
            found = hashes(csv_records([self.path(name)]), form)
            kept.write_bytes(found.tobytes())
        return found

    def compare(self, outputs):
        """Compares what stands in each object's output; returns counts of records right, wrong or too many, and missing."""
        right = wrong = missing = 0
        for output in outputs:
            one = self.compare_one(output)
            right, wrong, missing = right + one[0], wrong + one[1], missing + one[2]
        return {"right": right, "wrong": wrong, "missing": missing}

    def compare_one(self, output):
        key = output.digest()
        if key not in self.seen:
            want, got = self.hashes(output.name, output.form), hashes(output.records(), output.form)
            if want == got:
                self.seen[key] = (len(want), 0, 0)
            else:
                want, got = Counter(want), Counter(got)
                right = (want & got).total()
                self.seen[key] = (right, got.total() - right, want.total() - right)
        return self.seen[key]


class Output:
    """What a tool wrote for one object: files, how to read records from them, and the form to compare in."""

    def __init__(self, name, form, files, read):
        self.name, self.form, self.files, self.records = name, form, sorted(files), read

    def digest(self):
        """Returns what tells this output from others, so that the same bytes are parsed but once in all rounds."""
        digests = []
        for path in self.files:
            with open(path, "rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        return (self.name, self.form, *sorted(digests))


def csv_output(name, files, header=None):
    files = sorted(files)
    return Output(name, "text", files, lambda: csv_records(files, header))
