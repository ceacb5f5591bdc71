#include "syscall/id_calls.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

using task::Credentials;
using task::Process;

namespace {

constexpr std::uint32_t kKeep = ~std::uint32_t{0};  // -1: leave this id as it is
constexpr int kMaxGroups = 65536;                   // NGROUPS_MAX

Credentials& own() {
  return task::current().credentials;
}
Process& own_process() {
  return *task::current().process;
}

// The ids of one kind, user or group, so that their rules are written once. For both, "privileged" means an effective
// user id of 0.
struct Ids {
  std::uint32_t real, effective, saved, file_system;
  bool has(std::uint32_t id) const { return id == real || id == effective || id == saved; }
};

Ids user_ids() {
  return {own().uid, own().euid, own().suid, own().fsuid};
}
Ids group_ids() {
  return {own().gid, own().egid, own().sgid, own().fsgid};
}

// After a change of identity the process is not the one that its old owner may look into or get a death signal from
// (prctl(2)).
void identity_changed() {
  own_process().dumpable = false;
  task::current().signals.parent_death_signal = 0;
}

Result<void> store_user_ids(const Ids& ids) {
  if (ids.real != own().uid) {
    task::Task& self = task::current();
    Ref<task::User> user = TRY(task::User::of(ids.real));
    // Not an error here, where programs that give up privileges would overlook it (setuid(2), EAGAIN).
    self.joined_full_user = task::has_too_many_tasks(*user, own_process());
    self.charge = task::TaskCharge(user);
  }
  if (ids.effective != own().euid || ids.file_system != own().fsuid) identity_changed();
  own().uid = ids.real, own().euid = ids.effective, own().suid = ids.saved, own().fsuid = ids.file_system;
  return {};
}

void store_group_ids(const Ids& ids) {
  if (ids.effective != own().egid || ids.file_system != own().fsgid) identity_changed();
  own().gid = ids.real, own().egid = ids.effective, own().sgid = ids.saved, own().fsgid = ids.file_system;
}

// setuid(2), setgid(2).
Result<Ids> set_one(Ids ids, std::uint32_t id) {
  if (own().is_privileged()) return Ids{id, id, id, id};
  if (id != ids.real && id != ids.saved) return Errno::kPerm;
  ids.effective = ids.file_system = id;
  return ids;
}

// setreuid(2), setregid(2).
Result<Ids> set_real_effective(Ids ids, std::uint32_t real, std::uint32_t effective) {
  const Ids old = ids;
  if (!own().is_privileged()) {
    if (real != kKeep && real != old.real && real != old.effective) return Errno::kPerm;
    if (effective != kKeep && !old.has(effective)) return Errno::kPerm;
  }
  if (real != kKeep) ids.real = real;
  if (effective != kKeep) ids.effective = effective;
  if (real != kKeep || (effective != kKeep && effective != old.real)) ids.saved = ids.effective;
  ids.file_system = ids.effective;
  return ids;
}

// setresuid(2), setresgid(2).
Result<Ids> set_all(Ids ids, std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
  const Ids old = ids;
  for (std::uint32_t wanted : {real, effective, saved}) {
    if (wanted != kKeep && !own().is_privileged() && !old.has(wanted)) return Errno::kPerm;
  }
  if (real != kKeep) ids.real = real;
  if (effective != kKeep) ids.effective = effective;
  if (saved != kKeep) ids.saved = saved;
  ids.file_system = ids.effective;
  return ids;
}

bool may_set_file_system_id(const Ids& ids, std::uint32_t id) {
  return own().is_privileged() || ids.has(id) || id == ids.file_system;
}

SyscallResult write_ids(const Ids& ids, mm::UserPtr<std::uint32_t> real, mm::UserPtr<std::uint32_t> effective,
                        mm::UserPtr<std::uint32_t> saved) {
  TRY(real.write(ids.real));
  TRY(effective.write(ids.effective));
  TRY(saved.write(ids.saved));
  return 0;
}

Result<Process*> process_or_self(int pid) {
  Process* process = pid == 0 ? &own_process() : task::find_process(pid);
  if (!process) return Errno::kSrch;
  return process;
}

bool group_exists(int group, int session) {
  bool found = false;
  task::for_each_process([&](Process& process) {
    found = process.group == group && process.session == session;
    return !found;
  });
  return found;
}

bool is_group_in_use(int group) {
  bool found = false;
  task::for_each_process([&](Process& process) {
    found = process.group == group;
    return !found;
  });
  return found;
}

}  // namespace

SyscallResult sys_getpid() {
  return static_cast<std::uint64_t>(own_process().pid);
}
SyscallResult sys_gettid() {
  return static_cast<std::uint64_t>(task::current().tid);
}
SyscallResult sys_getppid() {
  const Process* parent = own_process().parent;
  return static_cast<std::uint64_t>(parent ? parent->pid : 0);
}

