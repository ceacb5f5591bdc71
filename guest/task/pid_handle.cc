#include "task/pid_handle.h"

#include "task/ids.h"

namespace kernel::task {
namespace {

constinit std::uint64_t g_next_serial = 1;

// POLLIN and POLLRDNORM (fs/abi.h): what poll(2) says of an ended process.
constexpr WaitEvents kEnded = 0x041;

}  // namespace

Result<Ref<PidHandle>> PidHandle::of(int id) {
  IdTable::Entry* entry = ids().find(id);
  if (!entry || !(entry->process || entry->task)) return Errno::kSrch;
  if (entry->handle) return Ref<PidHandle>(entry->handle);
  return of_new(id);
}

Result<Ref<PidHandle>> PidHandle::of_new(int id) {
  auto handle = TRY(make_ref<PidHandle>(id, g_next_serial++));
  ids().at(id).handle = handle.get();
  return handle;
}

PidHandle::~PidHandle() {
  if (holds_number_) ids().at(id_).handle = nullptr;
}

Process* PidHandle::process() const {
  return holds_number_ ? ids().at(id_).process : nullptr;
}

Task* PidHandle::thread() const {
  return holds_number_ ? ids().at(id_).task : nullptr;
}

int PidHandle::group() const {
  return holds_number_ && ids().at(id_).groups > 0 ? id_ : 0;
}

void note_end(int id) {
  if (PidHandle* handle = ids().at(id).handle) handle->changed.wake(kEnded);
}

void note_number_left(int id) {
  const IdTable::Entry& entry = ids().at(id);
  if (entry.handle && !entry.process && !entry.task) entry.handle->changed.wake_all();
}

}  // namespace kernel::task
