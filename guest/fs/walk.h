// Path resolution: from text to a place in the tree. See path_resolution(7) and symlink(7).
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/path.h"
#include "lib/result.h"

namespace kernel::fs {

enum class LastLink : std::uint8_t { kFollow, kKeep };  // what to do when the last component is a symbolic link
enum class LastKind : std::uint8_t { kName, kDot, kDotDot, kRoot };

struct Lookup {
  Path parent;  // the directory of the last component; unset unless kind is kName
  Path path;    // what the text means; its dentry is negative when only the last component does not exist
  LastKind kind = LastKind::kName;
  bool trailing_slash = false;

  bool exists() const { return !path.dentry->negative(); }
};

// Walks with the current task's root and credentials. `start` is where a relative path begins. Errors: kNoEnt (a
// component but the last is missing, or the text is empty), kNotDir, kAcces, kLoop, kNameTooLong, kNoMem, kIo.
Result<Lookup> look_up(const Path& start, std::string_view text, LastLink last);
// The same for something that must exist.
Result<Path> resolve(const Path& start, std::string_view text, LastLink last);

// Where a relative path of an *at(2) call begins: the working directory for AT_FDCWD, else what the descriptor refers
// to (kBadF). Nothing is looked up for an absolute path.
Result<Path> start_of(int directory_fd, std::string_view text);

}  // namespace kernel::fs
