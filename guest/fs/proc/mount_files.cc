// /proc/PID/mounts and mountinfo: the mount table as proc(5) and fstab(5) write it.
#include "fs/abi.h"
#include "fs/fs_context.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/proc/process_files.h"

namespace kernel::fs {

namespace {

// Spaces, tabs, newlines and backslashes are written in octal (fstab(5)).
void put_escaped(ProcText& text, std::string_view value) {
  for (char c : value) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\') {
      text.put("\\");
      text.put_number(static_cast<unsigned char>(c), 8, 3, '0');
    } else {
      text.put({&c, 1});
    }
  }
}

void put_options(ProcText& text, std::uint32_t flags, bool read_only) {
  text.put(read_only ? "ro" : "rw");
  if (flags & kMountNoSuid) text.put(",nosuid");
  if (flags & kMountNoDev) text.put(",nodev");
  if (flags & kMountNoExec) text.put(",noexec");
  text.put(",relatime");
  if (flags & kMountNoSymlinks) text.put(",nosymfollow");
}

const Path& root_of(const ProcSubject& subject) {
  return subject.task && subject.task->fs ? subject.task->fs->root : task::current().fs->root;
}

// Those that the process can reach from its root directory: visit(mount, where it is).
template <typename Visit>
Result<void> for_each_visible_mount(const ProcSubject& subject, Visit visit) {
  const Path root = root_of(subject);
  return for_each_mount([&](Mount& mount) -> Result<void> {
    const Path top{Ref<Mount>(&mount), mount.root};
    if (!is_below(top, root)) return {};
    return visit(mount, TRY(path_text(top, root)));
  });
}

}  // namespace

Result<void> write_process_mounts(const ProcSubject& subject, ProcText& text) {
  return for_each_visible_mount(subject, [&](const Mount& mount, const String& place) -> Result<void> {
    put_escaped(text, mount.source);
    text.put(" ");
    put_escaped(text, place);
    text.put(" ");
    text.put(mount.file_system->type_name());
    text.put(" ");
    put_options(text, mount.flags, mount.read_only());
    mount.file_system->describe_options(text);
    text.put(" 0 0\n");
    return {};
  });
}

Result<void> write_process_mountinfo(const ProcSubject& subject, ProcText& text) {
  return for_each_visible_mount(subject, [&](const Mount& mount, const String& place) -> Result<void> {
    const std::uint64_t device = mount.file_system->device();
    text.print("{} {} {}:{} ", mount.id, mount.parent ? mount.parent->id : 0, device_major(device),
               device_minor(device));
    // What of its file system a bind mount shows.
    put_escaped(text, TRY(path_in_file_system(*mount.root)));
    text.put(" ");
    put_escaped(text, place);
    text.put(" ");
    put_options(text, mount.flags, mount.flags & kMountReadOnly);
    text.put(mount.unbindable ? " unbindable - " : " - ");
    text.put(mount.file_system->type_name());
    text.put(" ");
    put_escaped(text, mount.source);
    text.put(mount.file_system->read_only ? " ro" : " rw");
    mount.file_system->describe_options(text);
    text.put("\n");
    return {};
  });
}

}  // namespace kernel::fs
