// Starts against the number of files in the image: from the directory, which a VM walks for changes, and from the same
// files imported.
#include <filesystem>
#include <fstream>
#include <memory>

#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kSizes[] = {10, 100, 1000, 10'000};  // files; a Debian with Python has 9,000
constexpr unsigned kFilesInADirectory = 50;
constexpr std::size_t kFileBytes = 1000;

constexpr char kDirectoryMetric[] = "image_directory_ns";
constexpr char kNamedMetric[] = "image_named_ns";

// The embedded payload's root, and so many files beside it.
void make_tree(const fs::path& from, const fs::path& tree, unsigned files) {
  fs::copy(from, tree, fs::copy_options::recursive);
  const std::string contents(kFileBytes, 'x');
  fs::path directory;
  for (unsigned i = 0; i < files; ++i) {
    if (i % kFilesInADirectory == 0) {
      directory = tree / "files" / std::to_string(i / kFilesInADirectory);
      fs::create_directories(directory);
    }
    if (!(std::ofstream(directory / std::to_string(i)) << contents << std::flush)) {
      throw Error("write", (directory / std::to_string(i)).string(), "the scratch directory is full");
    }
  }
}

Stage stage_of(unsigned files) {
  return {.title = "start against image size",
          .share = 6,
          .least_rounds = 6,
          .most_rounds = 50,
          .warm_up = 1,
          .metrics = {with_parameter(kDirectoryMetric, files), with_parameter(kNamedMetric, files)}};
}

}  // namespace

double image_size_share() {
  double share = 0;
  for (const unsigned files : kSizes) share += stage_of(files).share;
  return share;
}

void measure_image_sizes(Session& session, const Subject& subject, Scratch& scratch, const image::CacheDir& cache) {
  for (const unsigned files : kSizes) {
    const std::string name = "files-" + std::to_string(files);
    const fs::path tree = scratch.path() / ("tree-" + std::to_string(files));
    make_tree(subject.roots->image_directory(), tree, files);
    const std::unique_ptr<RootMaker> roots = scratch.make_roots(name, tree.string(), cache);
    const Stage stage = stage_of(files);
    session.run(stage, [&](Entry& entry, unsigned round) {
      const std::pair<std::string, RootForm> forms[] = {{stage.metrics[0], RootForm::kDirectory},
                                                        {stage.metrics[1], RootForm::kMade}};
      for (const auto& [metric, form] : forms) {
        Invocation invocation = subject.start(form);
        invocation.roots = roots.get();
        try {
          entry.add(metric, round, time_run(session, entry, invocation));
          session.settle(entry);
        } catch (const NotPossible& objection) {
          entry.result.notes[metric] = std::string("not supported: ") + objection.what();
        }
      }
    });
    fs::remove_all(tree);  // the mount of it below the roots keeps nothing that is still needed
  }
}

}  // namespace husk::compare
