// /proc/PID/cmdline, environ and maps: what a process has in its memory, and where.
#include <algorithm>

#include "fs/file.h"
#include "fs/fs_context.h"
#include "fs/mapped_file.h"
#include "fs/path.h"
#include "fs/proc/process_files.h"
#include "mm/address_space.h"
#include "mm/frame.h"
#include "mm/user_ptr.h"

namespace kernel::fs {

namespace {

// Arguments and environment of one process are at most this long here; execve(2) bounds them, too.
constexpr std::uint64_t kLongestRange = 2 << 20;

Result<void> put_user_range(const ProcSubject& subject, std::uint64_t start, std::uint64_t end, ProcText& text) {
  const Ref<mm::AddressSpace> space = subject.task ? subject.task->space : nullptr;
  if (!space || end <= start) return {};
  const auto page = mm::FrameRef::adopt(TRY(mm::allocate_frame(mm::Fill::kNone)));
  end = std::min(end, start + kLongestRange);
  while (start < end) {
    const std::size_t wanted = std::min(end - start, mm::kPageSize);
    const std::size_t count = mm::copy_from_space_partial(*space, page.data(), start, wanted);
    text.put({reinterpret_cast<const char*>(page.data()), count});
    if (count < wanted) break;
    start += count;
  }
  return {};
}

// One line; columns as show_map_vma() of Linux writes them.
void put_mapping(const mm::Mapping& mapping, ProcText& text) {
  constexpr std::size_t kNameColumn = 73;
  text.put_number(mapping.start(), 16, 8, '0');
  text.put("-");
  text.put_number(mapping.end(), 16, 8, '0');
  text.print(" {}{}{}{} ", mapping.protection.read ? 'r' : '-', mapping.protection.write ? 'w' : '-',
             mapping.protection.execute ? 'x' : '-', mapping.shared ? 's' : 'p');
  std::uint64_t device = 0, inode = 0, offset = 0;
  const Ref<File> file = file_of(mapping.file);
  if (file) {
    auto metadata = file->inode().metadata();
    if (metadata) device = metadata.value().device, inode = metadata.value().inode;
    offset = mapping.object_page << mm::kPageShift;
  }
  text.put_number(offset, 16, 8, '0');
  text.put(" ");
  text.put_number(device_major(device), 16, 2, '0');
  text.put(":");
  text.put_number(device_minor(device), 16, 2, '0');
  text.print(" {} ", inode);
  if (file) {
    text.pad_to(kNameColumn);
    auto name = path_text(file->path(), task::current().fs->root);
    if (name) text.put(name.value());
  } else if (mapping.label) {
    text.pad_to(kNameColumn);
    text.put(mapping.label);
  }
  text.put("\n");
}

}  // namespace

Result<void> write_process_cmdline(const ProcSubject& subject, ProcText& text) {
  return put_user_range(subject, subject.process.program.arguments.start, subject.process.program.arguments.end, text);
}

Result<void> write_process_environ(const ProcSubject& subject, ProcText& text) {
  return put_user_range(subject, subject.process.program.environment.start, subject.process.program.environment.end,
                        text);
}

Result<void> write_process_maps(const ProcSubject& subject, ProcText& text) {
  if (!subject.task || !subject.task->space) return {};
  subject.task->space->for_each_mapping([&](const mm::Mapping& mapping) { put_mapping(mapping, text); });
  return {};
}

}  // namespace kernel::fs
