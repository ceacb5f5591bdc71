// /proc/PID/cmdline, environ, auxv, maps and smaps: what a process has in its memory, and where.
#include <algorithm>

#include "arch/x86_64/vsyscall.h"
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

// The functions at fixed addresses are no mapping (arch/x86_64/vsyscall.h), but programs look here for whether they exist.
void put_vsyscall_page(ProcText& text) {
  constexpr std::size_t kNameColumn = 73;
  text.put_number(arch::kVsyscallPage, 16, 8, '0');
  text.put("-");
  text.put_number(arch::kVsyscallPage + mm::kPageSize, 16, 8, '0');
  text.put(" --xp 00000000 00:00 0 ");
  text.pad_to(kNameColumn);
  text.put("[vsyscall]\n");
}

// What smaps tells of one mapping or of all, in bytes. How many mappings show a page is not known: it counts as this one's
// alone, and its proportional share is the page.
struct Residence {
  std::uint64_t size = 0, resident = 0, anonymous = 0, of_objects = 0, locked = 0;
};

Residence residence_of(const mm::AddressSpace& space, const mm::Mapping& mapping) {
  Residence result;
  result.size = mapping.size();
  result.resident = space.resident_pages(mapping) * mm::kPageSize;
  if (!mapping.object) result.anonymous = result.resident;
  if (mapping.object) result.of_objects = result.resident;
  if (mapping.locked) result.locked = result.resident;
  return result;
}

void put_amount(ProcText& text, std::string_view name, std::uint64_t bytes) {
  constexpr std::size_t kNumberColumn = 16;
  text.put(name);
  text.put(":");
  text.pad_to(kNumberColumn);
  text.put_number(bytes / 1024, 10, 8, ' ');
  text.put(" kB\n");
}

void put_sizes(ProcText& text, std::uint64_t size) {
  put_amount(text, "Size", size);
  put_amount(text, "KernelPageSize", mm::kPageSize);
  put_amount(text, "MMUPageSize", mm::kPageSize);
}

void put_residence(ProcText& text, const Residence& of) {
  put_amount(text, "Rss", of.resident);
  put_amount(text, "Pss", of.resident);
  put_amount(text, "Pss_Dirty", of.anonymous);
  put_amount(text, "Shared_Clean", 0);
  put_amount(text, "Shared_Dirty", 0);
  put_amount(text, "Private_Clean", of.of_objects);
  put_amount(text, "Private_Dirty", of.anonymous);
  put_amount(text, "Referenced", of.resident);
  put_amount(text, "Anonymous", of.anonymous);
  for (std::string_view name : {"KSM", "LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
                                "Private_Hugetlb", "Swap", "SwapPss"})
    put_amount(text, name, 0);
  put_amount(text, "Locked", of.locked);
}

// show_smap_vma_flags() of Linux: two letters each (proc(5)).
void put_flags(ProcText& text, const mm::Mapping& mapping) {
  const struct {
    bool set;
    std::string_view letters;
  } flags[] = {{mapping.protection.read, "rd"},
               {mapping.protection.write, "wr"},
               {mapping.protection.execute, "ex"},
               {mapping.shared && mapping.may_write, "sh"},
               {true, "mr"},
               {mapping.may_write, "mw"},
               {true, "me"},
               {mapping.shared, "ms"},
               {mapping.grows_down, "gd"},
               {mapping.locked, "lo"},
               {mapping.not_in_child, "dc"},
               {mapping.never_reserve, "nr"},
               {mapping.empty_in_child, "wf"}};
  text.put("VmFlags:");
  for (const auto& flag : flags) {
    if (flag.set) text.print(" {}", flag.letters);
  }
  text.put(" \n");
}

}  // namespace

Result<void> write_process_smaps(const ProcSubject& subject, ProcText& text) {
  if (!subject.task || !subject.task->space) return {};
  const mm::AddressSpace& space = *subject.task->space;
  space.for_each_mapping([&](const mm::Mapping& mapping) {
    put_mapping(mapping, text);
    put_sizes(text, mapping.size());
    put_residence(text, residence_of(space, mapping));
    text.put("THPeligible:           0\n");
    put_flags(text, mapping);
  });
  put_vsyscall_page(text);
  put_sizes(text, mm::kPageSize);
  put_residence(text, {});
  text.put("THPeligible:           0\nVmFlags: ex \n");
  return {};
}

Result<void> write_process_smaps_rollup(const ProcSubject& subject, ProcText& text) {
  if (!subject.task || !subject.task->space) return Errno::kSrch;
  const mm::AddressSpace& space = *subject.task->space;
  Residence sum;
  std::uint64_t start = 0, end = 0;
  space.for_each_mapping([&](const mm::Mapping& mapping) {
    const Residence one = residence_of(space, mapping);
    sum.resident += one.resident, sum.anonymous += one.anonymous;
    sum.of_objects += one.of_objects, sum.locked += one.locked;
    if (end == 0) start = mapping.start();
    end = mapping.end();
  });
  text.put_number(start, 16, 8, '0');
  text.put("-");
  text.put_number(end, 16, 8, '0');
  text.put(" ---p 00000000 00:00 0 ");
  constexpr std::size_t kNameColumn = 73;
  text.pad_to(kNameColumn);
  text.put("[rollup]\n");
  put_residence(text, sum);
  return {};
}

Result<void> write_process_auxv(const ProcSubject& subject, ProcText& text) {
  return put_user_range(subject, subject.process.program.auxiliary.start, subject.process.program.auxiliary.end, text);
}

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
  put_vsyscall_page(text);
  return {};
}

}  // namespace kernel::fs
