"""The differences that are known, from the table in docs/runner-cases.md."""

import fnmatch
import re
import sys

COLUMNS = ["case and what of it", "runner", "runc", "husk", "why"]
TO_MEND = "to mend: "  # a fault
WHEN_MENDED = "when mended: "  # a difference that will be there when a fault is gone


def in_a_line(text):
    return repr(text)[1:-1]


class Reason:
    """A line of the table. A cell has one or more shell patterns, each between backticks."""

    def __init__(self, cells):
        self.line = " | ".join(cells)
        self.what, self.runners, self.runc, self.husk = (re.findall(r"`([^`]*)`", cell) for cell in cells[:4])
        self.why = cells[4]
        self.to_mend = self.why.startswith(TO_MEND)
        self.may_be_stale = self.to_mend or self.why.startswith(WHEN_MENDED)
        self.found = set()
        if not (self.what and self.runners and self.runc and self.husk and self.why):
            sys.exit(f"a line of the table that says too little: {self.line}")

    def covers(self, what, runner, runc, husk):
        pairs = ((self.what, what), (self.runners, runner), (self.runc, in_a_line(runc)), (self.husk, in_a_line(husk)))
        return all(any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns) for patterns, text in pairs)

    def stale(self, looked_at, found):
        """What the line speaks of, was looked at, and has no such difference: "CASE FACET under RUNNER"."""
        return [f"{what} under {runner}" for what in self.what for runner in self.runners
                if fnmatch.filter(looked_at, what) and not any(fnmatch.fnmatchcase(seen, what) and fnmatch.fnmatchcase(by, runner) for seen, by in found)]


def read_reasons(path):
    reasons, in_table = [], False
    with open(path) as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            if cells == COLUMNS:
                in_table = True
            elif not line.startswith("|"):
                in_table = False
            elif in_table and not set(line.strip()) <= set("|- "):
                if len(cells) != len(COLUMNS):
                    sys.exit(f"not a line of the table: {line}")
                reasons.append(Reason(cells))
    return reasons
