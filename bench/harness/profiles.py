"""The profiles: which org, which tools, how often."""

from statistics import median

from harness import org
from harness.clients import SalesforceCli, SimpleSalesforce, TapSalesforce
from harness.emulator import Emulator
from harness.floors import Curl, CurlCalls, SqliteImport
from harness.session import say
from harness.tools import Orgtap, OrgtapComponent
from harness.verify import Truth

OBJECT = "Deal__c"
SMALL_RECORDS = 700
ROUND_TRIP_MS = 80


def data_of(session, records):
    """Returns the records of one object, which are made if they are not there."""
    folder = session.options.data / f"one-{records}"
    say(f"  {records:,} records in {folder}")
    org.make(folder, [OBJECT], records)
    return Truth(folder, [OBJECT])


def emulator_of(session, truth, pace=()):
    records = truth.counts(truth.objects)
    megabytes = 512 + records * 3 // 1000  # Three forms of each page, none above a kilobyte a record.
    return Emulator(session.options.orgtap, truth.folder, session.options.work / "emulator.log", pace, megabytes)


def loopback(session):
    truth = data_of(session, session.options.records)
    few = session.options.slow_peer_records
    slow = [TapSalesforce()]
    tools = [Curl(None), Curl(8), Orgtap("csv"), OrgtapComponent(), Orgtap("sqlite"), SqliteImport(), SimpleSalesforce(), SalesforceCli()]
    if not 0 < few < session.options.records:
        tools, slow = tools + slow, []
    with emulator_of(session, truth) as emulator:
        session.measure("loopback", tools, emulator, truth, warm=[Curl(None), OrgtapComponent()])
    if any(map(session.wants, slow)):
        loopback_of_few(session, few, slow)


def loopback_of_few(session, records, slow):
    """Measures the tools that would take long with fewer records, and orgtap with as few."""
    truth = data_of(session, records)
    profile = f"loopback {records}"
    with emulator_of(session, truth) as emulator:
        session.measure(profile, [Curl(None), Orgtap("csv"), *slow], emulator, truth, warm=[Curl(None), Orgtap("csv")])
    for tool in slow:
        walls = [entry["wall"] for entry in session.measured if (entry["profile"], entry["tool"]) == (profile, tool.key)]
        if walls:
            most = session.options.records
            session.notes.append(
                f"loopback: {tool.title} read {records:,} records, which took it {median(walls):,.0f} s. At the same pace {most:,} would take it "
                f"{median(walls) * most / records:,.0f} s; that is a calculation, not a measurement, and no target rests on it."
            )


def far(session):
    options = session.options
    truth = data_of(session, min(options.far_records, options.records))
    pace = ["--job-seconds", str(options.far_job_seconds), "--rtt-ms", str(ROUND_TRIP_MS), "--bandwidth-mbps", str(options.far_mbps)]
    tools = [Curl(None), Curl(8), Orgtap("csv", 1), Orgtap("csv", 8), SimpleSalesforce(), SalesforceCli()]
    session.notes.append(
        f"far: a query job takes {options.far_job_seconds} s, an answer starts {ROUND_TRIP_MS} ms later, a connection carries {options.far_mbps} Mbit/s "
        f"({options.far_mbps / 8:g} MB/s) of gzip; {truth.counts(truth.objects):,} records in pages of 50,000. curl reads the pages of a job that is done."
    )
    with emulator_of(session, truth, pace) as emulator:
        session.measure("far", tools, emulator, truth, rounds=min(options.rounds, options.far_rounds), warm=[Curl(8)])


def small(session):
    options = session.options
    objects = [f"Small_{number:02}__c" for number in range(1, options.small_objects + 1)]
    folder = options.data / f"small-{len(objects)}x{SMALL_RECORDS}"
    org.make(folder, objects, SMALL_RECORDS)
    truth = Truth(folder, objects)
    pace = ["--rtt-ms", str(ROUND_TRIP_MS), "--job-seconds", "1"]
    few = objects[: options.small_peer_objects]
    session.notes.append(
        f"small: {len(objects)} objects of {SMALL_RECORDS} records; an answer starts {ROUND_TRIP_MS} ms later, a query job takes 1 s. Peers load {len(few)} of "
        f"the objects, for they wait a fixed time for each; for the target their wall time is scaled up to all. curl makes the calls that orgtap makes, "
        "four at a time as orgtap's rows are: the server's own answer times."
    )
    with emulator_of(session, truth, pace) as emulator:
        session.measure("small", [CurlCalls(4), Orgtap("csv"), Orgtap("sqlite")], emulator, truth, warm=[CurlCalls(4)])
        session.measure("small", [SimpleSalesforce(), SalesforceCli(), TapSalesforce()], emulator, truth, few, rounds=options.peer_rounds)


def growth(session):
    for records in session.options.growth_sizes:
        truth = data_of(session, records)
        rounds = session.options.rounds if records <= 1_000_000 else min(session.options.rounds, session.options.large_rounds)
        with emulator_of(session, truth) as emulator:
            session.measure(f"growth {records}", [Orgtap("csv"), Orgtap("sqlite")], emulator, truth, rounds=rounds, warm=[Orgtap("csv")])
            session.notes.append(f"growth {records:,}: the emulator itself took {emulator.peak_bytes() / 1e9:.1f} GB.")


PROFILES = {"loopback": loopback, "far": far, "small": small, "growth": growth}
