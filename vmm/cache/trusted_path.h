// Opens a directory of which only the user himself and root decide what it is and what is in it.
//
// The rule is OpenSSH's for authorized_keys (auth_secure_path), extended to directories such as /tmp and to links:
// every directory on the way belongs to root or to the effective user and nobody else may write to it, or it is sticky
// (then nobody else can remove or rename what is the user's in it); every symbolic link on the way belongs to one of
// the two; the last directory belongs to one of the two and nobody else may write to it, sticky or not. Each step is
// looked at in a directory that was found good before, so nobody can change it behind the check, and a path that passed
// may be used by name.
//
// A group counts as "somebody else": which groups have one member cannot be told from here. ACLs that let others write
// show as a writable group (acl(5): the mask takes the place of the group's bits).
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "common/unique_fd.h"

namespace husk::cache {

struct TrustedDirectory {
  UniqueFd fd;
  std::string path;  // absolute, without links
};

enum class IfMissing { kReport, kCreate };

// Without a value if there is no such directory (kReport). kCreate makes what is missing: parents with the usual mode,
// the last one for its owner only. Throws husk::Error when the path is not to be trusted or cannot be read.
std::optional<TrustedDirectory> open_trusted_directory(const std::string& path, IfMissing if_missing);

// Whether anybody but the user and root can put something else in the place of `entry`, which is in `parent`.
bool others_can_exchange(const struct stat& parent, const struct stat& entry);

// Parts of the rule, for files and directories inside. They throw, naming `object`.
void require_owner(const std::string& object, const struct stat& status);  // the user or root
void require_own(const std::string& object, const struct stat& status);    // and nobody else can write to it

}  // namespace husk::cache
