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

enum PollCode : int { kInput = 1, kOutput = 2, kMessage = 3, kUrgent = 5 };  // POLL_IN and so on (sigaction(2))

task::SignalInfo info_of(int signal, int code, int fd) {
  if (signal == 0) return task::kernel_signal(task::kSigIo);
  task::SignalInfo info;
  info.signal = signal;
  info.code = kHaveOwnCodes & task::signal_bit(signal) ? task::kSiIo : code;
  const std::uint32_t band = code == kInput     ? kPollReadable
                             : code == kOutput  ? kPollWritable | kPollWriteBand
                             : code == kMessage ? kPollReadable | kPollMessage
                                                : kPollPri | kPollReadBand;
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
  watch();
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

void FileOwner::start(int fd) {
  fd_ = fd;
  async_ = true;
  watch();
}

void FileOwner::stop() {
  async_ = false;
  watch();
}

void FileOwner::tell_of_lease(int fd) {
  tell(info_of(signal_, kMessage, fd));
}

void FileOwner::forget() {
  id_ = {};
  signal_ = 0;
  watch();
}

void FileOwner::watch() {
  const bool is_socket = file_.kind() == FileKind::kSocket;
  const task::WaitEvents events = (async_ ? kPollIn | kPollOut : 0) | (is_socket && id_.id() != 0 ? kPollPri : 0);
  entry_.detach();
  task::WaitQueue* changes = events != 0 ? file_.owner_changes() : nullptr;
  if (changes) entry_.attach(*changes, *this, events);
}

bool FileOwner::wake(task::WaitEvents events) {
  // Not the end of things, which is an event of every kind.
  if ((events & kPollPri) && events != task::kAnyEvent && file_.kind() == FileKind::kSocket) {
    tell(task::kernel_signal(task::kSigUrg));
    if (async_ && signal_ != 0) tell(info_of(signal_, kUrgent, fd_));
  }
  if (!async_) return true;
  if ((events & kPollIn) && file_.readable()) tell(info_of(signal_, kInput, fd_));
  if ((events & kPollOut) && file_.writable()) tell(info_of(signal_, kOutput, fd_));
  return true;
}

void FileOwner::tell(const task::SignalInfo& info) {
  const Name owner = get();
  if (owner.id == 0) return;
  switch (owner.kind) {
    case Kind::kThread:
      if (task::Task* thread = task::find_task(owner.id)) tell(*thread, info);
      break;
    case Kind::kProcess:
      if (task::Process* process = task::find_process(owner.id)) tell(*process, info);
      break;
    case Kind::kGroup:
      task::for_each_process([&](task::Process& process) {
        if (process.ids.group == owner.id) tell(process, info);
        return true;
      });
      break;
  }
}

void FileOwner::tell(task::Task& thread, const task::SignalInfo& info) const {
  if (may_signal(thread)) send(thread, info);
}

void FileOwner::tell(task::Process& process, const task::SignalInfo& info) const {
  const task::Task* thread = process.threads.front();
  if (thread && may_signal(*thread)) send(process, info);
}

// As kill(2), by who named the owner: but root is who has its user id, whatever his capabilities.
bool FileOwner::may_signal(const task::Task& receiver) const {
  const task::Credentials& its = receiver.credentials;
  return euid_ == 0 || euid_ == its.suid || euid_ == its.uid || uid_ == its.suid || uid_ == its.uid;
}

}  // namespace kernel::fs
