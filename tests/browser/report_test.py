#!/usr/bin/python3
"""The report page in a real browser: report_test.py HUSK OUTPUT-DIRECTORY. Screenshots stay in OUTPUT-DIRECTORY.

Needs chromium, chromium-driver and python3-selenium; exit status 77: cannot be run here.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
except ImportError:
    print("no selenium (apt package python3-selenium)")
    sys.exit(77)

HUSK, OUTPUT = sys.argv[1], pathlib.Path(sys.argv[2])
SEED = 2**64 - 59  # JavaScript's numbers cannot hold it
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"><!--"
failures = []


def check(what, condition, detail=""):
    if not condition:
        failures.append(f"{what} {detail}")
        print("FAILED:", what, detail)


def run_all(commands, seconds):
    """All of them at a time: what they wait for is mostly windows of time, and no figure matters here."""
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    for process in processes:
        if process.wait(timeout=seconds):
            raise RuntimeError(f"{process.args}: exit status {process.returncode}")


def compare(directory):
    """A real comparison. Start rates and speed take their time at each of --runs, so those come from one of a small
    budget that runs beside the other, and are put together with it."""
    path, slow = directory / "a.json", directory / "slow.json"
    base = [HUSK, "compare", "--with"]
    run_all([[*base, "process,namespace,vm", "--runs", "6", "--measure", "start-up,workloads,memory,isolation", "--workload", "touch,write", "--json", path],
             [*base, "namespace,vm", "--budget", "1s", "--density", "4", "--measure", "density,speed", "--json", slow]], 250)
    data = json.loads(path.read_text())
    for one in json.loads(slow.read_text())["runners"]:
        for runner in data["runners"]:
            if runner["name"] == one["name"] and not one["reference"]:
                for member in ("samples", "notes", "failures"):
                    runner[member].update(one[member])
    return path, data


def make_pages(directory):
    """A real comparison, then made worse: a failed runner with a hostile note, one with a single sample, one whose name
    is a member of every object of JavaScript. And another comparison that has little in common with it."""
    path, data = compare(directory)
    # As it is where a workload needs what a runner has not, and where there are images of several sizes.
    for runner in data["runners"]:
        if runner["name"] == "vm":
            runner["samples"].pop("task_write_ns", None)
            runner["notes"]["task_write_ns"] = "failed: socket: " + HOSTILE
        if runner["name"] in ("namespace", "vm"):
            # The longest titles and names of lines that there are, and a ratio far from 1.
            runner["samples"]["python_unshared_idle_total_bytes"] = {"round": list(range(6)), "value": [(9e6 if runner["name"] == "vm" else 1e6) + i for i in range(6)]}
            for instances in (1, 2, 4):
                runner["samples"][f"python_unshared_total_pss_bytes@{instances}"] = {"round": list(range(6)), "value": [9e6 * instances + i for i in range(6)]}
            for files in (10, 100, 10000):
                runner["samples"][f"image_named_ns@{files}"] = {"round": list(range(6)), "value": [2e6 + files + i for i in range(6)]}
                runner["samples"][f"image_directory_ns@{files}"] = {"round": list(range(6)), "value": [2e6 + 300 * files + i for i in range(6)]}
    lonely = json.loads(json.dumps(next(r for r in data["runners"] if r["name"] == "process")))
    lonely["name"] = "lonely"
    lonely["samples"] = {"start_ns": {"round": [0], "value": [2e6]}}
    data["runners"].append(lonely)
    data["runners"].append(dict(lonely, name="broken", status="failed", note=HOSTILE, samples={}))
    data["runners"].append(dict(lonely, name="constructor"))
    data["seed"] = SEED
    path.write_text(json.dumps(data))
    other = json.loads(json.dumps(data))
    other.update(complete=False, baseline="namespace", warnings=["a quiet machine it was not"])
    other["host"]["cpu_model"] = "Another"
    other["runners"] = [r for r in other["runners"] if r["name"] != "broken"]
    (directory / "b.json").write_text(json.dumps(other))
    other["payload"]["description"] = "another payload"
    for runner in other["runners"]:
        runner["samples"].pop("start_ns", None)
    (directory / "c.json").write_text(json.dumps(other))
    pages = {"one": "a", "two": "aa", "baseline": "b", "machines": "ab", "payloads": "cc", "unlike": "ac"}
    run_all([[HUSK, "report", *(directory / f"{name}.json" for name in files), "--html", directory / f"{page}.html"] for page, files in pages.items()], 60)
    return data


def start_browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    browser.set_page_load_timeout(60)
    return browser


def screenshot(browser, name, width):
    browser.set_window_size(width, 1000)
    height = browser.execute_script("return document.documentElement.scrollHeight")
    browser.set_window_size(width, min(height + 100, 12000))
    browser.save_screenshot(str(OUTPUT / name))


# What of the drawings' text cannot be read: it sticks out of its drawing, lies on other text, or is too small.
UNREADABLE = """
const bad = [];
for (const drawing of document.querySelectorAll('svg')) {
  const frame = drawing.getBoundingClientRect();
  const texts = Array.from(drawing.querySelectorAll('text')).filter(t => t.textContent.trim() && t.getClientRects().length);
  const boxes = texts.map(t => t.getBoundingClientRect());
  texts.forEach((text, i) => {
    const box = boxes[i], name = text.textContent.trim();
    if (parseFloat(getComputedStyle(text).fontSize) * box.height / text.getBBox().height < 9) bad.push('too small: ' + name);
    if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
      bad.push('cut off: ' + name);
    for (let k = 0; k < i; ++k) {
      const width = Math.min(box.right, boxes[k].right) - Math.max(box.left, boxes[k].left);
      const height = Math.min(box.bottom, boxes[k].bottom) - Math.max(box.top, boxes[k].top);
      if (width > 2 && height > 3) bad.push(name + ' on ' + texts[k].textContent.trim());
    }
  });
}
return bad;
"""


def check_readable(browser, where):
    bad = browser.execute_script(UNREADABLE)
    check(f"all text of the drawings can be read {where}", not bad, str(bad[:8]))


def check_medians(browser, data):
    """The start-up table shows the medians of the raw samples, in three digits."""
    rows = browser.execute_script("return Array.from(document.querySelectorAll('#start-up tbody tr'))"
                                  ".map(r => Array.from(r.children).map(c => c.innerText))")
    for runner in data["runners"]:
        values = sorted(runner["samples"].get("start_ns", {}).get("value", []))
        if not values:
            continue
        median = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2 / 1e6
        cells = next(row for row in rows if row[0] == runner["name"])
        number, unit = cells[1].split()[:2]
        shown = float(number) * {"ns": 1e-6, "µs": 1e-3, "ms": 1, "s": 1e3}[unit]
        check(f"the median of {runner['name']}", abs(shown / median - 1) < 0.006, f"{median} ms is shown as {cells[1]!r}")


# Keeps what the page offers for download.
KEEP_BLOBS = """
window.blobs = [];
const RealBlob = window.Blob;
window.Blob = function (parts, options) { window.blobs.push(parts.join('')); return new RealBlob(parts, options); };
"""


def check_downloads(browser, data):
    raw, table = browser.execute_script("return window.blobs")
    raw = json.loads(raw)
    check("the JSON to download has the seed", raw["seed"] == SEED, str(raw["seed"]))
    check("and every sample", [r["samples"] for r in raw["runners"]] == [r["samples"] for r in data["runners"]])
    samples = sum(len(s["value"]) for r in data["runners"] for s in r["samples"].values())
    check("the CSV to download has a line for each sample", table.count("\r\n") == samples + 1)
    check("the seed is shown", f"seed {SEED}," in browser.execute_script("return document.body.innerText"))


def check_isolation(browser, data):
    rows = browser.execute_script("return Array.from(document.querySelectorAll('#isolation tbody tr'))"
                                  ".map(r => Array.from(r.children).map(c => c.innerText))")
    facts = {row[0]: row[1:] for row in rows}
    looked = [r["isolation_facts"] for r in data["runners"] if r["isolation_facts"]]
    for title, name in {"device nodes in its /dev": "device_nodes_visible",
                        "with certain arguments only": "syscalls_with_certain_arguments"}.items():
        check(f"the row '{title}'", facts.get(title) == [str(one.get(name, "–")) for one in looked], str(facts.get(title)))


def check_side_by_side(browser, directory):
    def text_of(page):
        browser.get((directory / f"{page}.html").as_uri())
        errors = [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]
        check(f"no error on the console of {page}", not errors, str(errors)[:300])
        return browser.execute_script("return document.body.innerText")

    text = text_of("two")
    check("ratios to the common baseline", browser.execute_script("return document.querySelectorAll('tr.ratio').length") > 0)
    check("runners without figures are named", "Not measured, or not to the end" in text and "broken" in text)
    check("no warning of different payloads", "payloads differ" not in text)
    screenshot(browser, "report-two.png", 1280)
    text = text_of("machines")
    check("different machines are said to be", "These are different machines" in text)
    check("noise of the second one", "Noise in B: a quiet machine it was not" in text)
    check("that the second one ended early", "B ended early" in text)
    check("a runner that only one has", "not in this comparison" in text)
    check_readable(browser, "of two machines")
    screenshot(browser, "report-machines.png", 1280)
    text = text_of("unlike")
    check("different payloads are said to be", "The payloads differ" in text and "another payload" in text)
    check("and nothing is better or worse", not browser.execute_script("return document.querySelectorAll('.better, .worse').length"))
    text = text_of("payloads")
    check("no chart without a curve", not browser.execute_script("return document.querySelectorAll('#start-up').length"))
    text_of("baseline")
    tiles = browser.execute_script("return Array.from(document.querySelectorAll('.fact')).map(e => e.innerText)")
    figures = [tile.split("\n")[0] for tile in tiles if "×" in tile]
    check("no tile twice", len(figures) == len(set(figures)) and len(figures) > 0, str(tiles))


# The colours of all runners that there are, as they would be in one page: those that two of them share.
COLOURS = """
const names = ['fork-exec', 'kvm-floor', 'kvm-floor-irqfd', 'process', 'namespace', 'vm', 'vm-jailed', 'vm-ring0', 'bwrap', 'crun', 'runc', 'nspawn', 'containerd', 'docker',
  'podman', 'gvisor', 'gvisor-kvm', 'qemu', 'qemu-mapped', 'qemu-no-thp', 'linux-vm', 'linux-vm-tcg', 'wasm', 'bwrap-hardened', 'runc-hardened', 'podman-rootless', 'qemu-hardened'];
