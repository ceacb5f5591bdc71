// Path resolution: from text to a place in the tree. See path_resolution(7) and symlink(7).
//
// A text can be asked two questions, and the answers are of different types. What does it mean (resolve: open, stat,
// chdir)? A Path, behind all links and mounts. Which name of which directory is it (look_up_entry: mkdir, unlink,
// rename)? An Entry: the name itself, whatever it links to and whatever is mounted on it. Only an Entry can be removed or
// renamed, so the root of a mount never stands in for the mount point under it, nor a link's target for the link.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/path.h"
#include "lib/result.h"

namespace kernel::fs {

enum class LastLink : std::uint8_t { kFollow, kKeep };  // what to do when the last component is a symbolic link
enum class LastKind : std::uint8_t { kName, kDot, kDotDot, kRoot };

// A name in a directory.
struct Entry {
  Path directory;
  Ref<Dentry> dentry;  // in `directory`; negative if there is no such name; null unless kind is kName
  LastKind kind = LastKind::kName;
  bool trailing_slash = false;

  bool exists() const { return dentry && !dentry->negative(); }
  bool is_mount_point() const { return dentry && dentry->mounts > 0; }
  // Where the name is once it has been made: nothing can be mounted on it yet.
  Path place() const { return {directory.mount, dentry}; }
};

// For open(2) with O_CREAT: what is there, or the name to create.
struct PlaceOrEntry {
  Path path;    // unset if nothing is there
  Entry entry;  // only then
};

// All walk with the current task's root and credentials. `start` is where a relative path begins. Errors: kNoEnt (the
// text is empty, or something is missing), kNotDir, kAcces, kLoop, kNameTooLong, kNoMem, kIo.

// What the text means; it must exist. A trailing slash follows even a link that `last` would keep, and wants a
// directory.
Result<Path> resolve(const Path& start, std::string_view text, LastLink last);
// The name that the text ends in, which need not exist.
Result<Entry> look_up_entry(const Path& start, std::string_view text);
// kIsDir for a trailing slash: no file can be made there.
Result<PlaceOrEntry> resolve_or_entry(const Path& start, std::string_view text, LastLink last);

enum class EmptyText : std::uint8_t { kIsNoEntry, kIsStart };

// Where a relative path of an *at(2) call begins: the working directory for AT_FDCWD, else what the descriptor refers
// to (kBadF). Nothing is looked up for an absolute path. An empty one is kNoEnt whatever the descriptor is, unless it
// stands for the descriptor itself (AT_EMPTY_PATH).
Result<Path> start_of(int directory_fd, std::string_view text, EmptyText empty = EmptyText::kIsNoEntry);

}  // namespace kernel::fs
