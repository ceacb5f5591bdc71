#include "tty/dev_pts.h"

#include "fs/abi.h"
#include "fs/access.h"
#include "fs/dev_fs.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/proc/proc_text.h"
#include "lib/format.h"
#include "lib/time.h"
#include "task/task.h"
#include "tty/pty_master.h"
#include "tty/terminal_nodes.h"
#include "tty/tty_file.h"

namespace kernel::tty {
namespace {

constexpr std::uint64_t kRootInode = 1;
constexpr std::uint64_t kPtmxInode = 2;
constexpr std::uint64_t kFirstSlaveInode = 3;
constexpr std::string_view kPtmxName = "ptmx";

// Positions of the root's entries: after "." and "..".
constexpr std::uint64_t kPtmxPosition = 2;
constexpr std::uint64_t kFirstSlavePosition = 3;

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t base) {
  if (text.empty()) return {};
  std::uint32_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit >= static_cast<char>('0' + base)) return {};
    if (__builtin_mul_overflow(value, base, &value)) return {};
    if (__builtin_add_overflow(value, static_cast<std::uint32_t>(digit - '0'), &value)) return {};
  }
  return value;
}

}  // namespace

Result<DevPtsOptions> DevPtsOptions::parse(std::string_view text) {
  DevPtsOptions options;
  while (!text.empty()) {
    const std::string_view option = text.substr(0, text.find(','));
    text.remove_prefix(option.size() == text.size() ? text.size() : option.size() + 1);
    const std::string_view name = option.substr(0, option.find('='));
    if (option.empty() || name == "newinstance") continue;
    const bool octal = name == "mode" || name == "ptmxmode";
    const std::string_view digits = name.size() < option.size() ? option.substr(name.size() + 1) : std::string_view();
    const std::optional<std::uint32_t> value = parse_number(digits, octal ? 8 : 10);
    if (!value) return Errno::kInval;
    if (name == "mode") {
      options.mode = *value & 0777;
    } else if (name == "ptmxmode") {
      options.ptmx_mode = *value & 0777;
    } else if (name == "uid") {
      options.uid = *value;
    } else if (name == "gid") {
      options.gid = *value;
    } else if (name == "max" && *value <= kMostPtys) {
      options.most = *value;
    } else {
      return Errno::kInval;
    }
  }
  return options;
}

class DevPts::Node : public fs::Inode {
 public:
  Node(DevPts& file_system, std::uint32_t mode, std::uint64_t number)
      : Inode(&file_system, static_cast<fs::FileType>(mode >> 12)), file_system_(file_system) {
    metadata_.mode = mode;
    metadata_.inode = number;
    metadata_.device = file_system.device();
    metadata_.block_size = 1024;
    metadata_.accessed = metadata_.modified = metadata_.changed = to_timespec(realtime_ns());
  }
  Result<fs::Metadata> metadata() override { return metadata_; }
  Result<void> change_metadata(const fs::MetadataChange& change) override {
    if (change.set_permissions) metadata_.mode = fs::mode_of(type(), change.permissions);
    if (change.set_uid) metadata_.uid = change.uid;
    if (change.set_gid) metadata_.gid = change.gid;
    if (change.set_accessed) metadata_.accessed = change.accessed;
    if (change.set_modified) metadata_.modified = change.modified;
    metadata_.changed = to_timespec(realtime_ns());
    return {};
  }

 protected:
  DevPts& dev_pts() const { return file_system_; }
  fs::Metadata metadata_;

 private:
  DevPts& file_system_;
};

class DevPts::Ptmx final : public Node {
 public:
  Ptmx(DevPts& file_system, std::uint32_t permissions)
      : Node(file_system, fs::mode_of(fs::FileType::kCharDevice, permissions), kPtmxInode) {
    metadata_.special_device = fs::make_device(kTerminalMajor, kPtmxMinor);
  }
};

class DevPts::Slave final : public Node {
 public:
  Slave(DevPts& file_system, Ref<Pty> pty, const DevPtsOptions& options)
      : Node(file_system, fs::mode_of(fs::FileType::kCharDevice, options.mode), kFirstSlaveInode + pty->index()),
        pty_(std::move(pty)) {
    const task::Credentials& maker = task::current().credentials;
    metadata_.uid = options.uid.value_or(maker.fsuid);
    metadata_.gid = options.gid.value_or(maker.fsgid);
    metadata_.special_device = pty_->device_number();
  }
  Result<Ref<fs::File>> open(const fs::Path& path, std::uint32_t flags) override { return open_tty(pty_, path, flags); }

 private:
  const Ref<Pty> pty_;
};

class DevPts::Root final : public Node {
 public:
  explicit Root(DevPts& file_system) : Node(file_system, fs::mode_of(fs::FileType::kDirectory, 0755), kRootInode) {
    metadata_.links = 2;
  }

