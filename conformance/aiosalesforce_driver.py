"""aiosalesforce (asyncio, httpx): two ways to sign in, queries, records, and several calls in one."""

import asyncio
import importlib.metadata

from aiosalesforce import Salesforce
from aiosalesforce.auth import ClientCredentialsFlow, SoapLogin
from httpx import AsyncClient

from common import SETTINGS, Report, Truth

report = Report("aiosalesforce", importlib.metadata.version("aiosalesforce"))
contact, account = Truth("Contact"), Truth("Account")
soap = SoapLogin(SETTINGS["username"], SETTINGS["password"], SETTINGS["security_token"])


def using(auth, action):
    async def run():
        async with AsyncClient() as http:
            return await action(Salesforce(http, base_url=SETTINGS["my_domain_url"], auth=auth, version="62.0"))

    return asyncio.run(run())


async def rows(org, soql, include_all_records=False):
    return [row async for row in org.query(soql, include_all_records=include_all_records)]


async def count(org):
    got, want = len(await rows(org, "SELECT Id FROM Account")), len(account.live())
    assert got == want, f"{got} instead of {want}"


async def query(org):
    return contact.compare(await rows(org, f"SELECT {', '.join(contact.fields)} FROM Contact"), contact.live())


async def query_all(org):
    return contact.compare(await rows(org, f"SELECT {', '.join(contact.fields)} FROM Contact", True), contact.records)


async def record(org):
    key, want = next(iter(account.live().items()))
    return account.compare([await org.sobject.get("Account", key)], {key: want})


async def change(org):
    key = await org.sobject.create("Account", {"Name": "Conformance"})
    await org.sobject.update("Account", key, {"Name": "Conformance Inc"})
    found = await rows(org, f"SELECT Name FROM Account WHERE Id = '{key}'")
    assert [row["Name"] for row in found] == ["Conformance Inc"], found
    await org.sobject.delete("Account", key)
    assert await rows(org, f"SELECT Id FROM Account WHERE Id = '{key}'") == []


async def several(org):
    key, want = next(iter(account.live().items()))
    async with org.composite.batch() as batch:
        one, owners = batch.sobject.get("Account", key), batch.query(f"SELECT Id FROM User WHERE Id = '{want['OwnerId']}'")
    assert [row["Id"] for row in owners.records] == [want["OwnerId"]], owners.records
    async with org.composite(all_or_none=False) as composite:
        again = composite.sobject.get("Account", key)
        owner = composite.sobject.get("User", str(again.reference.OwnerId))
    assert owner.record["Id"] == want["OwnerId"], owner.record
    return account.compare([one.record], {key: want}) + "; " + account.compare([again.record], {key: want})


async def limits(org):
    return (await org.get_limits())["DailyApiRequests"]["Max"]


report.run("login: user, password, security token", lambda: using(soap, count))
client = ClientCredentialsFlow(SETTINGS["consumer_key"], SETTINGS["consumer_secret"])
report.run("login: client credentials", lambda: using(client, count))
report.run("query with paging", lambda: using(soap, query))
report.run("query with deleted records", lambda: using(soap, query_all))
report.run("get one record", lambda: using(soap, record))
report.run("create, update, delete", lambda: using(soap, change))
report.run("composite batch, composite with references", lambda: using(soap, several))
report.run("limits", lambda: using(soap, limits))
report.end()
