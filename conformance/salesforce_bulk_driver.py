"""salesforce-bulk: queries by Bulk API v1, in each of its content types, whole and split by ids."""

import csv
import importlib.metadata
import io
import json
import time
import xml.etree.ElementTree as xml

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.salesforce_bulk import BulkBatchFailed

from common import SETTINGS, Report, Truth, unbroken

report = Report("salesforce-bulk", importlib.metadata.version("salesforce-bulk"))
contact, task = Truth("Contact"), Truth("Task")
domain = SETTINGS["my_domain_url"].removeprefix("https://").removesuffix(".salesforce.com")
sessions = {}


def sign_in():
    user = {key: SETTINGS[key] for key in ("username", "password", "security_token")}
    sessions["bulk"] = SalesforceBulk(**user, domain=domain, API_version="62.0")


def by_session():
    host = SETTINGS["my_domain_url"].removeprefix("https://")
    bulk = SalesforceBulk(sessionId=SETTINGS["access_token"], host=host)
    bulk.close_job(bulk.create_query_job("Account", contentType="CSV"))


def batches(truth, name, content, operation="query", **options):
    bulk = sessions["bulk"]
    create = bulk.create_queryall_job if operation == "queryAll" else bulk.create_query_job
    job = create(name, contentType=content, **options)
    first = bulk.query(job, f"SELECT {', '.join(truth.fields)} FROM {name}")
    if options:
        # The library takes a batch that others do the work of for one that failed.
        while next(batch for batch in bulk.get_batch_list(job) if batch["id"] == first)["state"] != "NotProcessed":
            time.sleep(0.1)
    every = [batch["id"] for batch in bulk.get_batch_list(job) if batch["state"] != "NotProcessed"]
    for batch in every:
        bulk.wait_for_batch(job, batch, sleep_interval=0.1)
        for result in bulk.get_query_batch_result_ids(batch, job):
            yield b"".join(bulk.get_query_batch_results(batch, result, job))
    bulk.close_job(job)


def read_csv(page):
    text = page.decode()
    return [] if text.startswith("Records not found") else list(csv.DictReader(io.StringIO(text, newline="")))


def read_xml(page):
    name = lambda element: element.tag.split("}")[1]
    return [{name(value): value.text for value in record} for record in xml.fromstring(page)]


def by_csv():
    return contact.compare([row for page in batches(contact, "Contact", "CSV") for row in read_csv(page)], contact.live())


def by_json():
    rows = [row for page in batches(task, "Task", "JSON", "queryAll") for row in json.loads(page)]
    return task.compare(rows, task.records)


def by_xml():
    rows = [row for page in batches(contact, "Contact", "XML") for row in read_xml(page)]
    # XML readers give every line end inside a text as a line feed.
    return contact.compare(unbroken({row["Id"]: row for row in rows}).values(), unbroken(contact.live()))


def by_chunks():
    pages = list(batches(contact, "Contact", "CSV", pk_chunking=1000))
    assert len(pages) > 1, "one batch"
    return f"{len(pages)} batches; " + contact.compare([row for page in pages for row in read_csv(page)], contact.live())


def bad_query():
    bulk = sessions["bulk"]
    job = bulk.create_query_job("Account", contentType="CSV")
    try:
        batch = bulk.query(job, "SELECT Nothing__c FROM Account")
        bulk.wait_for_batch(job, batch, sleep_interval=0.1)
    except BulkBatchFailed as error:
        assert "INVALID_FIELD" in error.state_message, error
        return
    raise AssertionError("an unknown field was taken")


report.run("login: user, password, security token", sign_in)
report.run("login: session id", by_session)
report.run("query, CSV", by_csv)
report.run("query, XML", by_xml)
report.run("queryAll, JSON", by_json)
report.run("query, PK chunking", by_chunks)
report.run("query of an unknown field", bad_query)
report.end()
