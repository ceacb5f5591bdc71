#include "fs/path.h"

#include "fs/abi.h"
#include "lib/vector.h"

namespace kernel::fs {

Result<String> path_text(const Path& path, const Path& root) {
  // From the name upwards: collect the entries, then write them the other way round.
  Vector<std::string_view> names;
  const Dentry* entry = path.dentry.get();
  const Mount* mount = path.mount.get();
  bool reachable = mount != nullptr;
  while (mount && !(entry == root.dentry.get() && mount == root.mount.get())) {
    if (entry == mount->root.get()) {
      if (!mount->parent) {
        reachable = false;
        break;
      }
      entry = mount->mount_point.get();
      mount = mount->parent.get();
      continue;
    }
    TRY(names.push_back(entry->name()));
    if (!entry->parent()) break;
    entry = entry->parent().get();
  }
  String text;
  if (!mount) {
    TRY(text.append(path.dentry->name()));
  } else {
    if (!reachable && root) TRY(text.append("(unreachable)"));
    if (names.empty()) TRY(text.append("/"));
    for (std::size_t i = names.size(); i > 0; --i) {
      TRY(text.append("/"));
      TRY(text.append(names[i - 1]));
    }
  }
  if (path.dentry->removed()) TRY(text.append(" (deleted)"));
  return text;
}

}  // namespace kernel::fs
