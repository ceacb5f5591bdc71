#include "payload/user.h"

#include <algorithm>
#include <utility>

#include "common/home_directory.h"
#include "common/user_lookup.h"
#include "fs/fs_context.h"
#include "fs/vfs.h"
#include "lib/vector.h"
#include "mm/address.h"
#include "payload/as_root.h"
#include "task/user.h"

namespace kernel::payload {

namespace {

// A file of the image's, if it has one, in pieces. It is root that reads it.
class ImageText {
 public:
  ImageText(task::Task& task, std::string_view path) {
    const AsRoot root(task);
    auto file = fs::open(task.fs->root, path, fs::kReadOnly | fs::kNonBlock, 0);
    // Not a link to a file of the kernel's.
    const bool own = file && file.value()->inode().is_regular() && file.value()->path().mount == task.fs->root.mount;
    if (own) file_ = file.take();
  }

  std::size_t operator()(std::uint64_t offset, std::span<char> into) {
    return file_ ? file_->read_at(offset, std::as_writable_bytes(into)).value_or(0) : 0;
  }

 private:
  Ref<fs::File> file_;
};

Result<husk::UserError> look_up(std::string_view who, task::Task& task, husk::UserIds& ids,
                                Vector<std::uint32_t>& groups) {
  constexpr std::size_t kLongestLine = 65536;  // docker's: a group can have many members
  ImageText passwd(task, "/etc/passwd");
  ImageText group(task, "/etc/group");
  Vector<char> buffer;
  TRY(buffer.resize(kLongestLine));
  Errno failure = Errno::kNone;
  const husk::UserError error = husk::look_up_user(
      who, std::span<char>(buffer.data(), buffer.size()),
      [&](std::uint64_t offset, std::span<char> into) { return passwd(offset, into); },
      [&](std::uint64_t offset, std::span<char> into) { return group(offset, into); },
      [&](std::uint32_t gid) {
        failure = groups.push_back(gid).error();
        return failure == Errno::kNone;
      },
      ids);
  if (failure != Errno::kNone) return failure;
  return error;
}

}  // namespace

std::string_view find_user(const PayloadDescription& payload, task::Task& task) {
  constexpr std::string_view kNoMemory = "out of memory";
  husk::UserIds ids;
  task::Credentials who;
  const auto found = look_up(payload.user, task, ids, who.groups);
  if (!found) return kNoMemory;
  if (found.value() != husk::UserError::kNone) return husk::user_error_text(found.value());
  who.uid = who.euid = who.suid = who.fsuid = ids.uid;
  who.gid = who.egid = who.sgid = who.fsgid = ids.gid;
  std::sort(who.groups.begin(), who.groups.end());  // as setgroups(2) of Linux keeps them
  task::set_initial_capabilities(who);
  auto user = task::User::of(who.uid);
  if (!user) return kNoMemory;
  task.charge = task::TaskCharge(user.take());
  task.credentials = std::move(who);
  return {};
}

Result<String> home_variable(task::Task& task) {
  constexpr std::string_view kVariable = "HOME=";
  ImageText passwd(task, "/etc/passwd");
  Vector<char> buffer;
  TRY(buffer.resize(mm::kPageSize));
  const std::string_view home =
      husk::home_directory(task.credentials.uid, std::span<char>(buffer.data(), buffer.size()),
                           [&](std::uint64_t offset, std::span<char> into) { return passwd(offset, into); });
  String variable = TRY(String::from(kVariable));
  TRY(variable.append(home));
  return variable;
}

}  // namespace kernel::payload
