"""dlt's verified source for Salesforce, as ingestr packages it: a pipeline into DuckDB, in full and then incrementally."""

import importlib.metadata
import tempfile
from datetime import timezone

import dlt
from dlt.destinations import duckdb
from ingestr.src.salesforce import salesforce_source

from common import SETTINGS, Report, Truth

report = Report("dlt salesforce source", importlib.metadata.version("dlt"))
folder = tempfile.mkdtemp()
domain = SETTINGS["my_domain_url"].removeprefix("https://").removesuffix(".salesforce.com")
pipeline = dlt.pipeline("conformance", destination=duckdb(f"{folder}/conformance.duckdb"), dataset_name="org", pipelines_dir=folder)


def load(resource):
    source = salesforce_source(SETTINGS["username"], SETTINGS["password"], SETTINGS["security_token"], domain)
    # The source names its key in lower case, which no record has before dlt has renamed its fields.
    source.resources[resource].apply_hints(primary_key="Id")
    pipeline.run(source.with_resources(resource)).raise_on_failed_jobs()


def spell(value):
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z") if hasattr(value, "astimezone") else value


def compare(table, name):
    truth = Truth(name)
    columns = {pipeline.default_schema.naming.normalize_identifier(field): field for field in truth.fields}
    with pipeline.sql_client() as client, client.execute_query(f"SELECT * FROM {table}") as cursor:
        names = [column[0] for column in cursor.description]
        rows = [{columns[at]: spell(value) for at, value in zip(names, row) if at in columns} for row in cursor.fetchall()]
    # The source makes days out of milliseconds in its own way; fields without any value have no column.
    fields = [field for field in truth.fields if field in rows[0] and truth.types[field] != "date"]
    assert len(fields) > len(truth.fields) / 2, names
    return truth.compare(rows, truth.records, fields)


def full(table, name):
    load(table)
    return compare(table, name)


def again():
    load("opportunity")
    return compare("opportunity", "Opportunity")


report.run("replace user", lambda: full("user", "User"))
report.run("replace contact", lambda: full("contact", "Contact"))
report.run("merge opportunity", lambda: full("opportunity", "Opportunity"))
report.run("merge opportunity again, incrementally", again)
report.end()
