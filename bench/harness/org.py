"""The records that are measured: made from a number, the same on every machine, in files that `orgtap emulator --data` reads.

A record is of 30 fields of the types that orgs have: ids and references, short texts with letters of several languages, picklists,
numbers, dates, booleans, and long texts with quotes and both kinds of line end. The first n records of a larger object are those of the
smaller one.
"""

import json
import random

VERSION = 1  # of what is made: folders of another version are made anew
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
USER = "0055f0000000001AAA"

FIELDS = [
    ("Id", "id"),
    ("IsDeleted", "boolean"),
    ("OwnerId", "reference"),
    ("Name", "string"),
    ("CreatedDate", "datetime"),
    ("CreatedById", "reference"),
    ("LastModifiedDate", "datetime"),
    ("LastModifiedById", "reference"),
    ("SystemModstamp", "datetime"),
    ("Account__c", "reference"),
    ("Contact__c", "reference"),
    ("Stage__c", "picklist"),
    ("Region__c", "picklist"),
    ("Channels__c", "multipicklist"),
    ("Amount__c", "currency"),
    ("Discount__c", "percent"),
    ("Quantity__c", "double"),
    ("Boxes__c", "int"),
    ("Active__c", "boolean"),
    ("Paid__c", "boolean"),
    ("Due__c", "date"),
    ("Closed_At__c", "datetime"),
    ("Email__c", "email"),
    ("Phone__c", "phone"),
    ("Website__c", "url"),
    ("City__c", "string"),
    ("External_Id__c", "string"),
    ("Subject__c", "string"),
    ("Street__c", "textarea"),
    ("Notes__c", "textarea"),
]
NAMES = [name for name, _ in FIELDS]
TYPES = dict(FIELDS)
TARGETS = {"OwnerId": "User", "CreatedById": "User", "LastModifiedById": "User", "Account__c": "Account", "Contact__c": "Contact"}
WORDS = (
    "account renewal meeting customer shipment contract invoice delivery order quarter pipeline budget review northern southern proposal "
    "please call back before the end of this month about their new warehouse and ask whether pallets arrive on time or late again since "
    "discount was agreed with purchasing last year but never signed although legal sent two versions for approval in spring"
).split()


