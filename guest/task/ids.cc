#include "task/ids.h"

#include <new>
#include <utility>

#include "task/pid_handle.h"

namespace kernel::task {
namespace {

constinit IdTable ids_;

}  // namespace

IdTable& ids() {
  return ids_;
}

Result<int> IdTable::allocate() {
  // After the last one 1 is not tried again: it is the first process's, whose end is the machine's.
  constexpr int kFirstAgain = 2;
  for (int attempts = 0; attempts < kMaxPid; ++attempts) {
    last_ = last_ >= kMaxPid - 1 ? kFirstAgain : last_ + 1;
    Chunk*& chunk = chunks_[last_ / kPerChunk];
    if (!chunk) chunk = new (std::nothrow) Chunk();
    if (!chunk) return Errno::kNoMem;
    Entry& entry = chunk->entries[last_ % kPerChunk];
    if (entry.used()) continue;
    if (entry.handle) std::exchange(entry.handle, nullptr)->release_number();  // of who had the number before
    ++entry.given_away;
    return last_;
  }
  return Errno::kAgain;
}

Process* IdTable::process_up_to(int id) {
  while (id >= 0) {
    Entry* entry = find(id);
    if (entry && entry->process) return entry->process;
    id = entry ? id - 1 : id / kPerChunk * kPerChunk - 1;
  }
  return nullptr;
}

Process* IdTable::process_from(int id) {
  if (id < 0) id = 0;
  while (id < kMaxPid) {
    Entry* entry = find(id);
    if (entry && entry->process) return entry->process;
    id = entry ? id + 1 : (id / kPerChunk + 1) * kPerChunk;
  }
  return nullptr;
}

}  // namespace kernel::task
