"""A case, as the files cases_*.py write it down, and what was seen of one run of it."""

import dataclasses

# Steps of a dialogue with the running case, one after the other:
#   ("wait", TEXT)         until the output behind the last wait has TEXT in it
#   ("send", BYTES)        to standard input, or typed at the terminal
#   ("signal", NAME)       to the process that the case's host line has become
#   ("signal-group", NAME) to its whole process group, as a terminal's Ctrl-C does it
#   ("resize", ROWS, COLUMNS)
#   ("sleep", SECONDS)     only where nothing can be waited for
#   ("close",)             standard input ends
#   ("hangup",)            the terminal goes away


@dataclasses.dataclass(frozen=True)
class Case:
    """One payload, how it is started, and what its user does on the host."""

    name: str
    source: str  # an item of issue 10, or REPOSITORY#NUMBER where users have met it
    command: object  # argument vector; a text is for sh -c
    host: str = "exec run"  # bash on the host; `run` starts the payload
    user: str = ""  # UID[:GID]
    cwd: str = ""
    env: tuple = ()  # NAME=VALUE
    options: tuple = ()  # of `husk run`, further ones
    config: object = None  # a function that makes the same of runc's configuration
    tty: bool = False  # husk's -t, runc's terminal
    pty: bool = False  # the host line runs on a terminal of 24 rows and 80 columns; its output is one stream
    debian: bool = False  # a Debian root instead of the busybox one
    dialogue: tuple = ()
    stdin: bool = False  # a pipe that stays open until the dialogue closes it, instead of /dev/null
    seconds: float = 15

    def argv(self):
        return ["/bin/sh", "-c", self.command] if isinstance(self.command, str) else list(self.command)


@dataclasses.dataclass(frozen=True)
class Seen:
    status: str
    out: str
    err: str

    FACETS = ("status", "out", "err")

    def facets(self):
        return {name: getattr(self, name) for name in self.FACETS}

    def in_short(self, width):
        """One cell of the printed table."""
        text = self.status
        if self.out:
            text += " " + repr(self.out)[1:-1]
        if self.err:
            text += " 2>" + repr(self.err)[1:-1]
        return text if len(text) <= width else text[: width - 1] + "…"
