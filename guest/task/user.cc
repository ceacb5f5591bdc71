#include "task/user.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::task {
namespace {

constinit User* users_ = nullptr;

}  // namespace

Result<Ref<User>> User::of(std::uint32_t uid) {
  for (User* user = users_; user != nullptr; user = user->next_) {
    if (user->uid_ == uid) return Ref<User>(user);
  }
  auto made = make_ref<User>(uid);
  if (!made) return Errno::kAgain;
  made.value()->next_ = users_;
  users_ = made.value().get();
  return made;
}

User::~User() {
  User** link = &users_;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
}

bool has_too_many_tasks(const User& user, const Process& process) {
  return user.uid() != 0 && user.tasks > process.limits.current(Resource::kProcesses);
}

bool may_make_task(const Task& task) {
  const Ref<User>& user = task.charge.user();
  if (!user || user->uid() == 0) return true;
  if (task.credentials.can(Capability::kSysResource) || task.credentials.can(Capability::kSysAdmin)) return true;
  return user->tasks < task.process->limits.current(Resource::kProcesses);
}

Result<SignalCharge> charge_signal(const Task& receiver) {
  const Ref<User>& user = receiver.charge.user();
  if (user && user->queued_signals >= receiver.process->limits.current(Resource::kPendingSignals)) return Errno::kAgain;
  return SignalCharge(user);
}

}  // namespace kernel::task
