#include "fs/file_owner.h"

#include "fs/file.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// Signals whose codes say something else: there SI_SIGIO stands for POLL_IN and the others.
constexpr task::SignalSet kHaveOwnCodes = task::signal_bit(task::kSigIll) | task::signal_bit(task::kSigFpe) |
                                          task::signal_bit(task::kSigSegv) | task::signal_bit(task::kSigBus) |
                                          task::signal_bit(task::kSigTrap) | task::signal_bit(task::kSigChld) |
                                          task::signal_bit(task::kSigSys);

enum PollCode : int { kInput = 1, kOutput = 2 };  // POLL_IN, POLL_OUT

task::SignalInfo info_of(int signal, int code, int fd) {
  if (signal == 0) return task::kernel_signal(task::kSigIo);
  task::SignalInfo info;
  info.signal = signal;
  info.code = kHaveOwnCodes & task::signal_bit(signal) ? task::kSiIo : code;
  const std::uint32_t band = code == kInput ? kPollReadable : kPollWritable | kPollWriteBand;
  info.poll = {.band = band, .fd = fd, .padding = 0};
  return info;
}

// A real-time signal that finds no place is replaced by SIGIO, which always does (fcntl(2), F_SETSIG).
template <typename Receiver>
void send(Receiver& receiver, const task::SignalInfo& info) {
  if (!task::queue_signal(receiver, info)) task::send_signal(receiver, task::kernel_signal(task::kSigIo));
}

}  // namespace

Result<void> FileOwner::set(const Name& owner) {
  task::IdStamp id;
  if (owner.id != 0) {
    const task::IdTable::Entry* entry = task::ids().find(owner.id);
    if (!entry || !entry->used()) return Errno::kSrch;
    id = task::IdStamp::of(owner.id);
    uid_ = task::current().credentials.uid;
    euid_ = task::current().credentials.euid;
  }
  kind_ = owner.kind;
  id_ = id;
  return {};
}

FileOwner::Name FileOwner::get() const {
  const int id = id_.id();
  const task::IdTable::Entry* entry = id != 0 ? task::ids().find(id) : nullptr;
  const bool there = entry && (kind_ == Kind::kThread    ? entry->task != nullptr
                               : kind_ == Kind::kProcess ? entry->process != nullptr
                                                         : entry->groups > 0);
  return {kind_, there ? id : 0};
}

void FileOwner::start(task::WaitQueue& changes, int fd) {
  fd_ = fd;
  entry_.attach(changes, *this, kPollIn | kPollOut);
}

bool FileOwner::wake(task::WaitEvents events) {
  if ((events & kPollIn) && file_.readable()) tell(kInput);
  if ((events & kPollOut) && file_.writable()) tell(kOutput);
  return true;
}

void FileOwner::tell(int code) {
  const Name owner = get();
  if (owner.id == 0) return;
  switch (owner.kind) {
    case Kind::kThread:
      if (task::Task* thread = task::find_task(owner.id)) tell(*thread, code);
      break;
    case Kind::kProcess:
      if (task::Process* process = task::find_process(owner.id)) tell(*process, code);
      break;
    case Kind::kGroup:
      task::for_each_process([&](task::Process& process) {
        if (process.ids.group == owner.id) tell(process, code);
        return true;
      });
      break;
  }
}

void FileOwner::tell(task::Task& thread, int code) const {
  if (may_signal(thread)) send(thread, info_of(signal_, code, fd_));
}

void FileOwner::tell(task::Process& process, int code) const {
  const task::Task* thread = process.threads.front();
  if (thread && may_signal(*thread)) send(process, info_of(signal_, code, fd_));
}

// As kill(2), by who named the owner: but root is who has its user id, whatever his capabilities.
bool FileOwner::may_signal(const task::Task& receiver) const {
  const task::Credentials& its = receiver.credentials;
  return euid_ == 0 || euid_ == its.suid || euid_ == its.uid || uid_ == its.suid || uid_ == its.uid;
}

}  // namespace kernel::fs
