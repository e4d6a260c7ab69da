#!/usr/bin/env python3
"""Writes what PERFORMANCE.md shows first, its ten rows and bench/chart.svg, from the tables of bench/RESULTS.md.

    python3 bench/chart.py
"""

import math
import pathlib
import re

BENCH = pathlib.Path(__file__).parent

# What a row shows, its row in RESULTS.md, its unit, who wrote the code by hand, the other contenders, and why it is so.
ROWS = [
    ("run a handler of 2 params", "2 params, 1 written", "cycles", "by hand", ["2.5.1", "bevy_ecs"],
     "resolved once; a run compares the world and follows pointers"),
    ("run a handler of 8 params", "8 params read, throughput", "cycles", "by hand", ["2.5.1", "bevy_ecs"],
     "all pointers are fetched before the call"),
    ("run a pipeline of 3 steps", "3 steps with params, throughput", "cycles", "by hand", ["2.5.1", "bevy_ecs"],
     "a chain is one type, so the compiler inlines it"),
    ("run a pipeline of 10 steps", "10 steps with params, throughput", "cycles", "by hand", ["2.5.1"],
     "each step has its own pointers"),
    ("create a handler of 4 params", "into_handler, 4 params", "cycles", None, ["2.5.1", "bevy_ecs"],
     "a lookup by type is a mask, a load and a compare"),
    ("run 8 systems in a line", "scheduler, 8 systems in a line", "cycles", "by hand", ["2.5.1", "bevy_ecs"],
     "boxed calls, in an order that is known only at run time"),
    ("poll a timer among 100,000", "polled each ms, each", "ns", None, ["2.5.1"],
     "a timer moves down the wheel twice, and no empty slot is visited"),
    ("answer a line over TCP", "lines over TCP, 16 connections", "ns", "by hand", ["tokio", "calloop"],
     "16 connections; limits and deadlines; most of the time is the kernel's"),
    ("wake a loop from a thread", "p50, over sockets", "ns", "raw mio", [],
     "a doorbell, and the rest of the driver's poll"),
    ("write an input to the journal", "commits of 64", "ns", "written", [],
     "commits of 64, not synced; by hand, the same bytes without checksums"),
]

LEFT, RIGHT, WIDTH, BAR, GAP, TOP = 190, 110, 800, 17, 11, 62
LOWEST, HIGHEST = 1 / 128, 8
FASTER, SLOWER, TEXT, FAINT = "#2b7a5b", "#c2571a", "#222222", "#767676"


def tables(page):
    """All rows of the page by name, each as pairs of a contender's name and its cells: a time, a ratio."""
    rows, heads = {}, []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if " / it" in line and cells:
            heads = cells
        elif cells and heads and len(cells) == len(heads):
            # The first of a name: commits of 64 are written down, then made safe.
            rows.setdefault(cells[0], list(zip(heads[1:], cells[1:])))
    return rows


def result(cells, contender):
    """The time of a contender and the ratio to it; of the first contender, only the time."""
    names = [name for name, _ in cells]
    place = names.index(contender)
    middle = re.search(r"\*\*([\d.]+)\*\*", cells[place + 1][1]) if place else None
    return cells[place][1], middle and middle[1]


def figure(time):
    return f"{float(time):,.0f}" if float(time) >= 10 else time


def table(rows):
    lines = ["| what | ours | by hand | others | why |", "|---|--:|--:|---|---|"]
    for what, row, unit, hand, others, why in ROWS:
        cells = rows[row]
        shown = lambda name: "{}\u00a0(**{}**)".format(figure(result(cells, name)[0]), result(cells, name)[1])
        by_hand = shown(hand) if hand else ""
        rivals = ", ".join(f"{called(name)}: {shown(name)}" for name in others)
        lines.append(f"| {what} | {figure(cells[0][1])}\u00a0{unit} | {by_hand} | {rivals} | {why} |")
    return "\n".join(lines) + "\n"


def called(name):
    return "nexus-rt 2.5.1" if name == "2.5.1" else name


def x(ratio):
    part = (math.log2(ratio) - math.log2(LOWEST)) / (math.log2(HIGHEST) - math.log2(LOWEST))
    return LEFT + part * (WIDTH - LEFT - RIGHT)


def chart(rows):
    body, y = [], TOP
    text = lambda x, y, words, **more: body.append(
        f'<text x="{x:.0f}" y="{y:.0f}"' + "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
        + f">{words}</text>")
    for what, row, _, hand, others, _ in ROWS:
        contenders = ([hand] if hand else []) + others
        text(LEFT - 12, y + BAR * len(contenders) / 2 + 4, what, text_anchor="end", fill=TEXT)
        for name in contenders:
            ratio = float(result(rows[row], name)[1])
            low, high = sorted((x(ratio), x(1)))
            color = FASTER if ratio <= 1 else SLOWER
            body.append(f'<rect x="{low - 1:.1f}" y="{y + 2}" width="{high - low + 2:.1f}" height="{BAR - 4}" '
                        f'fill="{color}"/>')
            who = "by hand" if name == hand else called(name)
            text(high + 7, y + BAR - 5, f"{ratio:.2f}  {who}", fill=TEXT, font_size=11)
            y += BAR
        y += GAP
    grid = []
    for ratio in [1 / 64, 1 / 16, 1 / 4, 1, 4]:
        label = f"1/{1 / ratio:.0f}" if ratio < 1 else f"{ratio:.0f}"
        grid.append(f'<line x1="{x(ratio):.1f}" y1="{TOP - 8}" x2="{x(ratio):.1f}" y2="{y - GAP + 6}" '
                    f'stroke="{TEXT if ratio == 1 else "#dddddd"}"/>')
        grid.append(f'<text x="{x(ratio):.0f}" y="{TOP - 14}" fill="{FAINT}" text-anchor="middle" '
                    f'font-size="11">{label}</text>')
    head = (f'<text x="{LEFT}" y="22" fill="{TEXT}" font-size="14" font-weight="bold">Time of this library, divided by '
            f'that of others</text><text x="{x(1) - 8:.0f}" y="{TOP - 26}" fill="{FASTER}" text-anchor="end" '
            f'font-size="11">faster</text><text x="{x(1) + 8:.0f}" y="{TOP - 26}" fill="{SLOWER}" '
            'font-size="11">slower</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
            f'font-family="sans-serif" font-size="12">\n<rect width="{WIDTH}" height="{y}" fill="white"/>\n'
            + "\n".join([head, *grid, *body]) + "\n</svg>\n")


def main():
    rows = tables((BENCH / "RESULTS.md").read_text())
    (BENCH / "chart.svg").write_text(chart(rows))
    page = BENCH.parent / "PERFORMANCE.md"
    before, rest = page.read_text().split("<!-- rows -->\n")
    _, after = rest.split("<!-- /rows -->\n")
    page.write_text(f"{before}<!-- rows -->\n{table(rows)}<!-- /rows -->\n{after}")


main()
