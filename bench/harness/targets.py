"""The targets, each with what was measured and whether it was met."""

NOT_MEASURED = "not measured"
KEEPS = {"csv": 60, "component": 60, "sqlite": 150}  # most MB of memory
# What was measured of Keboola's extractor elsewhere: it is in no registry.
KEBOOLA_MB_PER_SECOND = 25


def at_most(name, value, most, form="{:.2f} ×"):
    if value is None:
        return name, NOT_MEASURED, "–"
    return name, form.format(value), "yes" if value <= most else "**no**"


def at_least(name, value, least, form="{:.1f} ×"):
    if value is None:
        return name, NOT_MEASURED, "–"
    return name, form.format(value), "yes" if value >= least else "**no**"


def ratio(one, other):
    return None if one is None or not other else one / other


def targets(figures):
    return [*loopback(figures), *memory(figures), *flat(figures), *far(figures), *small(figures), *correctness(figures)]


def loopback(figures):
    def get(tool, key="wall"):
        return figures.get("loopback", tool, key)

    def rate(tool, key):
        first = figures.first("loopback", tool)
        return ratio(first and first[key], get(tool))

    for kind in ("csv", "component"):
        tool = f"orgtap-{kind}"
        yield at_most(f"{kind}: wall ≤ 0.7 × sequential curl", ratio(get(tool), get("curl")), 0.7)
        yield at_most(f"{kind}: CPU ≤ 0.8 × sequential curl", ratio(get(tool, "cpu"), get("curl", "cpu")), 0.8)
        yield at_least(f"{kind}: ≥ 5 × faster than simple-salesforce", ratio(get("simple-salesforce"), get(tool)), 5)
        speed = rate(tool, "csv_bytes")
        yield at_least(
            f"{kind}: ≥ 10 × Keboola's original ({KEBOOLA_MB_PER_SECOND} MB/s, measured elsewhere)",
            speed and speed / 1e6 / KEBOOLA_MB_PER_SECOND, 10,
        )
    yield at_least("sqlite: ≥ 150,000 records/s (aim: 250,000)", rate("orgtap-sqlite", "records"), 150_000, "{:,.0f}")
    yield at_most("sqlite: faster than `.import` of the finished CSV", ratio(get("orgtap-sqlite"), get("sqlite-import")), 1)


def memory(figures):
    for kind, most in KEEPS.items():
        peaks = [figures.get(profile, f"orgtap-{kind}", "peak_bytes") for profile in figures.profiles()]
        peaks = [peak / 1e6 for peak in peaks if peak is not None]
        yield at_most(f"{kind}: peak memory ≤ {most} MB, at every size measured", max(peaks, default=None), most, "{:.0f} MB")


def flat(figures):
    sizes = {int(profile.split()[1]): profile for profile in figures.profiles() if profile.startswith("growth ")}
    for kind in ("csv", "sqlite"):
        for key, word in (("wall", "wall"), ("cpu", "CPU")):
            totals = {size: figures.get(profile, f"orgtap-{kind}", key) for size, profile in sorted(sizes.items())}
            totals = {size: total for size, total in totals.items() if total is not None}
            costs = {size: total / size for size, total in totals.items() if size >= 100_000}
            yield spread(f"{kind}: {word} per record flat (±10 %) from 10⁵ to the largest", costs)
            if key == "wall" and totals:
                # What every run takes, such as the job's wait, weighs more in a small one.
                least = min(totals)
                beyond = {size: (totals[size] - totals[least]) / (size - least) for size in costs if size > least}
                yield spread(f"{kind}: the same, beyond the time of {least:,} records", beyond)


def spread(name, costs):
    if len(costs) < 2 or min(costs.values()) <= 0:
        return name, NOT_MEASURED, "–"
    middle = (max(costs.values()) + min(costs.values())) / 2
    most = (max(costs.values()) - middle) / middle * 100
    texts = ", ".join(f"{cost * 1e6:.2f} µs at {size:,}" for size, cost in costs.items())
    return name, f"±{most:.0f} %: {texts}", "yes" if most <= 10 else "**no**"


def far(figures):
    one, eight = (figures.get("far", f"orgtap-csv-{connections}", "transfer") for connections in (1, 8))
    name = "far: 8 connections ≥ 7 × the throughput of one, without the waits for the job"
    if None in (one, eight):
        yield name, NOT_MEASURED, "–"
        return
    pages = -(-figures.first("far", "orgtap-csv-8")["records"] // 50_000)
    bound = pages / -(-pages // 8)
    yield at_least(f"{name} ({pages} whole pages over 8 connections: {bound:.1f} × at best)", one / eight, 7)


def small(figures):
    answers = figures.get("small", "curl-calls", "wall")
    slowest = [
        figures.get("small", tool, "wall") / figures.first("small", tool)["records"] * figures.first("small", "orgtap-csv")["records"]
        for tool in ("simple-salesforce", "sf", "tap-salesforce")
        if figures.first("small", tool) and figures.first("small", "orgtap-csv")
    ]
    for kind in ("csv", "sqlite"):
        wall = figures.get("small", f"orgtap-{kind}", "wall")
        yield at_most(f"small, {kind}: ≤ 1.2 × the server's own answer times", ratio(wall, answers), 1.2)
        yield at_least(f"small, {kind}: ≥ 10 × faster than the slowest-polling peer", ratio(max(slowest, default=None), wall), 10)


def correctness(figures):
    entries = [entry for group in figures.groups.values() for entry in group if entry["group"] == "orgtap"]
    if not entries:
        return
    wrong = sum(max(entry["wrong"], entry["missing"]) for entry in entries)
    yield "orgtap: every record of every run correct", f"{wrong:,} wrong in {len(entries)} runs", "yes" if wrong == 0 else "**no**"