  Result<Ref<fs::Inode>> lookup(std::string_view name) override {
    if (name == kPtmxName) return Ref<fs::Inode>(dev_pts().ptmx_);
    const std::optional<std::uint32_t> index = parse_number(name, 10);
    const bool canonical = index && (name.size() == 1 || name.front() != '0');
    if (!canonical || *index >= dev_pts().slaves_.size() || !dev_pts().slaves_[*index]) return Errno::kNoEnt;
    return Ref<fs::Inode>(dev_pts().slaves_[*index]);
  }

  Result<void> iterate(std::uint64_t position, fs::DirectoryVisitor& visitor) override {
    if (position <= kPtmxPosition &&
        !visitor.entry(kPtmxName, kPtmxInode, fs::FileType::kCharDevice, kFirstSlavePosition)) {
      return {};
    }
    for (std::uint64_t i = fs::entries_before(position, kFirstSlavePosition); i < dev_pts().slaves_.size(); ++i) {
      if (!dev_pts().slaves_[i]) continue;
      const String name = TRY(name_of(static_cast<std::uint32_t>(i)));
      if (!visitor.entry(name, kFirstSlaveInode + i, fs::FileType::kCharDevice, kFirstSlavePosition + i + 1)) return {};
    }
    return {};
  }
};

Result<Ref<DevPts>> DevPts::create(const DevPtsOptions& options) {
  return make_ref<DevPts>(options);
}

DevPts::~DevPts() = default;

Result<Ref<fs::Inode>> DevPts::root() {
  if (!root_) {
    ptmx_ = Ref<fs::Inode>(TRY(make_ref<Ptmx>(*this, options_.ptmx_mode)));
    root_ = Ref<fs::Inode>(TRY(make_ref<Root>(*this)));
  }
  return Ref<fs::Inode>(root_);
}

fs::FileSystemStatistics DevPts::statistics() {
  constexpr std::int64_t kDevPtsMagic = 0x1cd1;
  fs::FileSystemStatistics result;
  result.type = kDevPtsMagic;
  return result;
}

// fs/devpts/inode.c, devpts_show_options().
void DevPts::describe_options(fs::ProcText& text) const {
  if (options_.uid) text.print(",uid={}", *options_.uid);
  if (options_.gid) text.print(",gid={}", *options_.gid);
  text.put(",mode=");
  text.put_number(options_.mode, 8, 3, '0');
  text.put(",ptmxmode=");
  text.put_number(options_.ptmx_mode, 8, 3, '0');
  if (options_.most < kMostPtys) text.print(",max={}", options_.most);
}

Result<Ref<Pty>> DevPts::add(const Ref<fs::Dentry>& root) {
  if (!numbers_) numbers_ = TRY(make_ref<PtyNumbers>());
  Ref<Pty> pty = TRY(Pty::create(numbers_, options_.most));
  Ref<fs::Inode> slave = Ref<fs::Inode>(TRY(make_ref<Slave>(*this, pty, options_)));
  while (slaves_.size() <= pty->index()) TRY(slaves_.push_back(nullptr));
  // Somebody may have looked for the name while it was not there, and that is remembered.
  const auto entry = TRY(fs::Dentry::look_up(root, TRY(name_of(pty->index()))));
  if (entry->negative()) entry->fill_in(slave);
  slaves_[pty->index()] = std::move(slave);
  return pty;
}

// Whoever has the entry in use has it in memory: finding it needs none, and what is not found nobody uses.
void DevPts::remove(const Pty& pty, const Ref<fs::Dentry>& root) {
  if (const auto name = name_of(pty.index())) {
    const auto entry = fs::Dentry::look_up(root, name.value());
    if (entry && !entry.value()->negative()) entry.value()->remove();
  }
  slaves_[pty.index()] = nullptr;
}

Result<String> DevPts::name_of(std::uint32_t index) {
  char text[10];
  std::size_t at = sizeof text;
  do {
    text[--at] = static_cast<char>('0' + index % 10);
    index /= 10;
  } while (index != 0);
  return String::from({text + at, sizeof text - at});
}

Result<void> mount_dev_pts() {
  // runc's default (opencontainers/runtime-spec, config-linux.md, "Default Filesystems").
  constexpr DevPtsOptions kOptions{.mode = 0620, .ptmx_mode = 0666, .uid = {}, .gid = 5};
  const fs::Path point = TRY(fs::device_path("pts"));
  TRY(fs::add_mount(TRY(DevPts::create(kOptions)), point, "devpts", fs::kMountNoSuid | fs::kMountNoExec));
  return {};
}

Result<fs::Path> dev_pts_beside(const fs::Path& node) {
  const auto is_dev_pts = [](const fs::Mount& mount) { return mount.file_system->type_name() == "devpts"; };
  if (node.mount && is_dev_pts(*node.mount)) return fs::Path{node.mount, node.mount->root};
  if (!node.mount || !node.dentry->parent()) return Errno::kNoDev;
  const fs::Path beside{node.mount, TRY(fs::Dentry::look_up(node.dentry->parent(), "pts"))};
  fs::Mount* mount = fs::mounted_at(beside);
  if (!mount || !is_dev_pts(*mount)) return Errno::kNoDev;
  return fs::Path{Ref<fs::Mount>(mount), mount->root};
}

}  // namespace kernel::tty
