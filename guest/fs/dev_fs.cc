#include "fs/dev_fs.h"

#include "fs/memory_devices.h"
#include "fs/ram/ram_directory.h"

namespace kernel::fs {

namespace {

constexpr DeviceNode kMemoryNodes[] = {
    {"null", kNullMinor},     {"zero", kZeroMinor},       {"full", kFullMinor},
    {"random", kRandomMinor}, {"urandom", kUrandomMinor},
};

// On these others mount what is theirs, at the start: tty::mount_dev_pts(), ipc::mount_queues().
constexpr std::string_view kMountPoints[] = {"mqueue", "pts"};

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

Result<void> make_nodes(RamDirectory& root, std::uint32_t major, std::span<const DeviceNode> nodes) {
  for (const DeviceNode& node : nodes) {
    NewInode attributes;
    attributes.mode = mode_of(FileType::kCharDevice, node.permissions);
    attributes.special_device = make_device(major, node.minor);
    TRY(root.create(node.name, attributes));
  }
  return {};
}

Result<void> populate(RamDirectory& root) {
  TRY(make_nodes(root, kMemoryMajor, kMemoryNodes));
  for (const CharDeviceMajor& row : char_device_majors()) TRY(make_nodes(root, row.major, row.nodes));
  for (const Link& link : kLinks) {
    NewInode attributes;
    attributes.mode = mode_of(FileType::kSymlink, 0777);
    attributes.target = link.target;
    TRY(root.create(link.name, attributes));
  }
  NewInode shared_memory;
  shared_memory.mode = mode_of(FileType::kDirectory, 0777 | kModeSticky);
  TRY(root.create("shm", shared_memory));
  return {};
}

}  // namespace

Result<Ref<RamFs>> make_dev_fs() {
  const Ref<RamFs> made = TRY(RamFs::create("tmpfs", 0755));
  const Ref<Inode> root = TRY(made->root());
  // The mount points are there from the beginning, and everything else when somebody looks.
  NewInode attributes;
  attributes.mode = mode_of(FileType::kDirectory, 0755);
  for (const std::string_view name : kMountPoints) TRY(root->create(name, attributes));
  static_cast<RamDirectory&>(*root).populate_later(populate);
  return made;
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
