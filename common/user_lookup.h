// Who NAME|UID[:GROUP|GID] is, by an image's passwd(5) and group(5), as Docker decides it (moby/sys/user, GetExecUser): a
// number is an id, also where somebody has that name; without a group the user's own group and all that list the user are
// taken; with one that group and no other. The group is a supplementary one as well: who may put it down could else get
// rid of a group that a file's mode excludes (CVE-2022-36109).
//
// Not as there: a line whose ids are no numbers is nobody's (there such a user is root), and -1, which is nobody's id, is
// nobody's here, while ids from 2^31 on are ids.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/text_lines.h"

namespace husk {

// A decimal number that can be a uid or gid. The largest value means "no change" to chown(2) and its like.
constexpr std::optional<std::uint32_t> parse_id(std::string_view text) {
  constexpr std::uint64_t kNobodysId = 0xffff'ffff;
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(digit - '0');
    if (value >= kNobodysId) return std::nullopt;
  }
  if (text.empty()) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

enum class UserError {
  kNone,
  kNoUser,   // none in /etc/passwd has this name
  kNoGroup,  // none in /etc/group has this name
  kPasswd,   // a line of the file, or the file itself, is too long
  kGroup,    // the same of the other file
  kTooManyGroups
};

constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX

struct UserIds {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// One line of passwd(5) or group(5) in its first three fields, or nothing.
struct NamedId {
  std::string_view name;
  std::uint32_t id;
};
constexpr std::optional<NamedId> named_id(std::string_view line) {
  const std::optional<std::uint32_t> id = parse_id(field_of(line, 2));
  const std::string_view name = field_of(line, 0);
  if (!id || name.empty()) return std::nullopt;
  return NamedId{name, *id};
}

constexpr bool is_in_list(std::string_view name, std::string_view list) {
  while (!list.empty()) {
    if (take_field(list, ',') == name) return true;
  }
  return false;
}

// `read_passwd` and `read_group` as for_each_line() has them; `add_group(gid)` is called for each supplementary group, and
// says whether there is room for it. A line must fit into `buffer`.
template <typename ReadPasswd, typename ReadGroup, typename AddGroup>
UserError look_up_user(std::string_view who, std::span<char> buffer, ReadPasswd read_passwd, ReadGroup read_group,
                       AddGroup add_group, UserIds& ids) {
  const std::string_view user = take_field(who, ':');
  const std::string_view group = who;
  const std::optional<std::uint32_t> uid = parse_id(user);
  const std::optional<std::uint32_t> gid = parse_id(group);

  std::string_view name;
  const LinesEnd users = for_each_line(buffer, read_passwd, [&](std::string_view line) {
    const std::optional<NamedId> found = named_id(line);
    if (!found || (uid ? found->id != *uid : found->name != user)) return false;
    ids.uid = found->id;
    ids.gid = parse_id(field_of(line, 3)).value_or(0);
    name = found->name;
    return parse_id(field_of(line, 3)).has_value();
  });
  if (users == LinesEnd::kLineTooLong || users == LinesEnd::kFileTooLong) return UserError::kPasswd;
  if (users != LinesEnd::kStopped) {
    if (!uid) return UserError::kNoUser;
    ids = {.uid = *uid, .gid = 0};
    name = {};
  }
  // The other file comes into the same memory.
  std::ranges::copy(name, buffer.begin());
  name = std::string_view(buffer.data(), name.size());
  const std::span<char> rest = buffer.subspan(name.size());

  if (gid) ids.gid = *gid;
  if (!group.empty() && !gid) {
    const LinesEnd groups = for_each_line(rest, read_group, [&](std::string_view line) {
      const std::optional<NamedId> found = named_id(line);
      if (!found || found->name != group) return false;
      ids.gid = found->id;
      return true;
    });
    if (groups == LinesEnd::kEnd) return UserError::kNoGroup;
    if (groups != LinesEnd::kStopped) return UserError::kGroup;
  }
  if (!add_group(ids.gid)) return UserError::kTooManyGroups;
  if (name.empty() || !group.empty()) return UserError::kNone;
  std::size_t count = 1;
  bool room = true;
  const LinesEnd groups = for_each_line(rest, read_group, [&](std::string_view line) {
    const std::optional<NamedId> found = named_id(line);
    if (!found || found->id == ids.gid || !is_in_list(name, field_of(line, 3))) return false;
    room = count++ < kMostGroups && add_group(found->id);
    return !room;
  });
  if (!room) return UserError::kTooManyGroups;
  return groups == LinesEnd::kLineTooLong || groups == LinesEnd::kFileTooLong ? UserError::kGroup : UserError::kNone;
}

// The rest of "cannot find user 'NAME': ", for who has no better words.
constexpr std::string_view user_error_text(UserError error) {
  switch (error) {
    case UserError::kNone:
      break;
    case UserError::kNoUser:
      return "the image's /etc/passwd has none of that name";
    case UserError::kNoGroup:
      return "the image's /etc/group has no group of that name";
    case UserError::kPasswd:
      return "the image's /etc/passwd, or a line of it, is too long";
    case UserError::kGroup:
      return "the image's /etc/group, or a line of it, is too long";
    case UserError::kTooManyGroups:
      return "it is in too many groups";
  }
  return "";
}

}  // namespace husk
