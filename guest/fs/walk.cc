#include "fs/walk.h"

#include <utility>

#include "fs/access.h"
#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "fs/inode.h"
#include "task/task.h"

namespace kernel::fs {

namespace {

// The state of one walk. A symbolic link replaces what remains of the text by its target and the rest, so there is no
// recursion.
class Walk {
 public:
  Walk(const Path& start, std::string_view text, LastLink last) : at_(start), rest_(text), last_(last) {}

  Result<Lookup> run() {
    if (rest_.empty()) return Errno::kNoEnt;
    if (rest_.size() >= kPathMax) return Errno::kNameTooLong;
    begin();
    while (!rest_.empty()) TRY(step());
    return std::move(result_);
  }

 private:
  static const Path& root() { return task::current().fs->root; }

  // Handles the slashes in front: an absolute path starts at the root.
  void begin() {
    if (rest_.front() == '/') at_ = root();
    skip_slashes();
    if (rest_.empty()) finish(at_, LastKind::kRoot, true);
  }

  void skip_slashes() {
    while (!rest_.empty() && rest_.front() == '/') rest_.remove_prefix(1);
  }

  void finish(const Path& path, LastKind kind, bool trailing_slash) {
    result_.path = path;
    result_.kind = kind;
    result_.trailing_slash = trailing_slash;
  }

  Result<void> step() {
    if (!at_.dentry->inode()->is_directory()) return Errno::kNotDir;
    const std::size_t length = rest_.find('/') == std::string_view::npos ? rest_.size() : rest_.find('/');
    const std::string_view name = rest_.substr(0, length);
    if (name.size() > kNameMax) return Errno::kNameTooLong;
    TRY(check_access(*at_.dentry->inode(), kMayExecute));
    rest_.remove_prefix(length);
    const bool slash = !rest_.empty();
    skip_slashes();
    const bool is_last = rest_.empty();

    if (name == "." || name == "..") {
      if (name == "..") ascend();
      if (is_last) {
        result_.parent = {};
        finish(at_, name == "." ? LastKind::kDot : LastKind::kDotDot, slash);
      }
      return {};
    }

    Path next{at_.mount, TRY(Dentry::look_up(at_.dentry, name))};
    if (next.dentry->negative()) {
      if (!is_last) return Errno::kNoEnt;
      result_.parent = at_;
      finish(next, LastKind::kName, slash);
      return {};
    }
    if (next.dentry->inode()->is_symlink() && (!is_last || slash || last_ == LastLink::kFollow)) {
      return follow(next, is_last, slash);
    }
    while (Mount* mount = mounted_at(next)) next = {Ref<Mount>(mount), mount->root};
    if (is_last) {
      if (slash && !next.dentry->inode()->is_directory()) return Errno::kNotDir;
      result_.parent = at_;
      finish(next, LastKind::kName, slash);
    }
    at_ = std::move(next);
    return {};
  }

  void ascend() {
    if (at_ == root()) return;
    while (at_.mount && at_.dentry == at_.mount->root && at_.mount->parent) {
      at_ = Path{at_.mount->parent, at_.mount->mount_point};
      if (at_ == root()) return;
    }
    if (at_.dentry->parent()) at_.dentry = Ref<Dentry>(at_.dentry->parent());
  }

  Result<void> follow(const Path& link, bool is_last, bool slash) {
    if (++links_ > kSymlinkMax) return Errno::kLoop;
    Path target;
    if (TRY(link.dentry->inode()->follow_magic(target))) {
      if (is_last) {
        if (slash && !target.dentry->inode()->is_directory()) return Errno::kNotDir;
        result_.parent = at_;
        finish(target, LastKind::kName, slash);
      }
      at_ = std::move(target);
      return {};
    }
    String text = TRY(link.dentry->inode()->read_link());
    if (text.empty()) return Errno::kNoEnt;
    if (!rest_.empty() || slash) TRY(text.append("/"));
    if (text.size() + rest_.size() >= kPathMax) return Errno::kNameTooLong;
    TRY(text.append(rest_));
    text_ = std::move(text);  // frees the old text, which rest_ pointed into, only after it was copied
    rest_ = text_.view();
    begin();
    return {};
  }

  Path at_;
  std::string_view rest_;
  LastLink last_;
  String text_;  // owns rest_ once a link has been followed
  unsigned links_ = 0;
  Lookup result_;
};

}  // namespace

Result<Lookup> look_up(const Path& start, std::string_view text, LastLink last) {
  return Walk(start, text, last).run();
}

Result<Path> start_of(int directory_fd, std::string_view text) {
  task::Task& task = task::current();
  if (!text.empty() && text.front() == '/') return Path(task.fs->root);
  if (directory_fd == kAtFdCwd) return Path(task.fs->working_directory);
  return Path(TRY(task.files->get_any(directory_fd))->path());
}

Result<Path> resolve(const Path& start, std::string_view text, LastLink last) {
  Lookup found = TRY(look_up(start, text, last));
  if (!found.exists()) return Errno::kNoEnt;
  return std::move(found.path);
}

}  // namespace kernel::fs
