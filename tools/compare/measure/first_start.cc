// The first start of a VM on a host: husk measures the host then (vmm/machine/host_profile.h), which no later start
// pays for until the host is booted again, and no other figure contains.
#include <sys/mount.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "tools/compare/measure/stages.h"
#include "vmm/error.h"
#include "vmm/image/cache_dir.h"
#include "vmm/runner/mounts.h"

namespace husk::compare {

const Stage kFirstStage = {
    .title = "first start", .share = 3, .least_rounds = 6, .most_rounds = 30, .metrics = {"first_start_ns"}};

namespace {

namespace fs = std::filesystem;

constexpr char kVariable[] = "HUSK_CACHE_DIR";

// A cache that has the images of the user's and nothing else.
class EmptyCache {
 public:
  explicit EmptyCache(const fs::path& scratch) : path_(scratch / "empty-cache") {
    const image::CacheDir used = image::CacheDir::from_environment();
    for (const fs::path& part : {fs::path(used.images()), fs::path(used.directories())}) {
      if (!fs::exists(part)) continue;
      const fs::path target = path_ / part.filename();
      fs::create_directories(target);
      runner::mount_at(part, target, {}, MS_BIND);
      mounts_.push_back(target);
    }
    fs::permissions(path_, fs::perms(0700));
    if (const char* value = std::getenv(kVariable)) before_ = value;
    setenv(kVariable, path_.c_str(), 1);
  }
  ~EmptyCache() {
    if (before_) {
      setenv(kVariable, before_->c_str(), 1);
    } else {
      unsetenv(kVariable);
    }
    for (const fs::path& mount : mounts_) umount2(mount.c_str(), MNT_DETACH);
  }
  EmptyCache(const EmptyCache&) = delete;
  EmptyCache& operator=(const EmptyCache&) = delete;

  void forget_the_host() const {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(path_)) {
      if (!entry.is_directory(none)) fs::remove(entry.path());
    }
  }

 private:
  fs::path path_;
  std::vector<fs::path> mounts_;
  std::optional<std::string> before_;
};

}  // namespace

void measure_first_start(Session& session, const Subject& subject) {
  if (!session.context().may_mount) {
    for (Entry& entry : session.entries()) {
      if (entry.runner->measures_host())
        entry.result.notes["first_start_ns"] = "needs root, to start with an empty cache";
    }
    return;
  }
  const EmptyCache cache(session.context().scratch);
  session.run(kFirstStage, [&](Entry& entry, unsigned round) {
    if (!entry.runner->measures_host()) throw NotPossible("it keeps nothing about the host");
    cache.forget_the_host();
    entry.add("first_start_ns", round, time_run(session, entry, subject.start()));
  });
}

}  // namespace husk::compare