SyscallResult sys_getuid() {
  return own().uid;
}
SyscallResult sys_geteuid() {
  return own().euid;
}
SyscallResult sys_getgid() {
  return own().gid;
}
SyscallResult sys_getegid() {
  return own().egid;
}

SyscallResult sys_setuid(std::uint32_t uid) {
  if (uid == kKeep) return Errno::kInval;
  TRY(store_user_ids(TRY(set_one(user_ids(), uid))));
  return 0;
}

SyscallResult sys_setgid(std::uint32_t gid) {
  if (gid == kKeep) return Errno::kInval;
  store_group_ids(TRY(set_one(group_ids(), gid)));
  return 0;
}

SyscallResult sys_setreuid(std::uint32_t real, std::uint32_t effective) {
  TRY(store_user_ids(TRY(set_real_effective(user_ids(), real, effective))));
  return 0;
}

SyscallResult sys_setregid(std::uint32_t real, std::uint32_t effective) {
  store_group_ids(TRY(set_real_effective(group_ids(), real, effective)));
  return 0;
}

SyscallResult sys_setresuid(std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
  TRY(store_user_ids(TRY(set_all(user_ids(), real, effective, saved))));
  return 0;
}

SyscallResult sys_setresgid(std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
  store_group_ids(TRY(set_all(group_ids(), real, effective, saved)));
  return 0;
}

SyscallResult sys_getresuid(mm::UserPtr<std::uint32_t> real, mm::UserPtr<std::uint32_t> effective,
                            mm::UserPtr<std::uint32_t> saved) {
  return write_ids(user_ids(), real, effective, saved);
}

SyscallResult sys_getresgid(mm::UserPtr<std::uint32_t> real, mm::UserPtr<std::uint32_t> effective,
                            mm::UserPtr<std::uint32_t> saved) {
  return write_ids(group_ids(), real, effective, saved);
}

// setfsuid(2) and setfsgid(2) return the old id and report no error.
SyscallResult sys_setfsuid(std::uint32_t uid) {
  Ids ids = user_ids();
  const std::uint32_t old = ids.file_system;
  if (uid != kKeep && may_set_file_system_id(ids, uid)) {
    ids.file_system = uid;
    TRY(store_user_ids(ids));
  }
  return old;
}

SyscallResult sys_setfsgid(std::uint32_t gid) {
  Ids ids = group_ids();
  const std::uint32_t old = ids.file_system;
  if (gid != kKeep && may_set_file_system_id(ids, gid)) {
    ids.file_system = gid;
    store_group_ids(ids);
  }
  return old;
}

SyscallResult sys_getgroups(int count, mm::UserPtr<std::uint32_t> list) {
  const auto& groups = own().groups;
  if (count < 0) return Errno::kInval;
  if (count == 0) return groups.size();
  if (static_cast<std::size_t>(count) < groups.size()) return Errno::kInval;
  if (!groups.empty()) TRY(mm::copy_to_user(list.address(), groups.data(), groups.size() * sizeof groups[0]));
  return groups.size();
}

SyscallResult sys_setgroups(int count, mm::UserPtr<const std::uint32_t> list) {
  if (!own().is_privileged()) return Errno::kPerm;
  if (count < 0 || count > kMaxGroups) return Errno::kInval;
  Vector<std::uint32_t> groups;
  TRY(groups.resize(static_cast<std::size_t>(count)));
  if (count != 0) TRY(mm::copy_from_user(groups.data(), list.address(), groups.size() * sizeof groups[0]));
  own().groups = static_cast<Vector<std::uint32_t>&&>(groups);
  return 0;
}

SyscallResult sys_setpgid(int pid, int group) {
  if (group < 0) return Errno::kInval;
  Process& self = own_process();
  Process* process = TRY(process_or_self(pid));
  if (process != &self) {
    if (process->parent != &self) return Errno::kSrch;
    if (process->session != self.session) return Errno::kPerm;
    if (process->has_executed) return Errno::kAcces;
  }
  if (process->session == process->pid) return Errno::kPerm;  // a session leader
  if (group == 0) group = process->pid;
  if (group != process->pid && !group_exists(group, self.session)) return Errno::kPerm;
  process->group = group;
  return 0;
}

SyscallResult sys_getpgid(int pid) {
  return static_cast<std::uint64_t>(TRY(process_or_self(pid))->group);
}
SyscallResult sys_getpgrp() {
  return static_cast<std::uint64_t>(own_process().group);
}
SyscallResult sys_getsid(int pid) {
  return static_cast<std::uint64_t>(TRY(process_or_self(pid))->session);
}

SyscallResult sys_setsid() {
  Process& self = own_process();
  // Nobody may be left in another session with this process's id as group.
  if (is_group_in_use(self.pid)) return Errno::kPerm;
  self.session = self.group = self.pid;
  return static_cast<std::uint64_t>(self.pid);
}

}  // namespace kernel::syscall
