// Start-up when nothing of the runner and of the image is in the page cache: posix_fadvise(2) with POSIX_FADV_DONTNEED
// asks the kernel to forget every file that a run under strace(1) was seen to open. Pages that another process maps
// stay (libc), as they would after any real pause; and what lies below (a disk's or a hypervisor's cache) is not
// emptied.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "common/unique_fd.h"
#include "tools/compare/isolation/observe.h"
#include "tools/compare/measure/stages.h"
#include "vmm/error.h"

namespace husk::compare {

const Stage kColdStage = {.title = "cold start",
                          .share = 8,
                          .least_rounds = 3,
                          .most_rounds = 60,
                          .metrics = {"cold_start_ns"},
                          .with_references = true};

namespace {

void forget(const std::string& path) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) return;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  // A file that may not be opened, or that has no page cache, stays as it is.
  if (fd) posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);
}

// What the runner itself opens, and the payload, which lies elsewhere for whoever sees another root.
void find_files(Session& session, const Subject& subject, Entry& entry) {
  if (entry.files.empty()) {
    entry.files = observe(session.command(entry, subject.start()),
                          session.context().scratch / (entry.result.name + "-strace"), session.options().timeout_ms)
                      .files;
  }
  entry.files.insert(subject.root.directory.string() + subject.workload->start.argv[0]);
  entry.files.insert(subject.root.erofs);
  entry.files.insert(subject.root.image + subject.workload->start.argv[0]);
}

}  // namespace

void measure_cold_start(Session& session, const Subject& subject) {
  session.run(kColdStage, [&](Entry& entry, unsigned round) {
    if (round == 0) find_files(session, subject, entry);
    const std::vector<std::string> command = session.command(entry, subject.start());
    for (const std::string& file : entry.files) forget(file);
    Process process = Process::start(command, Process::Streams::kNone);
    session.finish(process, entry);
    entry.add("cold_start_ns", round, static_cast<double>(process.end_ns() - process.start_ns()));
  });
}

}  // namespace husk::compare
