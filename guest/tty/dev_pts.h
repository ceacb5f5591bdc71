// The devpts file system (Linux, Documentation/filesystems/devpts.rst): the slaves of pseudo-terminals by their numbers,
// and ptmx, which makes them. Each mount is one of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "fs/dentry.h"
#include "fs/file_system.h"
#include "fs/inode.h"
#include "lib/ref.h"
#include "lib/string.h"
#include "lib/vector.h"
#include "tty/pty.h"

namespace kernel::tty {

inline constexpr std::uint32_t kMostPtys = 4096;  // of one devpts; Linux's default of /proc/sys/kernel/pty/max

struct DevPtsOptions {
  std::uint32_t mode = 0600;  // of a slave
  std::uint32_t ptmx_mode = 0;
  std::optional<std::uint32_t> uid, gid;  // of a slave, instead of its maker's
  std::uint32_t most = kMostPtys;

  // mount(2)'s data: "mode=620,gid=5,ptmxmode=666". kInval.
  static Result<DevPtsOptions> parse(std::string_view text);
};

class DevPts final : public fs::FileSystem {
 public:
  static Result<Ref<DevPts>> create(const DevPtsOptions& options);
  explicit DevPts(const DevPtsOptions& options) : options_(options) {}
  ~DevPts() override;

  std::string_view type_name() const override { return "devpts"; }
  Result<Ref<fs::Inode>> root() override;
  fs::FileSystemStatistics statistics() override;
  void describe_options(fs::ProcText& text) const override;

  // A new one, with the lowest number that is free, whose slave belongs to the current task's user. kNoSpc.
  Result<Ref<Pty>> add(const Ref<fs::Dentry>& root);
  // Its name goes; `root` is where it is seen.
  void remove(const Pty& pty, const Ref<fs::Dentry>& root);
  static Result<String> name_of(std::uint32_t index);

 private:
  class Node;
  class Root;
  class Ptmx;
  class Slave;

  const DevPtsOptions options_;
  Ref<PtyNumbers> numbers_;
  Ref<fs::Inode> root_;
  Ref<fs::Inode> ptmx_;
  Vector<Ref<fs::Inode>> slaves_;  // by number; null where there is none
};

// On /dev/pts, as every container has it.
Result<void> mount_dev_pts();

// The root of the devpts that a device node for making pseudo-terminals is for: its own, or the one on "pts" beside it.
Result<fs::Path> dev_pts_beside(const fs::Path& node);

}  // namespace kernel::tty
