"""Signals to the runner, and what it had ignored or blocked when it was started."""

from case import Case

READY = "echo ready; n=0; while [ $n -lt 200 ]; do n=$((n + 1)); sleep 0.05; done"

IGNORED = ["grep", "SigIgn", "/proc/self/status"]


def trapping(*names):
    return "".join(f"trap 'echo {name}' {name}; " for name in names) + READY


CASES = [
    Case("signals/each", "moby/moby#37200, moby/moby#21008", "trap 'echo TERM; exit 5' TERM; " + trapping("HUP", "INT", "QUIT", "USR1", "USR2"),
         dialogue=(("wait", "ready"),) + tuple(step for name in ("HUP", "INT", "QUIT", "USR1", "USR2", "TERM")
                                               for step in (("signal", name), ("wait", name)))),
    Case("signals/term-of-process-1", "moby/moby#12228, podman-container-tools/podman#18221", "echo ready; exec sleep 1",
         dialogue=(("wait", "ready"), ("sleep", 0.2), ("signal", "TERM"))),
    Case("signals/int-of-process-1", "moby/moby#12022", "echo ready; exec sleep 1",
         dialogue=(("wait", "ready"), ("sleep", 0.2), ("signal", "INT"))),
    Case("signals/int-of-the-group", "docker/compose#11186",
         "n=0; trap 'n=$((n + 1))' INT; echo ready; sleep 0.5; sleep 0.3; echo $n",
         dialogue=(("wait", "ready"), ("signal-group", "INT"))),
    Case("signals/kill", "moby/moby#35647", "echo ready; sleep 0.5; echo survived",
         dialogue=(("wait", "ready"), ("signal", "KILL"))),
    Case("signals/stop-and-continue", "issue 10, 6", "echo ready; sleep 0.3; echo on; exit 6",
         dialogue=(("wait", "ready"), ("signal", "STOP"), ("sleep", 0.2), ("signal", "CONT"))),
    Case("signals/own-kill", "moby/moby#12228", "kill -9 $$; echo alive"),
    Case("signals/own-term", "moby/moby#12228", "kill -TERM $$; echo alive"),
    Case("signals/own-stop", "issue 10", "(sleep 0.3; kill -CONT 1) & kill -STOP $$; echo on", seconds=5),
    Case("signals/ignored", "issue 10, 6", IGNORED, host="trap '' INT QUIT; exec run"),
    Case("signals/ignored-others", "issue 10, 6", IGNORED, host="trap '' USR1 PIPE TSTP TTOU; exec run"),
    Case("signals/ignored-child", "issue 10, 6", IGNORED, host="trap '' CHLD; exec run"),
    Case("signals/ignored-int-arrives", "issue 10, 6", "(sleep 0.2; echo ready) & exec sleep 0.7",  # said when the exec is over
         host="trap '' INT; exec run",
         dialogue=(("wait", "ready"), ("signal", "INT"))),
    Case("signals/nohup", "issue 10, 6", IGNORED, host="exec nohup run"),
    Case("signals/nohup-hangup", "issue 10, 6, podman-container-tools/podman#20003", "echo ready; sleep 0.5; echo on", host="exec nohup run",
         dialogue=(("wait", "ready"), ("signal", "HUP"))),
    Case("signals/pipe-ignored", "issue 10, 6", "(yes; echo $? >&2) 2>&1 | head -n 1; yes 2>/dev/null; echo $? >&2",
         host="trap '' PIPE; run | head -n 1"),
    Case("signals/child-ignored", "issue 10, 6", "true; sleep 0.01; echo $?", host="trap '' CHLD; run"),
    Case("signals/blocked", "issue 10, 6", ["grep", "SigBlk", "/proc/self/status"], host="exec env --block-signal=USR1 run"),
    Case("signals/background-job", "issue 10, 6", "echo hi; exit 3", host="run & wait $!; echo $?"),
    Case("signals/timeout", "issue 10", "trap 'echo term; exit 9' TERM; " + READY, host="timeout 1 run; echo $?"),
    Case("signals/while-reading", "issue 10", "trap 'echo term; exit 9' TERM; echo ready; read x; echo read", stdin=True,
         dialogue=(("wait", "ready"), ("sleep", 0.1), ("signal", "TERM"))),
    Case("signals/twice", "issue 10", "trap 'echo term$((n += 1)); [ $n = 2 ] && exit 3' TERM; n=0; echo ready; while :; do sleep 0.05; done",
         dialogue=(("wait", "ready"), ("signal", "TERM"), ("wait", "term1"), ("signal", "TERM"))),
]
