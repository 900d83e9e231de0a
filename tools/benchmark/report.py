"""The machine, the medians and the tables, as Markdown that can be pasted."""

import os
import pathlib
import platform
import statistics
import subprocess


def machine(folder):
    """What the figures were measured on."""
    model, memory = "unknown processor", 0
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            memory = round(int(line.split()[1]) / 1024 / 1024)
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": memory,
        "kernel": platform.release(),
        "file_system": file_system(folder),
        "nginx": first_line(["nginx", "-v"]).rpartition(" ")[2],
        "load_average_before": round(os.getloadavg()[0], 2),
    }


def file_system(folder):
    """The type of the file system that holds `folder`."""
    path, best = os.path.realpath(folder), ("", "unknown")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        if (path + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def first_line(command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return (result.stdout + result.stderr).partition("\n")[0].strip()


def median(rounds, name):
    """The median of one figure over the rounds."""
    return statistics.median(figures[name] for figures in rounds)


def spread(rounds, name):
    """How far the rounds lie apart, as a share of their median."""
    values = [figures[name] for figures in rounds]
    return (max(values) - min(values)) / (statistics.median(values) or 1)


def ratio(rounds, reference, name):
    """The median over the rounds of one figure divided by the reference's in the same round."""
    return statistics.median(ours[name] / (theirs[name] or 1) for ours, theirs in zip(rounds, reference))


def table(header, rows):
    """A Markdown table with aligned columns; the first is text, the others are figures."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]

    def line(row):
        padded = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (width + 2) if i == 0 else "-" * (width + 1) + ":" for i, width in enumerate(widths)) + "|"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])


def number(value, digits=0):
    return f"{value:,.{digits}f}"


def mebibytes(value):
    return f"{value / 1048576:.1f} MiB"
