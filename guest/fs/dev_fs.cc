#include "fs/dev_fs.h"

#include "fs/memory_devices.h"
#include "fs/ram/ram_directory.h"
#include "tty/dev_pts.h"
#include "tty/terminal_nodes.h"

namespace kernel::fs {

namespace {

struct Node {
  std::string_view name;
  std::uint32_t major;
  std::uint32_t minor;
};
constexpr std::string_view kPtsName = "pts";
constexpr Node kNodes[] = {
    {"null", kMemoryMajor, kNullMinor},
    {"zero", kMemoryMajor, kZeroMinor},
    {"full", kMemoryMajor, kFullMinor},
    {"random", kMemoryMajor, kRandomMinor},
    {"urandom", kMemoryMajor, kUrandomMinor},
    {"tty", tty::kTerminalMajor, tty::kTtyMinor},
    {"console", tty::kTerminalMajor, tty::kConsoleNodeMinor},
};

struct Link {
  std::string_view name;
  std::string_view target;
};
constexpr Link kLinks[] = {
    {"ptmx", "pts/ptmx"},  // as container runtimes have it
    {"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
};

// The mount of /dev; holds a reference for as long as the VM runs.
constinit Mount* g_dev_mount = nullptr;

Result<void> populate(RamDirectory& root) {
  for (const Node& node : kNodes) {
    NewInode attributes;
    attributes.mode = mode_of(FileType::kCharDevice, node.name == "console" ? 0600 : 0666);
    attributes.special_device = make_device(node.major, node.minor);
    TRY(root.create(node.name, attributes));
  }
  for (const Link& link : kLinks) {
    NewInode attributes;
    attributes.mode = mode_of(FileType::kSymlink, 0777);
    attributes.target = link.target;
    TRY(root.create(link.name, attributes));
  }
  NewInode shared_memory;
  shared_memory.mode = mode_of(FileType::kDirectory, 0777 | kModeSticky);
  TRY(root.create("shm", shared_memory));
  NewInode queues;  // ipc/queue_fs.h is mounted on it
  queues.mode = mode_of(FileType::kDirectory, 0755);
  TRY(root.create("mqueue", queues));
  return {};
}

}  // namespace

Result<Ref<RamFs>> make_dev_fs() {
  const Ref<RamFs> made = TRY(RamFs::create("tmpfs", 0755));
  const Ref<Inode> root = TRY(made->root());
  // The mount point is there from the beginning, and everything else when somebody looks.
  NewInode attributes;
  attributes.mode = mode_of(FileType::kDirectory, 0755);
  TRY(root->create(kPtsName, attributes));
  static_cast<RamDirectory&>(*root).populate_later(populate);
  return made;
}

Result<void> mount_dev_pts() {
  // runc's default (opencontainers/runtime-spec, config-linux.md, "Default Filesystems").
  constexpr tty::DevPtsOptions kOptions{.mode = 0620, .ptmx_mode = 0666, .uid = {}, .gid = 5};
  const Path point = TRY(device_path(kPtsName));
  TRY(add_mount(TRY(tty::DevPts::create(kOptions)), point, "devpts", kMountNoSuid | kMountNoExec));
  return {};
}

void set_dev_mount(const Ref<Mount>& mount) {
  g_dev_mount = Ref<Mount>(mount).leak();
}

Result<Path> device_path(std::string_view name) {
  if (!g_dev_mount) return Errno::kNoDev;
  Path path{Ref<Mount>(g_dev_mount), TRY(Dentry::look_up(g_dev_mount->root, name))};
  if (path.dentry->negative()) return Errno::kNoDev;
  return path;
}

}  // namespace kernel::fs
