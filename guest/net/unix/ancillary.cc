#include "net/unix/ancillary.h"

#include <cstring>
#include <utility>

#include "fs/file_table.h"
#include "fs/process_descriptor.h"
#include "lib/string.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::net {

namespace {

constexpr std::uint32_t kOverflowId = 65534;  // /proc/sys/kernel/overflowuid: what is no user is shown as

Result<void> add_rights(std::span<const std::byte> data, Rights& rights) {
  const std::size_t count = data.size() / sizeof(std::int32_t);
  if (rights.size() + count > kMostRights) return Errno::kInval;
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t fd;
    memcpy(&fd, data.data() + i * sizeof fd, sizeof fd);
    TRY(rights.push_back(TRY(task::current().files->get_any(fd))));
  }
  return {};
}

Result<Sender> checked_sender(std::span<const std::byte> data) {
  if (data.size() != sizeof(UserCredentials)) return Errno::kInval;
  UserCredentials given;
  memcpy(&given, data.data(), sizeof given);
  const task::Task& task = task::current();
  const task::Credentials& own = task.credentials;
  if (given.uid == ~0u || given.gid == ~0u) return Errno::kInval;
  const bool own_pid = given.pid == task.process->ids.pid;
  const bool may =
      (own_pid || own.can(task::Capability::kSysAdmin)) &&
      (given.uid == own.uid || given.uid == own.euid || given.uid == own.suid || own.can(task::Capability::kSetuid)) &&
      (given.gid == own.gid || given.gid == own.egid || given.gid == own.sgid || own.can(task::Capability::kSetgid));
  if (!may) return Errno::kPerm;
  if (!own_pid && !task::find_process(given.pid)) return Errno::kSrch;
  return Sender{given.pid, given.uid, given.gid, TRY(task::PidHandle::of(given.pid))};
}

}  // namespace

Result<Ancillary> read_ancillary(const ControlInput* control) {
  Ancillary found;
  if (!control) return found;
  TRY(control->for_each([&](int level, int type, std::span<const std::byte> data) -> Result<void> {
    if (level != kLevelSocket) return {};
    switch (type) {
      case kRights:
        return add_rights(data, found.rights);
      case kCredentials:
        found.sender = TRY(checked_sender(data));
        return {};
      default:
        return Errno::kInval;
    }
  }));
  return found;
}

Sender current_sender() {
  const task::Task& task = task::current();
  Sender sender{task.process->ids.pid, task.credentials.uid, task.credentials.gid, nullptr};
  // Without memory for it, the message has none to offer.
  if (auto handle = task::PidHandle::of(sender.pid)) sender.process = handle.take();
  return sender;
}

Result<void> deliver_ancillary(IncomingMessage& message, const SocketOptions& options, const Sender& sender,
                               Rights rights) {
  if (!message.control) return {};
  if (options.pass_credentials) {
    const auto shown = [](std::uint32_t id) { return id == ~0u ? kOverflowId : id; };
    const UserCredentials credentials{sender.pid, shown(sender.uid), shown(sender.gid)};
    TRY(message.control->put_value(kLevelSocket, kCredentials, credentials));
  }
  if (options.pass_pid_descriptor && sender.process) {
    Ref<fs::File> file = TRY(fs::make_process_descriptor(sender.process, 0));
    TRY(message.control->put_descriptor(kPidDescriptor, std::move(file), true));
  }
  if (!rights.empty()) {
    TRY(message.control->put_rights(std::move(rights), message.flags & kCloseOnExecRights));
  }
  return {};
}

}  // namespace kernel::net
