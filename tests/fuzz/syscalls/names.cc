// All calls in one list, and their names.
#include <cstddef>

#include "tests/fuzz/syscalls/actions.h"
#include "tests/fuzz/syscalls/calls.h"
#include "tests/fuzz/syscalls/record.h"

namespace fuzz {
namespace {

constexpr std::size_t kMost = 400;
Description all[kMost];

std::size_t collect() {
  std::size_t count = 0;
  for (const Table* table :
       {&kFileTable, &kMemoryTable, &kTaskTable, &kEventTable, &kIpcTable, &kSocketTable, &kOtherTable}) {
    for (std::size_t index = 0; index < table->count && count < kMost; ++index) all[count++] = table->rows[index];
  }
  return count;
}

}  // namespace

const Description* const descriptions = all;
const std::size_t description_count = collect();

const char* call_name(std::uint64_t number) {
  if (number >= kActionBase) return action_name(number);
  for (std::size_t index = 0; index < description_count; ++index) {
    if (all[index].number == number) return all[index].name;
  }
  return number == 59 ? "execve" : number == 322 ? "execveat" : "?";
}

}  // namespace fuzz