const before = husk.styles;
husk.styles = Object.create(null);
husk.chooseStyles([{ runners: names.map((name) => ({ name })) }]);
const colours = names.map((name) => husk.style(name).colour);
husk.styles = before;
return names.filter((name, index) => colours.indexOf(colours[index]) !== index).map((name) => name + ' ' + husk.style(name).colour);
"""

# Metrics that have a figure, but neither a title in the section of their group nor, with a parameter or as a part of a
# bar, a drawing there.
MISSING_METRICS = """
const data = husk.parse(document.getElementById('data').textContent.trim())[0];
const keys = data.runners.filter(husk.isSubject).flatMap((runner) => Object.keys(runner.summary));
return data.metrics.filter((metric) => keys.some((key) => key.split('@')[0] === metric.id)).filter((metric) => {
  const section = document.getElementById(metric.group.replace('_', '-'));
  const isDrawn = metric.group === 'phases' || keys.some((key) => key.startsWith(metric.id + '@'));
  return !section || !(isDrawn ? section.querySelector('svg') : section.textContent.includes(metric.title));
}).map((metric) => metric.id);
"""


def check_page(browser, data):
    log = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    check("no error on the console", not log, str(log)[:300])
    check("no request", browser.execute_script("return performance.getEntriesByType('resource').length") == 0)
    check("no script of the data has run", browser.title == "husk: what isolation costs", browser.title)
    text = browser.execute_script("return document.body.innerText")
    check("the hostile note is shown as text", "</script><script>" in text)
    check("the meaning of the figures is said", data["host"]["meaning"] in text)
    wrong = browser.execute_script(
        "return Array.from(document.querySelectorAll('svg *')).filter(e => Array.from(e.attributes)"
        ".some(a => /NaN|undefined|Infinity/.test(a.value))).length")
    check("every mark has a place", wrong == 0, f"{wrong} have none")
    measured = [r for r in data["runners"] if r["samples"].get("start_ns", {}).get("value")]
    curves = browser.execute_script("return document.querySelectorAll('#start-up path.ecdf').length")
    check("one curve for each runner", curves == len(measured), f"{curves} of {len(measured)}")
    colourless = browser.execute_script("return document.querySelectorAll('path.ecdf:not([stroke])').length")
    check("every curve has a colour", colourless == 0, f"{colourless} have none")
    alike = browser.execute_script(COLOURS)
    check("no two of all runners have one colour", not alike, str(alike))
    missing = browser.execute_script(MISSING_METRICS)
    check("every metric that was measured is on the page", not missing, str(missing))
    for section in ("start-up", "phases", "memory", "density", "speed", "isolation", "method"):
        check(f"section {section}", browser.execute_script(
            "const s = document.getElementById(arguments[0]); return s && s.querySelectorAll('.ecdf, .bar, .line, td').length > 0", section))
    rows = browser.execute_script("return Array.from(document.querySelector('#start-up table').querySelectorAll('tbody tr th')).map(e => e.innerText)")
    check("a row for each runner", rows == [r["name"] for r in data["runners"]], str(rows))
    bars = browser.execute_script("return document.querySelectorAll('#memory rect.bar').length")
    check("bars of memory", bars >= 4, str(bars))
    check_drawings(browser, data)


def check_drawings(browser, data):
    """What a reader sees of drift, of ratios, of workloads; and that nothing is without its interval and number of samples."""
    def count(selector):
        return browser.execute_script("return document.querySelectorAll(arguments[0]).length", selector)

    series = [r for r in data["runners"] if len(r["samples"].get("start_ns", {}).get("value", [])) > 1]
    check("a panel of runs for each runner", count("#sequence path.runs") == len(series), str(count("#sequence path.runs")))
    check("medians of four quarters in each", count("#sequence line.quarter") == 4 * len(series), str(count("#sequence line.quarter")))
    points = browser.execute_script("return document.querySelector('#sequence path.runs').getAttribute('d').split('M').length - 1")
    check("a point for each run", points == len(series[0]["samples"]["start_ns"]["value"]), str(points))
    check("ratios of vm to namespace", count("#cost circle.ratio") > 10, str(count("#cost circle.ratio")))
    check("with their intervals", count("#cost path.whisker") > 3, str(count("#cost path.whisker")))
    check("ratios of start-up", count("#start-up circle.ratio") >= 4, str(count("#start-up circle.ratio")))
    check("intervals on bars", count("#memory path.whisker") > 0 and count("#phases path.whisker") > 0)
    check("intervals on curves", count("#start-up line.whisker") > 0)
    check("a line for each runner and form of the image", count("#image-size path.line") == 4, str(count("#image-size path.line")))
    check("and their intervals", count("#image-size path.whisker") == 12, str(count("#image-size path.whisker")))
    heat = browser.execute_script("return Array.from(document.querySelectorAll('table.heat-map tbody tr')).map(r => Array.from(r.children).map(c => c.innerText))")
    check("the start and each workload have a row", [row[0] for row in heat] == ["start to exit", "touch 16 MiB", "write a file of 4 MiB"], str(heat))
    check("with ratio, interval and number", "×" in heat[1][2] and "–" in heat[1][2] and "n 6" in heat[1][2], heat[1][2])
    columns = browser.execute_script("return Array.from(document.querySelectorAll('table.heat-map thead th')).map(e => e.innerText)")
    check("an empty cell has a number", "[" in heat[2][columns.index("vm")], heat[2][columns.index("vm")])
    notes = browser.execute_script("return Array.from(document.querySelectorAll('#workloads ol.notes li')).map(e => e.innerText)")
    check("whose reason is below", any("socket" in note for note in notes), str(notes))
    few = browser.execute_script("return Array.from(document.querySelectorAll('.few')).map(e => e.innerText)")
    check("what has too few samples says so", "n 1: few" in few, str(few[:3]))


def main():
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        os.environ.setdefault("HUSK_CACHE_DIR", str(directory / "cache"))
        os.environ["TMPDIR"] = name  # Chromium leaves directories behind
        data = make_pages(directory)
        browser = start_browser()
        try:
            browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": KEEP_BLOBS})
            browser.set_window_size(1280, 1000)
            browser.get((directory / "one.html").as_uri())
            check_page(browser, data)
            check_medians(browser, data)
            check_downloads(browser, data)
            check_isolation(browser, data)
            check_readable(browser, "on a wide screen")
            screenshot(browser, "report.png", 1280)
            screenshot(browser, "report-narrow.png", 500)
            overflow = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
            check("nothing sticks out of a narrow window", overflow <= 0, f"{overflow} px")
            check_readable(browser, "on a narrow screen")
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
            screenshot(browser, "report-print.png", 1000)
            check_readable(browser, "on paper")
            pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
            (OUTPUT / "report.pdf").write_bytes(pdf)
            check("it prints", pdf.startswith(b"%PDF"))
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [{"name": "prefers-color-scheme", "value": "dark"}]})
            screenshot(browser, "report-dark.png", 1280)
            browser.get((directory / "two.html").as_uri())
            curves = browser.execute_script("return document.querySelectorAll('path.ecdf').length")
            measured = sum(1 for r in data["runners"] if r["samples"].get("start_ns", {}).get("value"))
            check("curves of both comparisons", curves == 2 * measured, str(curves))
            check_side_by_side(browser, directory)
        finally:
            browser.quit()
    print("all passed" if not failures else f"{len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
