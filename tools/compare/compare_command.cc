#include "tools/compare/compare_command.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>
#include <random>
#include <sstream>

#include "tools/compare/comparison.h"
#include "tools/compare/debian_root.h"
#include "tools/compare/guard.h"
#include "tools/compare/isolation/kernel_functions.h"
#include "tools/compare/progress.h"
#include "tools/compare/runners/references.h"
#include "vmm/error.h"
#include "vmm/size.h"

namespace husk::compare {
namespace {

constexpr double kLongestSeconds = 24 * 3600;

std::vector<std::string> split(const std::string& list) {
  constexpr const char* kBlank = " \t";
  std::vector<std::string> words;
  std::istringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) {
    const std::size_t begin = word.find_first_not_of(kBlank);
    if (begin == std::string::npos) throw Error("use", "'" + list + "' as a list", "a name in it is empty");
    words.push_back(word.substr(begin, word.find_last_not_of(kBlank) - begin + 1));
  }
  return words;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::vector<std::string> names_of(const std::vector<std::unique_ptr<Runner>>& runners) {
  std::vector<std::string> names;
  for (const auto& runner : runners) names.push_back(runner->name());
  return names;
}

void check_known(const std::string& what, const std::vector<std::string>& names,
                 const std::vector<std::string>& known) {
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) == known.end()) {
      throw Error("compare " + what, "'" + name + "'", "there is no such " + what, "known are " + join(known));
    }
  }
}

// Keeps the runners that were asked for, in the order of the table.
void select(std::vector<std::unique_ptr<Runner>>& runners, const std::vector<std::string>& names) {
  check_known("runner", names, names_of(runners));
  if (names.empty()) return;
  std::erase_if(runners, [&](const auto& runner) {
    // The limits stay: ratios are taken to them.
    return !runner->is_reference() && std::ranges::find(names, runner->name()) == names.end();
  });
}

std::set<Measurement> select_measurements(const std::vector<std::string>& names) {
  const std::vector<std::string> known(std::begin(kMeasurementNames), std::end(kMeasurementNames));
  check_known("measurement", names, known);
  std::set<Measurement> wanted;
  for (std::size_t i = 0; i < known.size(); ++i) {
    // A tree of ten thousand files is made only for who asks for it.
    const bool is_default = known[i] != kMeasurementNames[static_cast<std::size_t>(Measurement::kImageSize)];
    if (names.empty() ? is_default : std::ranges::find(names, known[i]) != names.end())
      wanted.insert(static_cast<Measurement>(i));
  }
  return wanted;
}

// What ratios are taken to when nobody says: the least that a VM can cost, where there can be one.
std::string choose_baseline(const std::string& asked, const std::vector<std::unique_ptr<Runner>>& runners) {
  const std::vector<std::string> names = names_of(runners);
  if (!asked.empty()) {
    check_known("baseline", {asked}, names);
    return asked;
  }
  const auto is_there = [&](const std::string& name) { return std::ranges::find(names, name) != names.end(); };
  const bool has_kvm =
      KvmFloor().detect({.scratch = {}, .husk = std::filesystem::read_symlink("/proc/self/exe")}).available;
  if (has_kvm && is_there(KvmFloor::kName)) return KvmFloor::kName;
  return is_there("process") ? "process" : names.front();
}

// The root of `--payload debian`. The first time takes minutes, which somebody who waits is told on standard error.
std::string made_root(const image::CacheDir& cache) {
  ProgressBar bar;
  bool is_told = false;
  // Ctrl-C while it is made takes away what is half made. The guardian, which is started later, is to have the mask of
  // before.
  sigset_t before;
  sigprocmask(SIG_SETMASK, nullptr, &before);
  catch_interrupts();
  const std::filesystem::path root = debian_root(cache, [&](const std::string& what, double seconds) {
    if (!is_told)
      std::fprintf(stderr, "husk: making a Debian root in %s, which takes minutes once\n", cache.path().c_str());
    is_told = true;
    bar.show_elapsed(what, seconds);
  });
  sigprocmask(SIG_SETMASK, &before, nullptr);
  return root;
}

