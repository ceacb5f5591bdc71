// husk-compare: what `husk compare` executes. A program of its own, so that `husk run` does not carry it.
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "tools/compare/host.h"
#include "tools/compare/json_report.h"
#include "tools/compare/measure.h"
#include "tools/compare/process.h"
#include "tools/compare/progress.h"
#include "tools/compare/scratch.h"
#include "tools/compare/table.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr int kExitInterrupted = 130;

struct Options {
  unsigned runs = 30;
  std::string with;  // separated by commas; empty: all
  std::string json;
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return words;
}

// Keeps the runners that were asked for, in the order of the table.
void select(std::vector<std::unique_ptr<Runner>>& runners, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::string known;
  for (const auto& runner : runners) known += (known.empty() ? "" : ", ") + runner->name();
  for (const std::string& name : names) {
    if (std::ranges::none_of(runners, [&](const auto& runner) { return runner->name() == name; })) {
      throw Error("compare with", "'" + name + "'", "there is no such runner", "known are " + known);
    }
  }
  std::erase_if(runners, [&](const auto& runner) {
    // The floor stays: every ratio is taken to it.
    return !runner->is_reference() && std::ranges::find(names, runner->name()) == names.end();
  });
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");  // no-color.org: any value but an empty one
  return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

int compare(const Options& options, const std::vector<std::string>& rest) {
  const image::CacheDir cache = image::CacheDir::from_environment();
  if (rest.size() == 1) throw Error("compare", rest[0], "there is no command", "give one after IMAGE");
  const Workload workload =
      rest.empty() ? default_workload(cache) : command_workload(rest[0], {rest.begin() + 1, rest.end()});
  std::vector<std::unique_ptr<Runner>> runners = all_runners();
  select(runners, split(options.with));

  // A file that cannot be written is better known now than after minutes of measuring.
  if (!options.json.empty() && !std::ofstream(options.json, std::ios::app)) {
    throw Error::from_errno("write", options.json);
  }

  catch_interrupts();
  const Host host = describe_host();
  Scratch scratch;
  Context context;
  context.scratch = scratch.path();
  context.root = scratch.mount_image(workload.image, cache);
  context.root_is_private = scratch.image_is_private();
  context.husk = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "husk";

  MeasureOptions measure_options;
  measure_options.runs = options.runs;
  std::optional<ProgressBar> bar(std::in_place);
  const ComparisonResult result =
      measure(runners, workload, context, measure_options,
              [&](unsigned done, unsigned total, const std::string& what) { bar->show(done, total, what); });
  bar.reset();
  std::fputs(format_table(result, host, {wants_colour()}).c_str(), stdout);
  if (!options.json.empty()) write_json(options.json, result, host);
  return result.complete ? 0 : kExitInterrupted;
}

int main_guarded(int count, char** arguments) {
  CLI::App app("Run one payload in several kinds of isolation and compare start-up time and memory", "husk compare");
  app.prefix_command();  // what follows IMAGE belongs to the payload
  Options options;
  app.add_option("--runs", options.runs, "timed runs of each kind for each runner")
      ->check(CLI::Range(1U, 1'000'000U))
      ->capture_default_str();
  // One word that is split here: CLI11 would take IMAGE for one more element of a list.
  app.add_option("--with", options.with, "runners to compare, of process,namespace,vm,bwrap,runc (default: all)");
  app.add_option("--json", options.json, "write every raw sample to this file");
  app.footer("IMAGE [CMD...]: compare this command instead of the embedded payload.");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "husk: %s; see husk compare --help\n", error.what());
    return kExitHuskError;
  }
  try {
    return compare(options, app.remaining());
  } catch (const Interrupted&) {
    return kExitInterrupted;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "husk: %s\n", error.what());
    return kExitHuskError;
  }
}

}  // namespace
}  // namespace husk::compare

int main(int argc, char** argv) {
  return husk::compare::main_guarded(argc, argv);
}
