#include "task/inspection.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::task {

// __ptrace_may_access() of Linux, and cap_ptrace_access_check().
bool may_inspect(const Task& thread, InspectWith ids) {
  const Task& reader = current();
  const Process& process = *thread.process;
  if (&process == reader.process.get() || reader.credentials.can(Capability::kSysPtrace)) return true;
  if (!process.policy.dumpable) return false;
  const Credentials& who = thread.credentials;
  const bool real = ids == InspectWith::kRealIds;
  const std::uint32_t uid = real ? reader.credentials.uid : reader.credentials.fsuid;
  const std::uint32_t gid = real ? reader.credentials.gid : reader.credentials.fsgid;
  if (uid != who.uid || uid != who.euid || uid != who.suid || gid != who.gid || gid != who.egid || gid != who.sgid)
    return false;
  // Nor by way of somebody who may do more.
  const Capabilities& held = reader.credentials.capabilities;
  return who.capabilities.permitted.is_subset_of(real ? held.permitted : held.effective);
}

bool may_inspect(Process& process, InspectWith ids) {
  if (const Task* thread = process.threads.front()) return may_inspect(*thread, ids);
  const Task& reader = current();
  return &process == reader.process.get() || reader.credentials.can(Capability::kSysPtrace);
}

}  // namespace kernel::task
