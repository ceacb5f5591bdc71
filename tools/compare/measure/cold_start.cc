// Start-up when nothing of the runner and of the image is in the page cache: posix_fadvise(2) with POSIX_FADV_DONTNEED
// asks the kernel to forget every file that a run under strace(1) was seen to open. Pages that another process maps
// stay (libc), as they would after any real pause; and what lies below (a disk's or a hypervisor's cache) is not
// emptied.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "common/unique_fd.h"
#include "tools/compare/measure/stages.h"
#include "vmm/error.h"
#include "vmm/runner/open_in_root.h"

namespace husk::compare {

const Stage kColdStage = {.title = "cold start",
                          .share = 8,
                          .least_rounds = 3,
                          .most_rounds = 60,
                          .metrics = {"cold_start_ns"},
                          .with_references = true};

namespace {

// The file in the tree below `root`. One that may not be opened, or that has no page cache, stays as it is.
void forget(int root, const std::string& path) {
  // O_PATH first: opening a device or a FIFO can do something to it.
  const UniqueFd found = runner::open_in_root(root, path, O_PATH);
  struct stat status {};
  if (!found || fstat(found.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const UniqueFd file = runner::open_in_root(root, path, O_RDONLY | O_NONBLOCK);
  if (!file) return;
  fdatasync(file.get());  // what is not written back yet would stay (posix_fadvise(2), NOTES)
  posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
}

UniqueFd open_directory(const std::filesystem::path& path) {
  UniqueFd directory(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) throw Error::from_errno("open", path.string());
  return directory;
}

// What the runner opens, and what the payload opens, where strace sees it. strace prints the paths as whoever opens
// them sees them: before pivot_root(2) or chroot(2) the host's, then the image's.
void find_files(Session& session, const Subject& subject, Entry& entry) {
  if (entry.files.empty()) observe_start(session, subject, entry);
  entry.files.insert(subject.workload->start.argv[0]);
}

}  // namespace

void measure_cold_start(Session& session, const Subject& subject) {
  const UniqueFd host = open_directory("/");
  const UniqueFd image = open_directory(subject.roots->files());
  session.run(kColdStage, [&](Entry& entry, unsigned round) {
    if (round == 0) find_files(session, subject, entry);
    Instance instance = session.prepare(entry, subject.start());
    if (!instance.root().erofs.empty()) entry.files.insert(instance.root().erofs);
    for (const std::string& file : entry.files) {
      forget(host.get(), file);
      forget(image.get(), file);
    }
    instance.start(Process::Streams::kNone);
    session.finish(instance, entry);
    entry.add("cold_start_ns", round, static_cast<double>(instance.duration_ns()));
  });
}

}  // namespace husk::compare
