"""The Markdown that a run's JSON comes to; the documentation holds the same text, which a test compares."""

from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]


def markdown(record: Record) -> str:
    """The whole report: machine, table, notes on missed targets, scaling."""
    machine, rows = record["machine"], record["rows"]
    parts = [_machine(machine), _table(rows)]
    if notes := _notes(rows):
        parts.append(notes)
    if "cache" in record:
        raw, cached = record["cache"]["raw"], record["cache"]["cached"]
        parts.append(
            f"A cached 160 x 192 x 160 image with labels and mask takes {cached:.1f} MiB, "
            f"{raw / cached:.1f} times less than float32 and uint8 arrays ({raw:.1f} MiB)."
        )
    if "scaling" in record:
        parts.append(scaling(record["scaling"]))
    return "\n\n".join(parts) + "\n"


def scaling(rows: list[Record]) -> str:
    """Measured growth: slopes of log time and log memory."""
    lines = ["| grows with | work | sizes | time slope | memory slope |", "|---|---|---|---:|---:|"]
    for row in rows:
        sizes = ", ".join(f"{size:g}" for size in row["sizes"])
        memory = "" if row["memory_slope"] is None else f"{row['memory_slope']:.2f}"
        lines.append(f"| {row['variable']} | {row['work']} | {sizes} | {row['time_slope']:.2f} | {memory} |")
    return "\n".join(lines)


def _machine(machine: Record) -> str:
    units = "with" if machine["bfloat16"] else "without"
    return (
        f"{machine['processor']}, {machine['threads']} threads, {units} bfloat16 units; matrix product "
        f"{machine['gflops']:.0f} GFLOP/s, copy {machine['copy_gbs']:.0f} GB/s; torch {machine['torch']}; "
        f"load before the run {machine['load']:.1f}."
    )


def _table(rows: list[Record]) -> str:
    lines = [
        "| work | contreg ms | against | ms | times faster | spread | target | memory |",
        "|---|---:|---|---:|---:|---|---|---|",
    ]
    for row in rows:
        if "failed" in row:
            lines.append(f"| {row['title']}, {row['work']} | failed: {row['failed']} | | | | | | |")
            continue
        ours = next(iter(row["contestants"].values()))
        limit = f" (target {row['milliseconds']:g})" if row["milliseconds"] else ""
        first = f"| {row['title']}, {row['work']} | {_ms(ours)}{limit} "
        for name, against in row["against"].items():
            lines.append(first + _cells(name, row["contestants"][name], against))
            first = "| | "
    return "\n".join(lines)


def _ms(contestant: Record) -> str:
    """Four digits, without an exponent."""
    return f"{float(format(contestant['milliseconds'], '.4g')):,.10g}"


def _cells(name: str, other: Record, against: Record) -> str:
    low, high = against["spread"]
    target = f"{against['target']:g}: {_verdict(against)}" if against["target"] else ""
    memory = "" if against["memory"] is None else f"{against['memory']:.2f}x"
    if against["memory_target"] and memory:
        met = "met" if against["memory"] <= against["memory_target"] else "missed"
        memory += f" (target {against['memory_target']:g}: {met})"
    return (
        f"| {name.replace('_', ' ')} | {_ms(other)} | {against['ratio']:.3g} "
        f"| {low:.3g} to {high:.3g} | {target} | {memory} |"
    )


def missed(row: Record) -> bool:
    """Whether a target of the row was not reached."""
    ours = next(iter(row.get("contestants", {}).values()), None)
    late = ours is not None and row["milliseconds"] and ours["milliseconds"] > row["milliseconds"]
    return bool(late) or any(_falls_short(against) for against in row.get("against", {}).values())


def _falls_short(against: Record) -> bool:
    fat = against["memory_target"] and (against["memory"] or 0) > against["memory_target"]
    return bool(against["ratio"] < against["target"] or fat)


def _verdict(against: Record) -> str:
    return "met" if against["ratio"] >= against["target"] else "missed"


def _notes(rows: list[Record]) -> str:
    return "\n".join(
        f"- {row['title']}, {row['work']}: {row['note']}." for row in rows if missed(row) and row["note"]
    )
