#!/usr/bin/python3
"""tools/reproduce judges what it is given: reproduce_test.py SOURCE. Nothing is measured: the results are made up here."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1])
failures = []


def check(what, condition, detail=""):
    if not condition:
        failures.append(what)
        print("FAILED:", what, detail)


def summary(median, low=None, high=None, count=20, **ratios):
    return {"count": count, "median": median, "interval": None if low is None else [low, high], "ratio": ratios}


def runner(name, summaries, facts=None, **more):
    return {"name": name, "status": "measured", "note": "", "summary": summaries, "notes": {}, "isolation_facts": facts, **more}


def good():
    """Results with which every claim holds."""
    start = {"start_ns": summary(2.5), "start_with_root_ns": summary(3), "idle_pss_bytes": summary(2)}
    vm = {"start_ns": summary(2.5, namespace=summary(1.0, 0.9, 1.1), runc=summary(0.1, 0.09, 0.11)),
          "start_with_root_ns": summary(3, namespace=summary(1.0, 0.9, 1.1)),
          "idle_pss_bytes": summary(3, namespace=summary(1.5, 1.4, 1.6))}
    qemu = {"start_ns": summary(40, vm=summary(14, 13, 15)), "idle_pss_bytes": summary(32, vm=summary(10, 9, 11))}
    e1 = {"runners": [runner("process", start), runner("namespace", start, {"syscalls_reachable": 310}),
                      runner("vm", vm, {"syscalls_reachable": 25}), runner("runc", start, {"syscalls_reachable": 350}), runner("qemu", qemu)]}
    tasks = ["task_python_ns", "task_gcc_ns", "task_sort_ns", "task_git_ns", "task_sqlite_ns", "task_find_ns"]
    slow = {"namespace": summary(3, 2.8, 3.2), "process": summary(1.1, 1.0, 1.2)}
    e2 = {"runners": [runner("process", {task: summary(1) for task in tasks}), runner("namespace", {task: summary(1) for task in tasks}),
                      runner("vm", {task: summary(3, **slow) for task in tasks})]}
    counts = {"exits_mmio": 3, "exits_other": 0, "guest_syscalls": 313, "guest_page_faults": 265, "guest_cow_faults": 100}
    return {"E1.json": e1, "E2.json": e2, "E3-here.json": {"backend": "pvm", "guest_ring": 3, **counts},
            "E3-lab.json": {"backend": "svm", "guest_ring": 0, **counts},
            "E4.log": "100% tests passed, 0 tests failed out of 40\n", "E5.log": "100% tests passed, 0 tests failed out of 80\n"}


def judge(results, *arguments):
    with tempfile.TemporaryDirectory() as name:
        for file, content in results.items():
            (pathlib.Path(name) / file).write_text(content if isinstance(content, str) else json.dumps(content))
        done = subprocess.run([SOURCE / "tools/reproduce", "--from", name, *arguments], capture_output=True, text=True, check=False, timeout=60)
    states = dict(re.findall(r"^(C\d+) \(E\d\) (HOLDS|FAILS|CANNOT BE TOLD):", done.stdout, re.M))
    return done.returncode, states, done.stdout + done.stderr


def main():
    status, states, output = judge(good())
    check("all hold", status == 0 and set(states.values()) == {"HOLDS"}, output)
    claims = [line.split("\t")[0] for line in subprocess.run([SOURCE / "tools/reproduce", "--list"], capture_output=True, text=True, check=True).stdout.splitlines()]
    check("every claim is judged", sorted(states) == sorted(claims), str(states))
    documented = re.findall(r"^\| (C\d+) \|", (SOURCE / "docs/artefact.md").read_text(), re.M)
    check("docs/artefact.md has the same claims", documented == claims, f"{documented} {claims}")

    def vm_of(results, file="E1.json"):
        return next(one for one in results[file]["runners"] if one["name"] == "vm")

    results = good()
    vm_of(results)["summary"]["start_ns"]["ratio"]["namespace"] = summary(1.8, 1.7, 1.9)
    status, states, output = judge(results)
    check("a wrong direction fails", status == 1 and states["C1"] == "FAILS", output)
    results = good()
    vm_of(results)["summary"]["start_ns"]["ratio"]["namespace"] = summary(1.45, 1.3, 1.6)
    status, states, output = judge(results)
    check("a bound within the interval cannot be told", status == 2 and states["C1"] == "CANNOT BE TOLD", output)
    results = good()
    vm_of(results)["summary"]["start_ns"]["ratio"]["namespace"] = summary(1.0, count=4)
    status, states, output = judge(results)
    check("nor can too few samples", status == 2 and states["C1"] == "CANNOT BE TOLD", output)
    results = good()
    next(one for one in results["E1.json"]["runners"] if one["name"] == "qemu").update(status="not available", note="not installed")
    status, states, output = judge(results)
    check("nor what is not installed, which is said", status == 2 and states["C4"] == "CANNOT BE TOLD" and "not installed" in output, output)
    results = good()
    del vm_of(results, "E2.json")["summary"]["task_git_ns"]
    vm_of(results, "E2.json")["notes"]["task_git_ns"] = "failed: no such call"
    status, states, output = judge(results)
    check("a workload that does not run fails, with its reason", status == 1 and states["C8"] == "FAILS" and "no such call" in output, output)
    results = good()
    for one in results["E2.json"]["runners"]:
        if one["name"] != "vm":
            one["summary"]["task_redis_ns"] = summary(1)
    vm_of(results, "E2.json")["notes"]["task_redis_ns"] = "failed: no answer"
    status, states, output = judge(results)
    check("nor does a server", status == 1 and states["C8"] == "FAILS" and "no answer" in output, output)
    results = good()
    results["E3-lab.json"]["guest_syscalls"] = 314
    check("counts that differ fail", judge(results)[1]["C11"] == "FAILS")
    results["E3-lab.json"]["backend"] = "pvm"
    check("the same back end twice shows nothing", judge(results)[1]["C11"] == "CANNOT BE TOLD")
    results = good()
    results["E4.log"] = "98% tests passed, 1 tests failed out of 40\n"
    check("a test that fails fails the claim", judge(results)[1]["C12"] == "FAILS")
    results["E4.log"] = "      Start 1: a\n1/1 Test #1: a ......***Skipped   0.01 sec\n100% tests passed, 0 tests failed out of 1\n"
    check("what is skipped has not passed", judge(results)[1]["C12"] == "CANNOT BE TOLD")
    with tempfile.TemporaryDirectory() as name:
        # A husk that measures nothing, where an earlier one has left results.
        tree = pathlib.Path(name)
        (tree / "tools").mkdir()
        (tree / "build").mkdir()
        (tree / "tools/reproduce").write_bytes((SOURCE / "tools/reproduce").read_bytes())
        (tree / "build/husk").write_text("#!/bin/sh\nexit 1\n")
        (tree / "build/husk").chmod(0o755)
        (tree / "results").mkdir()
        (tree / "results/E1.json").write_text(json.dumps(good()["E1.json"]))
        done = subprocess.run([sys.executable, tree / "tools/reproduce", "--only", "C1", "--output", tree / "results"],
                              capture_output=True, text=True, check=False, timeout=60)
        check("an earlier result does not stand for one that fails", done.returncode == 2 and "CANNOT BE TOLD" in done.stdout, done.stdout)
    status, states, output = judge({}, "--only", "C1,E5")
    check("without results nothing can be told", status == 2 and sorted(states) == ["C1", "C13"] and set(states.values()) == {"CANNOT BE TOLD"}, output)
    check("an unknown claim is refused", judge(good(), "--only", "C99")[0] == 125)
    print("all passed" if not failures else f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
