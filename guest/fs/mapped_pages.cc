#include "fs/mapped_pages.h"

#include <algorithm>

#include "mm/address_space.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::fs {

void drop_mapped_pages(const mm::MemoryObject& object, std::uint64_t first, std::uint64_t end) {
  // Files that are cut while mapped are rare, so there is no list of a file's mappings; all processes are searched.
  task::for_each_process([&](task::Process& process) {
    task::Task* task = process.threads.front();
    if (!task || !task->space) return true;
    mm::AddressSpace& space = *task->space;
    space.for_each_mapping([&](const mm::Mapping& mapping) {
      if (mapping.object.get() != &object) return;
      const std::uint64_t from = std::max(first, mapping.object_page);
      const std::uint64_t to = std::min(end, mapping.object_page + (mapping.size() >> mm::kPageShift));
      if (from >= to) return;
      // Cannot fail: the range is mapped.
      (void)space
          .discard(mapping.start + ((from - mapping.object_page) << mm::kPageShift), (to - from) << mm::kPageShift)
          .ok();
    });
    return true;
  });
}

}  // namespace kernel::fs
