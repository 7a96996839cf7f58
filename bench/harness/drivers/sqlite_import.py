"""Loads a CSV file into a table of a new SQLite file, as `.import` of the sqlite3 shell does: BASE CSV TABLE."""

import csv
import sqlite3
import sys

csv.field_size_limit(1 << 30)
base = sqlite3.connect(sys.argv[1])
with open(sys.argv[2], encoding="utf-8", newline="") as file:
    rows = csv.reader(file)
    names = next(rows)
    columns = ", ".join(f'"{name}" TEXT' for name in names)
    base.execute(f'CREATE TABLE "{sys.argv[3]}" ({columns})')
    base.executemany(f'INSERT INTO "{sys.argv[3]}" VALUES ({", ".join("?" * len(names))})', rows)
base.commit()