def salesforce_id(prefix, number):
    """Returns the 18 characters of the id with that number."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    text = prefix + "5f0" + digits.rjust(9, "0")
    check = ""
    for part in (text[0:5], text[5:10], text[10:15]):
        check += CHECK[sum(1 << at for at, letter in enumerate(part) if "A" <= letter <= "Z")]
    return text + check


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def sentence(draw, words):
    return " ".join(draw.choice(WORDS) for _ in range(words)).capitalize()


def notes(draw):
    """Returns a long text: paragraphs, quotations, commas, and the line ends that browsers send or those that programs write."""
    end = draw.choice(["\n", "\r\n"])
    paragraphs = [f'{sentence(draw, draw.randint(6, 24))}, "{draw.choice(WORDS)}", said {draw.choice(WORDS)}.' for _ in range(draw.randint(1, 6))]
    return end.join(paragraphs)


class Pools:
    """Values to pick from, quoted already: making each anew would take hours for the large objects."""

    def __init__(self):
        draw = random.Random(20240229)

        def pool(make, size):
            return [quoted(make(number)) for number in range(size)]

        def stamp(_):
            return (
                f"{draw.randint(2015, 2024)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
                f"T{draw.randint(0, 23):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}.000Z"
            )

        self.user = quoted(USER)
        # Records are created one after the other, some at the same time; most are never touched again.
        self.created = sorted(pool(stamp, 65_537))
        self.stamp = pool(stamp, 65_537)
        self.account = pool(lambda n: salesforce_id("001", n * 7 + 1), 20_011)
        self.contact = [quoted("")] * 9_000 + pool(lambda n: salesforce_id("003", n * 3 + 1), 21_001)
        self.stage = pool(lambda n: ["Prospecting", "Qualification", "Needs Analysis", "Negotiation/Review", "Closed Won", "Closed Lost"][n % 6], 6)
        self.region = pool(lambda n: ["EMEA", "APAC", "Americas", "Česko & Slovensko", ""][n % 5], 5)
        self.channels = pool(lambda n: ";".join(name for at, name in enumerate(["Web", "Phone", "Partner", "Shop, own"]) if n >> at & 1), 16)
        self.amount = pool(lambda n: "" if n % 11 == 0 else repr(draw.randint(100, 999_999_999) / 100), 65_521)
        self.discount = pool(lambda n: "" if n % 3 == 0 else repr(draw.randint(0, 1000) / 10), 1_009)
        self.quantity = pool(lambda n: repr(float(draw.randint(1, 5000))), 4_001)
        self.boxes = pool(lambda n: "" if n % 5 == 0 else str(draw.randint(0, 400)), 503)
        self.boolean = pool(lambda n: ["true", "false", "false"][n % 3], 3)
        self.due = pool(lambda n: "" if n % 4 == 0 else f"{draw.randint(2018, 2026)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}", 3_001)
        self.closed = [quoted("")] * 20_000 + pool(stamp, 30_011)
        self.email = pool(lambda n: f"{draw.choice(WORDS)}.{draw.choice(WORDS)}.{n}@example.com", 30_011)
        self.phone = pool(lambda n: "" if n % 6 == 0 else f"({draw.randint(200, 989)}) 555-{draw.randint(0, 9999):04}", 30_013)
        self.website = pool(lambda n: "" if n % 2 else f"https://www.{draw.choice(WORDS)}-{draw.choice(WORDS)}.example/{n}", 9_001)
        self.city = pool(lambda n: ["London", "São Paulo", "Zürich", "Žďár nad Sázavou", "東京", "New York", "Αθήνα", "Brno"][n % 8], 8)
        self.subject = pool(lambda n: sentence(draw, draw.randint(3, 9)) + draw.choice(["", "", ", urgent", ' "final"', " – été"]), 40_009)
        self.street = pool(lambda n: f"{draw.randint(1, 400)} {draw.choice(WORDS).capitalize()} Street" + draw.choice(["", "", "\nSuite 5", "\r\nFloor 2"]), 20_021)
        self.notes = [quoted("")] * 12_000 + pool(lambda n: notes(draw), 5_003)
        self.notes[77] = quoted("\r\n".join(sentence(draw, 40) for _ in range(90)))


def records(pools, prefix, count):
    """Yields each record's line."""
    p, draw = pools, random.Random(prefix)
    false = quoted("false")
    pick = draw.random
    for n in range(1, count + 1):
        # A few drawn numbers, turned by different amounts, reach all pools: drawing 25 for each record would take most of the time.
        a, b, c, d = int(pick() * 1e9), int(pick() * 1e9), int(pick() * 1e9), int(pick() * 1e9)
        created = p.created[n // 16 % 65_537]
        modified = max(created, p.stamp[b % 65_537]) if c % 3 == 0 else created
        yield (
            f'"{salesforce_id(prefix, n)}",{false},{p.user},"R-{n:09}",{created},{p.user},{modified},{p.user},{modified},'
            f"{p.account[a % 20_011]},{p.contact[b % 30_001]},{p.stage[c % 6]},{p.region[d % 5]},{p.channels[c % 16]},"
            f"{p.amount[c % 65_521]},{p.discount[d % 1_009]},{p.quantity[a % 4_001]},{p.boxes[b % 503]},{p.boolean[c % 3]},{p.boolean[d % 3]},"
            f"{p.due[a % 3_001]},{p.closed[d % 50_011]},{p.email[b % 30_011]},{p.phone[c % 30_013]},{p.website[d % 9_001]},{p.city[a % 8]},"
            f'"EXT-{n // 100:06}-{d % 10_000:04}",{p.subject[b % 40_009]},{p.street[c % 20_021]},{p.notes[d % 17_003]}\n'
        )


def describe(name, prefix):
    fields = []
    for field, kind in FIELDS:
        entry = {"name": field, "label": field.removesuffix("__c").replace("_", " "), "type": kind}
        if field in TARGETS:
            entry["referenceTo"] = [TARGETS[field]]
            entry["relationshipName"] = field.replace("__c", "__r").removesuffix("Id")
        if field == "Notes__c":
            entry["length"] = 32_000
        elif kind == "textarea":
            entry["length"] = 255
        fields.append(entry)
    return {"name": name, "label": name.removesuffix("__c"), "keyPrefix": prefix, "custom": True, "fields": fields}


def make_user(folder):
    """Writes the user who signs in, whom the sf CLI looks up."""
    fields = [("Id", "id"), ("Username", "string"), ("Name", "string"), ("Email", "email"), ("IsActive", "boolean")]
    described = [{"name": name, "label": name, "type": kind} for name, kind in fields]
    (folder / "User.json").write_text(json.dumps({"name": "User", "label": "User", "keyPrefix": "005", "fields": described}))
    values = [USER, "admin@example.com", "Admin User", "admin@example.com", "true"]
    (folder / "User.csv").write_text(",".join(name for name, _ in fields) + "\n" + ",".join(values) + "\n")


def make(folder, objects, count):
    """Writes describe and records of each object to a folder, unless they are there from before."""
    done = folder / ".done"
    if done.exists() and done.read_text() == str(VERSION):
        return
    folder.mkdir(parents=True, exist_ok=True)
    make_user(folder)
    pools = Pools()
    for number, name in enumerate(objects):
        prefix = "b" + ALPHABET[number // 62] + ALPHABET[number % 62]
        (folder / f"{name}.json").write_text(json.dumps(describe(name, prefix)))
        with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            file.write(",".join(map(quoted, NAMES)) + "\n")
            file.writelines(records(pools, prefix, count))
        (folder / f".{name}.count").write_text(str(count))
    done.write_text(str(VERSION))