Workload choose_workload(const CompareOptions& options, const std::vector<std::string>& rest,
                         const image::CacheDir& cache) {
  // What CLI11 does not know ends up here too, since IMAGE ends the options.
  if (!rest.empty() && rest[0].starts_with('-')) {
    throw Error("understand", "option '" + rest[0] + "'", "there is none of this name", "see husk compare --help");
  }
  if (rest.size() > 1) {
    if (rest[1].starts_with('-')) {
      throw Error("run command", "'" + rest[1] + "'", "an option of husk compare stands before IMAGE",
                  "write it before '" + rest[0] + "'; a program of this name is ./" + rest[1]);
    }
    if (!options.workloads.empty()) {
      throw Error("compare workload", "'" + options.workloads + "'", "there is a command", "give one or the other");
    }
    return command_workload(rest[0], {rest.begin() + 1, rest.end()}, options.ready);
  }
  if (!options.ready.empty()) throw Error("use", "--ready", "there is no command", "give one after IMAGE");
  if (options.payload.empty()) return embedded_workload(cache, split(options.workloads), rest.empty() ? "" : rest[0]);
  if (options.payload != "debian") {
    throw Error("compare payload", "'" + options.payload + "'", "there is no such payload", "known is debian");
  }
  if (!rest.empty()) throw Error("compare", "'" + rest[0] + "'", "there is --payload debian", "give one or the other");
  return embedded_workload(cache, split(options.workloads), made_root(cache));
}

// Below what a VM needs for its kernel every runner would fail, each in words of its own and after a minute. "256" are
// bytes, and hardly meant.
std::uint64_t parse_limit(const std::string& text) {
  constexpr std::uint64_t kLeast = 4ULL << 20;
  const std::uint64_t bytes = parse_size(text);
  if (bytes < kLeast) throw Error("limit every run to", "-m " + text, "it is less than 4 MiB", "for example 256M");
  return bytes;
}

// What there is nothing of with a command is said before its image is imported and looked at, which takes seconds.
void require_of_command(const std::vector<std::string>& measurements, const Workload& workload) {
  if (workload.is_embedded()) return;
  for (const Measurement measurement : {Measurement::kWorkloads, Measurement::kSpeed, Measurement::kImageSize}) {
    const std::string name = kMeasurementNames[static_cast<std::size_t>(measurement)];
    if (std::ranges::find(measurements, name) == measurements.end()) continue;
    throw Error("measure", "'" + name + "'", "there is nothing of it in a command",
                "leave out IMAGE and the command, or see --workload");
  }
}

// Whether there is any figure of a runner that is not only a limit.
bool has_measured(const ComparisonResult& result) {
  return std::ranges::any_of(result.runners, [](const RunnerResult& runner) {
    return !runner.is_reference && (!runner.series.empty() || !runner.isolation_facts.is_null());
  });
}

}  // namespace

double parse_duration(const std::string& text, const char* option) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = std::string::npos;
  }
  const std::string unit = used <= text.size() ? text.substr(used) : "?";
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "ms" ? 1e-3 : unit == "m" || unit == "min" ? 60 : 0;
  if (!(value > 0) || factor == 0 || value * factor > kLongestSeconds) {
    throw Error("use", std::string(option) + " " + text, "it is not a duration of at most a day",
                "for example 90s or 2m");
  }
  return value * factor;
}

