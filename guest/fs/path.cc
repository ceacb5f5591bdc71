#include "fs/path.h"

#include "fs/abi.h"
#include "lib/vector.h"

namespace kernel::fs {

namespace {

// `names` go from the last component to the first.
Result<void> append_names(String& text, const Vector<std::string_view>& names) {
  if (names.empty()) return text.append("/");
  for (std::size_t i = names.size(); i > 0; --i) {
    TRY(text.append("/"));
    TRY(text.append(names[i - 1]));
  }
  return {};
}

// Visits the entries that have names, from `path` up to `root`, which is not visited, or to the top. Whether it came to
// `root`.
template <typename Visit>
Result<bool> walk_up(const Path& path, const Path& root, Visit visit) {
  const Dentry* entry = path.dentry.get();
  const Mount* mount = path.mount.get();
  while (mount && !(entry == root.dentry.get() && mount == root.mount.get())) {
    if (entry == mount->root.get()) {
      if (!mount->parent) return false;
      entry = mount->mount_point.get();
      mount = mount->parent.get();
      continue;
    }
    TRY(visit(*entry));
    if (!entry->parent()) return false;
    entry = entry->parent().get();
  }
  return mount != nullptr;
}

}  // namespace

Result<String> path_in_file_system(const Dentry& entry) {
  Vector<std::string_view> names;
  for (const Dentry* at = &entry; at->parent(); at = at->parent().get()) TRY(names.push_back(at->name()));
  String text;
  TRY(append_names(text, names));
  if (entry.removed()) TRY(text.append("//deleted"));
  return text;
}

Result<String> path_text(const Path& path, const Path& root) {
  // From the name upwards: collect the entries, then write them the other way round.
  Vector<std::string_view> names;
  TRY(walk_up(path, root, [&](const Dentry& entry) { return names.push_back(entry.name()); }));
  String text;
  if (!path.mount) {
    // Of a file system that is not mounted the names are told all the same (mqueue); an object that has only a label has
    // no directory above it.
    if (path.dentry->parent()) TRY(text.append("/"));
    TRY(text.append(path.dentry->name()));
  } else {
    TRY(append_names(text, names));
  }
  if (path.dentry->removed()) TRY(text.append(" (deleted)"));
  return text;
}

bool is_below(const Path& path, const Path& root) {
  const auto found = walk_up(path, root, [](const Dentry&) { return Result<void>(); });
  return found && found.value();
}

}  // namespace kernel::fs
