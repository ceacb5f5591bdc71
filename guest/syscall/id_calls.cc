#include "syscall/id_calls.h"

#include <algorithm>

#include "task/identity.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {

using task::Credentials;
using task::Ids;
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

bool may_choose_users() {
  return own().can(task::Capability::kSetuid);
}
bool may_choose_groups() {
  return own().can(task::Capability::kSetgid);
}

// setuid(2), setgid(2).
Result<Ids> set_one(Ids ids, std::uint32_t id, bool privileged) {
  if (privileged) return Ids{id, id, id, id};
  if (id != ids.real && id != ids.saved) return Errno::kPerm;
  ids.effective = ids.file_system = id;
  return ids;
}

// setreuid(2), setregid(2).
Result<Ids> set_real_effective(Ids ids, std::uint32_t real, std::uint32_t effective, bool privileged) {
  const Ids old = ids;
  if (!privileged) {
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
Result<Ids> set_all(Ids ids, std::uint32_t real, std::uint32_t effective, std::uint32_t saved, bool privileged) {
  const Ids old = ids;
  for (std::uint32_t wanted : {real, effective, saved}) {
    if (wanted != kKeep && !privileged && !old.has(wanted)) return Errno::kPerm;
  }
  if (real != kKeep) ids.real = real;
  if (effective != kKeep) ids.effective = effective;
  if (saved != kKeep) ids.saved = saved;
  ids.file_system = ids.effective;
  return ids;
}

bool may_set_file_system_id(const Ids& ids, std::uint32_t id, bool privileged) {
  return privileged || ids.has(id) || id == ids.file_system;
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

bool group_exists(int group, const task::Session& session) {
  bool found = false;
  task::for_each_process([&](Process& process) {
    found = process.ids.group == group && process.ids.session.get() == &session;
    return !found;
  });
  return found;
}

bool is_group_in_use(int group) {
  task::IdTable::Entry* entry = task::ids().find(group);
  return entry && entry->groups != 0;
}

}  // namespace

SyscallResult sys_getpid() {
  return static_cast<std::uint64_t>(own_process().ids.pid);
}
SyscallResult sys_gettid() {
  return static_cast<std::uint64_t>(task::current().tid);
}
SyscallResult sys_getppid() {
  const Process* parent = own_process().family.parent();
  return static_cast<std::uint64_t>(parent ? parent->ids.pid : 0);
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
  TRY(task::change_user_ids(TRY(set_one(own().user_ids(), uid, may_choose_users()))));
  return 0;
}

SyscallResult sys_setgid(std::uint32_t gid) {
  if (gid == kKeep) return Errno::kInval;
  task::change_group_ids(TRY(set_one(own().group_ids(), gid, may_choose_groups())));
  return 0;
}

SyscallResult sys_setreuid(std::uint32_t real, std::uint32_t effective) {
  TRY(task::change_user_ids(TRY(set_real_effective(own().user_ids(), real, effective, may_choose_users()))));
  return 0;
}

SyscallResult sys_setregid(std::uint32_t real, std::uint32_t effective) {
  task::change_group_ids(TRY(set_real_effective(own().group_ids(), real, effective, may_choose_groups())));
  return 0;
}

SyscallResult sys_setresuid(std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
  TRY(task::change_user_ids(TRY(set_all(own().user_ids(), real, effective, saved, may_choose_users()))));
  return 0;
}

SyscallResult sys_setresgid(std::uint32_t real, std::uint32_t effective, std::uint32_t saved) {
  task::change_group_ids(TRY(set_all(own().group_ids(), real, effective, saved, may_choose_groups())));
  return 0;
}

SyscallResult sys_getresuid(mm::UserPtr<std::uint32_t> real, mm::UserPtr<std::uint32_t> effective,
                            mm::UserPtr<std::uint32_t> saved) {
  return write_ids(own().user_ids(), real, effective, saved);
}

SyscallResult sys_getresgid(mm::UserPtr<std::uint32_t> real, mm::UserPtr<std::uint32_t> effective,
                            mm::UserPtr<std::uint32_t> saved) {
  return write_ids(own().group_ids(), real, effective, saved);
}

// setfsuid(2) and setfsgid(2) return the old id and report no error.
SyscallResult sys_setfsuid(std::uint32_t uid) {
  const Ids ids = own().user_ids();
  const std::uint32_t old = ids.file_system;
  if (uid != kKeep && may_set_file_system_id(ids, uid, may_choose_users())) {
    task::change_file_system_uid(uid);
  }
  return old;
}

SyscallResult sys_setfsgid(std::uint32_t gid) {
  Ids ids = own().group_ids();
  const std::uint32_t old = ids.file_system;
  if (gid != kKeep && may_set_file_system_id(ids, gid, may_choose_groups())) {
    ids.file_system = gid;
    task::change_group_ids(ids);
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
  if (!may_choose_groups()) return Errno::kPerm;
  if (count < 0 || count > kMaxGroups) return Errno::kInval;
  Vector<std::uint32_t> groups;
  TRY(groups.resize(static_cast<std::size_t>(count)));
  if (count != 0) TRY(mm::copy_from_user(groups.data(), list.address(), groups.size() * sizeof groups[0]));
  std::sort(groups.begin(), groups.end());  // getgroups(2) gives them in this order (Linux's groups_sort())
  own().groups = static_cast<Vector<std::uint32_t>&&>(groups);
  return 0;
}

SyscallResult sys_setpgid(int pid, int group) {
  if (group < 0) return Errno::kInval;
  Process& self = own_process();
  Process* process = TRY(process_or_self(pid));
  if (process != &self) {
    if (process->family.parent() != &self) return Errno::kSrch;
    if (process->ids.session != self.ids.session) return Errno::kPerm;
    if (process->program.executed()) return Errno::kAcces;
  }
  if (process->ids.leads_session()) return Errno::kPerm;  // a session leader
  if (group == 0) group = process->ids.pid;
  if (group != process->ids.pid && !group_exists(group, *self.ids.session)) return Errno::kPerm;
  process->ids.group = group;
  return 0;
}

SyscallResult sys_getpgid(int pid) {
  return static_cast<std::uint64_t>(TRY(process_or_self(pid))->ids.group);
}
SyscallResult sys_getpgrp() {
  return static_cast<std::uint64_t>(own_process().ids.group);
}
SyscallResult sys_getsid(int pid) {
  return static_cast<std::uint64_t>(TRY(process_or_self(pid))->ids.session->id());
}

SyscallResult sys_setsid() {
  Process& self = own_process();
  // Nobody may be left in another session with this process's id as group.
  if (is_group_in_use(self.ids.pid)) return Errno::kPerm;
  TRY(task::start_session(self));
  return static_cast<std::uint64_t>(self.ids.pid);
}

}  // namespace kernel::syscall
