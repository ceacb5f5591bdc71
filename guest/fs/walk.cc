#include "fs/walk.h"

#include <algorithm>
#include <utility>

#include "fs/access.h"
#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "fs/inode.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

enum class Goal : std::uint8_t { kPlace, kEntry, kPlaceOrEntry };

// The state of one walk. A symbolic link replaces what remains of the text by its target and the rest, so there is no
// recursion; what remains stays bounded, since kSymlinkMax links of less than kPathMax bytes each are followed.
class Walk {
 public:
  Walk(const Path& start, std::string_view text, LastLink last, Goal goal)
      : at_(start), rest_(text), last_(last), goal_(goal) {}

  Result<void> run() {
    if (rest_.empty()) return Errno::kNoEnt;
    if (rest_.size() >= kPathMax) return Errno::kNameTooLong;
    begin();
    while (!rest_.empty()) TRY(step());
    return {};
  }
  // Where the walk ended. With Goal::kEntry, and where a name is missing, that is the directory of entry().
  Path& at() { return at_; }
  Entry& entry() { return entry_; }

 private:
  static const Path& root() { return task::current().fs->root; }

  // Handles the slashes in front: an absolute path starts at the root.
  void begin() {
    if (rest_.front() == '/') at_ = root();
    skip_slashes();
    if (rest_.empty()) entry_ = Entry{at_, nullptr, LastKind::kRoot, true};
  }

  void skip_slashes() {
    while (!rest_.empty() && rest_.front() == '/') rest_.remove_prefix(1);
  }

  Result<void> step() {
    if (!at_.dentry->inode()->is_directory()) return Errno::kNotDir;
    TRY(check_access(*at_.dentry->inode(), kMayExecute));
    const std::size_t length = std::min(rest_.find('/'), rest_.size());
    const std::string_view name = rest_.substr(0, length);
    if (name.size() > kNameMax) return Errno::kNameTooLong;
    rest_.remove_prefix(length);
    const bool slash = !rest_.empty();
    skip_slashes();
    const bool is_last = rest_.empty();

    if (name == "." || name == "..") {
      if (is_last) entry_ = Entry{at_, nullptr, name == "." ? LastKind::kDot : LastKind::kDotDot, slash};
      if (name == "..") ascend();
      return {};
    }
    if (is_last && goal_ == Goal::kPlaceOrEntry && slash) return Errno::kIsDir;
    Path next{at_.mount, TRY(Dentry::look_up(at_.dentry, name))};
    if (is_last && (goal_ == Goal::kEntry || (goal_ == Goal::kPlaceOrEntry && next.dentry->negative()))) {
      entry_ = Entry{at_, std::move(next.dentry), LastKind::kName, slash};
      return {};
    }
    if (next.dentry->negative()) return Errno::kNoEnt;
    if (next.dentry->inode()->is_symlink() && (!is_last || slash || last_ == LastLink::kFollow)) {
      return follow(next, is_last, slash);
    }
    while (Mount* mount = mounted_at(next)) next = {Ref<Mount>(mount), mount->root};
    if (is_last && slash && !next.dentry->inode()->is_directory()) return Errno::kNotDir;
    at_ = std::move(next);
    return {};
  }

  void ascend() {
    if (at_ == root()) return;
    while (at_.mount && at_.dentry == at_.mount->root && at_.mount->parent) {
      at_ = Path{at_.mount->parent, at_.mount->mount_point};
      if (at_ == root()) return;
    }
    if (at_.mount && at_.dentry == at_.mount->root) return;  // the top of a mount that was detached
    if (at_.dentry->parent()) at_.dentry = Ref<Dentry>(at_.dentry->parent());
  }

  Result<void> follow(const Path& link, bool is_last, bool slash) {
    if (++links_ > kSymlinkMax) return Errno::kLoop;
    if (link.mount && (link.mount->flags & kMountNoSymlinks)) return Errno::kLoop;
    Path target;
    if (TRY(link.dentry->inode()->follow_magic(target))) {
      if (is_last && slash && !target.dentry->inode()->is_directory()) return Errno::kNotDir;
      at_ = std::move(target);
      return {};
    }
    String text = TRY(link.dentry->inode()->read_link());
    if (text.empty()) return Errno::kNoEnt;
    if (!rest_.empty() || slash) TRY(text.append("/"));
    TRY(text.append(rest_));
    text_ = std::move(text);  // frees the old text, which rest_ pointed into, only after it was copied
    rest_ = text_.view();
    begin();
    return {};
  }

  Path at_;
  std::string_view rest_;
  LastLink last_;
  Goal goal_;
  String text_;  // owns rest_ once a link has been followed
  unsigned links_ = 0;
  Entry entry_;
};

}  // namespace

Result<Path> resolve(const Path& start, std::string_view text, LastLink last) {
  Walk walk(start, text, last, Goal::kPlace);
  TRY(walk.run());
  return std::move(walk.at());
}

Result<Entry> look_up_entry(const Path& start, std::string_view text) {
  Walk walk(start, text, LastLink::kKeep, Goal::kEntry);
  TRY(walk.run());
  return std::move(walk.entry());
}

Result<PlaceOrEntry> resolve_or_entry(const Path& start, std::string_view text, LastLink last) {
  Walk walk(start, text, last, Goal::kPlaceOrEntry);
  TRY(walk.run());
  PlaceOrEntry result;
  if (walk.entry().dentry) {
    result.entry = std::move(walk.entry());
  } else {
    result.path = std::move(walk.at());
  }
  return result;
}

Result<Path> start_of(int directory_fd, std::string_view text, EmptyText empty) {
  if (text.empty() && empty == EmptyText::kIsNoEntry) return Errno::kNoEnt;
  task::Task& task = task::current();
  if (!text.empty() && text.front() == '/') return Path(task.fs->root);
  if (directory_fd == kAtFdCwd) return Path(task.fs->working_directory);
  return Path(TRY(task.files->get_any(directory_fd))->path());
}

}  // namespace kernel::fs