void declare(CLI::App& app, CompareOptions& options) {
  app.name("husk compare");
  app.description("Run one payload in several kinds of isolation and measure what each costs");
  app.prefix_command();  // what follows IMAGE belongs to the payload
  app.add_option("--budget", options.budget,
                 "how long to measure in all (90s, 2m; without a unit seconds): the number of runs grows until the "
                 "intervals are narrow or this has passed; a few runs of each are made in any case (default: " +
                     std::string(kUsualBudget) + ", with the workloads of an IMAGE " + kLongBudget + ")");
  app.add_option("--runs", options.runs, "make exactly so many rounds of start-up runs instead, however long they take")
      ->check(CLI::Range(1U, 1'000'000U));
  // Words that are split here: CLI11 would take IMAGE for one more element of a list.
  app.add_option("--with", options.with,
                 "runners to compare, separated by commas (default: all): " + join(names_of(all_runners())));
  app.add_option(
      "--workload", options.workloads,
      "what is run besides the payload that exits at once, separated by commas (default: all that there are): " +
          join(workload_names()) + "; from python on they are programs of IMAGE");
  app.add_option(
      "--payload", options.payload,
      "debian: make a Debian 12 root that has the programs of all workloads (once, in the cache; needs root, "
      "mmdebstrap and the network) and use it as IMAGE");
  app.add_option(
      "--measure", options.measure,
      "what to measure, separated by commas (default: all but the last): start-up, workloads, memory, density, speed, "
      "isolation, image-size");
  app.add_option("--density", options.density,
                 "so many idle instances at a time, where the machine's memory allows it (default: 32, or fewer where "
                 "they take long to start); from 100 on MemAvailable is shown beside what is counted")
      ->check(CLI::Range(2U, 10'000U));
  app.add_option("--baseline", options.baseline,
                 "the runner that ratios are taken to (default: kvm-floor, or process without KVM)");
  app.add_option("--timeout", options.timeout, "the longest that one run may take (500ms, 30s, 1m)")
      ->capture_default_str();
  app.add_option("--seed", options.seed,
                 "of the random order and of the bootstrap, to repeat it (default, and 0: a new one)");
  app.add_option(
         "-m,--memory", options.memory,
         "the most memory that each run may use, under every runner (64M, 1G); none: no limit, and 64M for a VM")
      ->type_name("SIZE")
      ->capture_default_str();
  app.add_option("--ready", options.ready,
                 "of a command that waits once it has written a line with this text: its memory is looked at then")
      ->type_name("TEXT");
  declare(app, options.outputs);
  app.footer(
      "husk compare [OPTIONS] [IMAGE [COMMAND [ARGUMENT...]]]\n"
      "IMAGE CMD...: compare this command instead of the embedded payload. IMAGE alone: workloads of its programs "
      "too.\n"
      "docs/methodology.md defines every figure. Ctrl-C prints what is known so far.");
}

int compare(const CompareOptions& options, const std::vector<std::string>& rest) {
  const image::CacheDir cache = image::CacheDir::from_environment();
  Comparison comparison;
  comparison.workload = choose_workload(options, rest, cache);
  comparison.runners = all_runners();
  select(comparison.runners, split(options.with));
  comparison.measurements = select_measurements(split(options.measure));
  if (!comparison.measurements.contains(Measurement::kStartUp)) {
    std::erase_if(comparison.runners,
                  [&](const auto& runner) { return runner->is_reference() && runner->name() != options.baseline; });
  }
  require_of_command(split(options.measure), comparison.workload);
  const std::string usual = comparison.workload.task_image.empty() ? kUsualBudget : kLongBudget;
  comparison.options.budget_s = parse_duration(options.budget.empty() ? usual : options.budget, "--budget");
  comparison.options.timeout_ms = std::max(1, static_cast<int>(1000 * parse_duration(options.timeout, "--timeout")));
  comparison.options.runs = options.runs;
  comparison.options.density = options.density;
  if (options.memory != "none") comparison.options.memory_bytes = parse_limit(options.memory);
  comparison.settings = {.arguments = options.arguments,
                         .budget_s = comparison.options.budget_s,
                         .runs = options.runs,
                         .timeout_s = comparison.options.timeout_ms / 1e3,
                         .memory_bytes = comparison.options.memory_bytes,
                         .measurements = split(options.measure),
                         .ready = options.ready};
  comparison.options.seed = options.seed != 0 ? options.seed : std::random_device()();
  comparison.options.baseline = choose_baseline(options.baseline, comparison.runners);
  check_writable(options.outputs);

  std::vector<std::string> directories = FunctionTracer::directories();
  directories.insert(directories.end(), {std::filesystem::temp_directory_path(), cache.images()});
  fork_from_guardian(std::filesystem::read_symlink("/proc/self/exe").parent_path() / "compare-guardian", directories);
  catch_interrupts();
  std::optional<ProgressBar> bar(std::in_place);
  const ComparisonResult result =
      run(comparison, cache, [&](double done, const std::string& what, double left) { bar->show(done, what, left); });
  bar.reset();
  write_outputs(options.outputs, result, comparison.options.baseline);
  if (!result.complete) return kExitInterrupted;
  if (has_measured(result)) return 0;
  std::fprintf(stderr, "husk: no runner could be measured; the table says why\n");
  return kExitNothingMeasured;
}

}  // namespace husk::compare
