"""django-salesforce: Django's ORM on an org, with paging, relationships, changes and deleted records."""

import importlib.metadata
import re

import django
from django.conf import settings

from common import SETTINGS, Report, Truth

CONNECTION = {
    "ENGINE": "salesforce.backend", "CONSUMER_KEY": SETTINGS["consumer_key"], "CONSUMER_SECRET": SETTINGS["consumer_secret"],
    "USER": SETTINGS["username"], "PASSWORD": SETTINGS["password"] + SETTINGS["security_token"], "HOST": "https://login.salesforce.com",
}
databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}, "salesforce": CONNECTION}
settings.configure(DATABASES=databases, DATABASE_ROUTERS=["salesforce.router.ModelRouter"], USE_TZ=True, INSTALLED_APPS=["salesforce"])
django.setup()

from salesforce import models  # noqa: E402, Django has to be set up first


class User(models.SalesforceModel):
    Username = models.CharField(max_length=80, db_column="Username")

    class Meta:
        db_table, app_label, managed = "User", "conformance", False


class Account(models.SalesforceModel):
    Name = models.CharField(max_length=255, db_column="Name")
    Industry = models.CharField(max_length=255, db_column="Industry", null=True)
    Owner = models.ForeignKey(User, models.DO_NOTHING, db_column="OwnerId")
    IsDeleted = models.BooleanField(db_column="IsDeleted", sf_read_only=models.READ_ONLY)
    NumberOfEmployees = models.IntegerField(db_column="NumberOfEmployees", null=True)

    class Meta:
        db_table, app_label, managed = "Account", "conformance", False


class Contact(models.SalesforceModel):
    LastName = models.CharField(max_length=80, db_column="LastName")
    Email = models.EmailField(db_column="Email", null=True)
    Account = models.ForeignKey(Account, models.DO_NOTHING, db_column="AccountId", null=True)

    class Meta:
        db_table, app_label, managed = "Contact", "conformance", False


report = Report("django-salesforce", importlib.metadata.version("django-salesforce"))
account, contact = Truth("Account"), Truth("Contact")


def accounts(records):
    fields = ["Id", "Name", "Industry", "OwnerId", "IsDeleted", "NumberOfEmployees"]
    row = lambda one: {
        "Id": one.pk, "Name": one.Name, "Industry": one.Industry, "OwnerId": one.OwnerId, "IsDeleted": one.IsDeleted,
        "NumberOfEmployees": one.NumberOfEmployees,
    }
    return lambda found: account.compare([row(one) for one in found], records, fields)


def related():
    rows = list(Contact.objects.select_related("Account"))
    parents = account.records
    for row in rows:
        want = parents.get(contact.records[row.pk]["AccountId"])
        assert (row.Account and row.Account.Name) == (want and want["Name"]), row.pk
    assert {row.pk for row in rows} == contact.live().keys()
    return f"{len(rows)} records"


def filtered():
    found = Account.objects.filter(Industry__isnull=False, Name__startswith="A").order_by("Name")
    want = {key for key, record in account.live().items() if record["Industry"] and record["Name"].lower().startswith("a")}
    assert {one.pk for one in found} == want, len(found)
    assert Account.objects.filter(Industry=None).count() == sum(not record["Industry"] for record in account.live().values())
    return f"{len(want)} records"


def changed():
    one = Contact.objects.create(LastName="Conformance")
    assert re.fullmatch("003[0-9A-Za-z]{15}", one.pk), one.pk
    Contact.objects.filter(pk=one.pk).update(LastName="Conformance Inc")
    assert Contact.objects.get(pk=one.pk).LastName == "Conformance Inc"
    one.delete()
    assert not Contact.objects.filter(pk=one.pk).exists()


report.run("all, with paging", lambda: accounts(account.live())(Account.objects.all()))
report.run("all with deleted records", lambda: accounts(account.records)(Account.objects.query_all()))
report.run("select_related", related)
report.run("filter, order, count", filtered)
report.run("create, update, delete", changed)
report.end()
