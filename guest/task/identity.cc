#include "task/identity.h"

#include <optional>
#include <utility>

#include "fs/access.h"
#include "fs/file.h"
#include "fs/file_capabilities.h"
#include "fs/fs_context.h"
#include "fs/mount.h"
#include "task/process.h"
#include "task/task.h"
#include "task/user.h"

namespace kernel::task {
namespace {

bool has_root(const Ids& ids) {
  return ids.has(0);
}

// capabilities(7), "Effect of user ID changes on capabilities", points 1 to 3.
void follow_user_ids(Capabilities& capabilities, const Ids& old, const Ids& fresh) {
  if (capabilities.secure_bits & kSecureNoSetuidFixup) return;
  if (has_root(old) && !has_root(fresh)) {
    if (!(capabilities.secure_bits & kSecureKeepCapabilities)) {
      capabilities.permitted = {};
      capabilities.effective = {};
    }
    capabilities.ambient = {};
  }
  if (old.effective == 0 && fresh.effective != 0) capabilities.effective = {};
  if (old.effective != 0 && fresh.effective == 0) capabilities.effective = capabilities.permitted;
}

// Point 4.
void follow_file_system_uid(Capabilities& capabilities, std::uint32_t old, std::uint32_t fresh) {
  if (capabilities.secure_bits & kSecureNoSetuidFixup) return;
  if (old == 0 && fresh != 0) capabilities.effective = capabilities.effective.without(kFileCapabilities);
  if (old != 0 && fresh == 0) {
    capabilities.effective = capabilities.effective | (capabilities.permitted & kFileCapabilities);
  }
}

// The one place where a task's credentials become others. Its process's memory is then not for whom it was.
void commit(Task& task, const Ids& users, const Ids& groups, const Capabilities& capabilities) {
  Credentials& who = task.credentials;
  const bool other = users.effective != who.euid || users.file_system != who.fsuid || groups.effective != who.egid ||
                     groups.file_system != who.fsgid ||
                     !capabilities.permitted.is_subset_of(who.capabilities.permitted);
  who.set_user_ids(users);
  who.set_group_ids(groups);
  who.capabilities = capabilities;
  if (!other) return;
  task.process->policy.dumpable = false;
  task.signals.parent_death_signal = 0;
}

// The file's set-user-ID and set-group-ID bits, where they count (execve(2)).
void apply_set_ids(const fs::File& file, const fs::Metadata& metadata, const Task& task, ProgramIdentity& identity) {
  const fs::Mount* mount = file.path().mount.get();
  if (task.no_new_privileges || (mount && (mount->flags & fs::kMountNoSuid))) return;
  constexpr std::uint32_t kGroupExecute = 010;
  if (metadata.mode & fs::kModeSetUid) identity.users.effective = metadata.uid;
  // Without execute permission for the group, the bit stood for mandatory locking.
  if ((metadata.mode & fs::kModeSetGid) && (metadata.mode & kGroupExecute)) identity.groups.effective = metadata.gid;
}

// The file's capabilities, where they count: as the bits above, but for the bound on privileges that follows in any case
// (get_file_caps() of Linux).
Result<std::optional<fs::FileCapabilities>> capabilities_of(const fs::File& file) {
  const fs::Mount* mount = file.path().mount.get();
  if (mount && (mount->flags & fs::kMountNoSuid)) return std::optional<fs::FileCapabilities>();
  return fs::file_capabilities(file.inode());
}

// A thread that shares its file system context with another process's could have its root changed by it.
bool shares_file_system_context(const Task& task) {
  unsigned own = 0;
  for (Task& thread : task.process->threads) own += thread.fs.get() == task.fs.get();
  return task.fs && task.fs->references() > own;
}

// The task counts as one of its real user's. That the user has too many already is not an error here, where programs
// that give up privileges would overlook it: execve(2) says it (setuid(2), EAGAIN).
Result<void> charge_user(Task& task, std::uint32_t uid) {
  if (uid == task.credentials.uid) return {};
  Ref<User> user = TRY(User::of(uid));
  task.joined_full_user = has_too_many_tasks(*user, *task.process);
  task.charge = TaskCharge(std::move(user));
  return {};
}

}  // namespace

Result<void> change_user_ids(const Ids& ids) {
  Task& self = current();
  TRY(charge_user(self, ids.real));
  Capabilities capabilities = self.credentials.capabilities;
  follow_user_ids(capabilities, self.credentials.user_ids(), ids);
  commit(self, ids, self.credentials.group_ids(), capabilities);
  return {};
}

void change_group_ids(const Ids& ids) {
  Task& self = current();
  commit(self, self.credentials.user_ids(), ids, self.credentials.capabilities);
}

void change_file_system_uid(std::uint32_t uid) {
  Task& self = current();
  Ids ids = self.credentials.user_ids();
  Capabilities capabilities = self.credentials.capabilities;
  follow_file_system_uid(capabilities, ids.file_system, uid);
  ids.file_system = uid;
  commit(self, ids, self.credentials.group_ids(), capabilities);
}

Result<ProgramIdentity> identity_for_program(const Task& task, fs::File& file) {
  const Credentials& old = task.credentials;
  ProgramIdentity fresh{.users = old.user_ids(), .groups = old.group_ids(), .capabilities = old.capabilities};
  const fs::Metadata metadata = TRY(file.inode().metadata());
  fresh.readable = fs::check_access(metadata, fs::kMayRead, fs::Subject::current()).ok();
  apply_set_ids(file, metadata, task, fresh);

  Capabilities& capabilities = fresh.capabilities;
  capabilities.permitted = {};
  bool effective = false;
  const std::optional<fs::FileCapabilities> given = TRY(capabilities_of(file));
  if (given) {
    effective = given->effective;
    capabilities.permitted =
        (old.capabilities.bounding & given->permitted) | (old.capabilities.inheritable & given->inheritable);
    // A program that has them in force at once may know nothing of them, and would not see that one is missing.
    if (effective && !given->permitted.is_subset_of(capabilities.permitted)) return Errno::kPerm;
  }
  // A set-user-ID program of root's that has capabilities gives these alone.
  const bool is_limited = given && fresh.users.real != 0 && fresh.users.effective == 0;
  if (!(capabilities.secure_bits & kSecureNoRoot) && !is_limited) {
    if (fresh.users.effective == 0 || fresh.users.real == 0)
      capabilities.permitted = old.capabilities.bounding | old.capabilities.inheritable;
    effective = effective || fresh.users.effective == 0;
  }

  const bool set_ids = fresh.users.effective != old.uid || fresh.groups.effective != old.gid;
  const bool gains = !capabilities.permitted.is_subset_of(old.capabilities.permitted);
  // A tracer must not come by privileges that it has not had.
  const bool is_watched = task.tracee && !task.tracee->tracer_privileged;
  const bool unsafe = task.no_new_privileges || is_watched || shares_file_system_context(task);
  if ((set_ids || gains) && unsafe) {
    if (!old.can(Capability::kSetuid) || task.no_new_privileges) {
      fresh.users.effective = old.uid;
      fresh.groups.effective = old.gid;
    }
    capabilities.permitted = capabilities.permitted & old.capabilities.permitted;
  }
  // In each of the four sets of ids the effective one is what counts from now on.
  fresh.users.saved = fresh.users.file_system = fresh.users.effective;
  fresh.groups.saved = fresh.groups.file_system = fresh.groups.effective;

  if (set_ids || given) capabilities.ambient = {};
  capabilities.permitted = capabilities.permitted | capabilities.ambient;
  capabilities.effective = effective ? capabilities.permitted : capabilities.ambient;
  capabilities.secure_bits &= ~std::uint32_t{kSecureKeepCapabilities};

  const bool elevated =
      fresh.users.real != 0 && (effective || !capabilities.permitted.is_subset_of(capabilities.ambient));
  fresh.secure = set_ids || elevated;
  return fresh;
}

void assume(Task& task, const ProgramIdentity& identity) {
  const Credentials& old = task.credentials;
  task.process->policy.dumpable = identity.readable && old.euid == old.uid && old.egid == old.gid;
  if (identity.secure) task.signals.parent_death_signal = 0;
  commit(task, identity.users, identity.groups, identity.capabilities);
}

void set_initial_capabilities(Credentials& who) {
  if (who.euid == 0) who.capabilities.effective = who.capabilities.permitted = CapabilitySet::all();
}

}  // namespace kernel::task
