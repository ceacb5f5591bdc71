#include "task/inspection.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::task {

bool may_inspect(Process& process, InspectWith ids) {
  const Task& reader = current();
  if (&process == reader.process.get() || reader.credentials.can(Capability::kSysPtrace)) return true;
  const Task* target = process.threads.front();
  if (!target || !process.policy.dumpable) return false;
  const Credentials& who = target->credentials;
  const bool real = ids == InspectWith::kRealIds;
  const std::uint32_t uid = real ? reader.credentials.uid : reader.credentials.fsuid;
  const std::uint32_t gid = real ? reader.credentials.gid : reader.credentials.fsgid;
  return uid == who.uid && uid == who.euid && uid == who.suid && gid == who.gid && gid == who.egid && gid == who.sgid;
}

}  // namespace kernel::task
