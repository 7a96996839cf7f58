"""simple-salesforce: three ways to sign in, describes, queries, Bulk API 2.0 and Bulk API v1."""

import csv
import importlib.metadata
import io
import tempfile
from pathlib import Path

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceMalformedRequest

from common import OBJECTS, SETTINGS, Report, Truth

report = Report("simple-salesforce", importlib.metadata.version("simple-salesforce"))
user = {key: SETTINGS[key] for key in ("username", "password", "security_token")}
app = {"consumer_key": SETTINGS["consumer_key"], "consumer_secret": SETTINGS["consumer_secret"]}
domain = SETTINGS["my_domain_url"].removeprefix("https://").removesuffix(".salesforce.com")
truths = {name: Truth(name) for name in OBJECTS}


def count(org):
    got, want = org.query("SELECT COUNT() FROM Account")["totalSize"], len(truths["Account"].live())
    assert got == want, f"{got} instead of {want}"


def by_app():
    # The security token goes with the password in this flow, as its documentation says.
    password = user["password"] + user["security_token"]
    count(Salesforce(username=user["username"], password=password, domain=domain, **app))


def wrong_password():
    try:
        Salesforce(username=user["username"], password="wrong", security_token="wrong")
    except SalesforceAuthenticationFailed as error:
        assert error.code == "INVALID_LOGIN", error.code
        return str(error)
    raise AssertionError("a wrong password was let in")


report.run("login: user, password, security token", lambda: count(Salesforce(**user)))
report.run("login: user and connected app", by_app)
report.run("login: client credentials", lambda: count(Salesforce(domain=domain, **app)))
report.run("login: session id", lambda: count(Salesforce(instance_url=SETTINGS["my_domain_url"], session_id=SETTINGS["access_token"])))
report.run("login: wrong password", wrong_password)
sf = Salesforce(**user)


def describe_global():
    names = {entry["name"] for entry in sf.describe()["sobjects"]}
    assert set(OBJECTS) <= names, names


def describe():
    for name, truth in truths.items():
        fields = {field["name"]: field["type"] for field in getattr(sf, name).describe()["fields"]}
        assert fields == truth.types, name


def each(read, expected):
    return "; ".join(f"{name}: {truth.compare(read(name, truth), expected(truth))}" for name, truth in truths.items())


def soql(name, truth):
    return f"SELECT {', '.join(truth.fields)} FROM {name}"


def relationships():
    parents, children = truths["Account"].records, truths["Contact"].live()
    query = "SELECT Id, LastName, Account.Name, Account.Owner.Username FROM Contact ORDER BY LastName, Id"
    rows = sf.query_all(query)["records"]
    assert [row["Id"] for row in rows] == [row["Id"] for row in sorted(rows, key=lambda row: (row["LastName"].lower(), row["Id"]))]
    assert {row["Id"] for row in rows} == children.keys()
    for row in rows:
        parent = parents.get(children[row["Id"]]["AccountId"])
        assert (row["Account"] or {}).get("Name") == (parent or {}).get("Name"), row
    return f"{len(rows)} records"


def bad_query():
    try:
        sf.query("SELECT Id, Nothing__c FROM Account")
    except SalesforceMalformedRequest as error:
        assert error.content[0]["errorCode"] == "INVALID_FIELD", error.content
        return
    raise AssertionError("an unknown field was taken")


def changed():
    from datetime import datetime, timedelta, timezone

    now = datetime.fromisoformat(sf.query("SELECT MAX(SystemModstamp) at FROM Account")["records"][0]["at"].replace("+0000", "+00:00"))
    sf.Account.updated(now - timedelta(days=10), now.astimezone(timezone.utc))
    sf.Account.deleted(now - timedelta(days=10), now.astimezone(timezone.utc))


def bulk2(name, truth):
    with tempfile.TemporaryDirectory() as folder:
        getattr(sf.bulk2, name).download(soql(name, truth), path=folder, max_records=700)
        return [row for file in Path(folder).iterdir() for row in csv.DictReader(io.StringIO(file.read_bytes().decode(), newline=""))]


def bulk2_all(name, truth):
    pages = getattr(sf.bulk2, name).query_all(soql(name, truth), max_records=700)
    return [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]


def bulk1(name, truth):
    return getattr(sf.bulk, name).query(soql(name, truth))


def bulk1_all(name, truth):
    return getattr(sf.bulk, name).query_all(soql(name, truth))


def bulk1_lazy():
    truth = truths["Case"]
    pages = sf.bulk.Case.query(soql("Case", truth), lazy_operation=True)
    return truth.compare([row for page in pages for row in page], truth.live())


live, everything = lambda truth: truth.live(), lambda truth: truth.records
report.run("describe global", describe_global)
report.run("describe", describe)
report.run("query_all", lambda: each(lambda name, truth: sf.query_all(soql(name, truth))["records"], live))
report.run("query_all with deleted and archived", lambda: each(lambda n, t: sf.query_all(soql(n, t), include_deleted=True)["records"], everything))
report.run("query with relationships", relationships)
report.run("query of an unknown field", bad_query)
report.run("get one record", lambda: sf.Account.get(next(iter(truths["Account"].live())))["Id"])
report.run("updated and deleted", changed)
report.run("limits", lambda: sf.limits()["DailyApiRequests"]["Max"])
report.run("bulk2 download", lambda: each(bulk2, live))
report.run("bulk2 query_all", lambda: each(bulk2_all, everything))
report.run("bulk v1 query", lambda: each(bulk1, live))
report.run("bulk v1 query_all", lambda: each(bulk1_all, everything))
report.run("bulk v1 query, lazily", bulk1_lazy)
report.end()
