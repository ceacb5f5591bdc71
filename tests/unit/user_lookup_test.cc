#include "common/user_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace husk {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "bad:x:abc:0::/:/bin/sh\n"
    "bad:x:12:abc::/:/bin/sh\n"
    "empty:x:::::\n"
    "web:x:33:30:web:/var/www:/bin/sh\n"
    "1000:x:77:78::/:/bin/sh\n"
    "user:x:1000:1000::/home/user:/bin/sh\n"
    "web:x:34:34::/:/bin/sh";
constexpr std::string_view kGroup =
    "root:x:0:web\n"
    "www:x:30:web\n"
    "audio:x:29:other,web\n"
    "video:x:44:webmaster,user\n"
    "broken:x::web\n"
    "staff:x:50:user,web,user\n";

struct Found {
  UserError error = UserError::kNone;
  UserIds ids;
  std::vector<std::uint32_t> groups;
};

auto reader(std::string_view text) {
  return [text](std::uint64_t offset, std::span<char> into) {
    const std::string_view rest = text.substr(std::min<std::size_t>(offset, text.size()), into.size());
    std::ranges::copy(rest, into.begin());
    return rest.size();
  };
}

template <std::size_t kBuffer = 64>
Found find(std::string_view who, std::string_view passwd = kPasswd, std::string_view group = kGroup) {
  std::array<char, kBuffer> buffer{};
  Found found;
  const auto add = [&](std::uint32_t gid) {
    found.groups.push_back(gid);
    return true;
  };
  found.error = look_up_user(who, buffer, reader(passwd), reader(group), add, found.ids);
  return found;
}

TEST(UserLookup, AUserHasItsGroupAndAllThatListIt) {
  const Found web = find("web");
  EXPECT_EQ(web.error, UserError::kNone);
  EXPECT_EQ(web.ids.uid, 33u) << "the first line of the name";
  EXPECT_EQ(web.ids.gid, 30u);
  EXPECT_THAT(web.groups, ElementsAre(30, 0, 29, 50));
  EXPECT_THAT(find("root").groups, ElementsAre(0));
  EXPECT_THAT(find<4096>("web").groups, ElementsAre(30, 0, 29, 50));
}

TEST(UserLookup, ANumberIsAnIdAlsoWhereItIsAName) {
  const Found user = find("1000");
  EXPECT_EQ(user.ids.uid, 1000u);
  EXPECT_EQ(user.ids.gid, 1000u);
  EXPECT_THAT(user.groups, ElementsAre(1000, 44, 50));
}

TEST(UserLookup, ANumberNeedNotBeThere) {
  const Found nobody = find("4711");
  EXPECT_EQ(nobody.error, UserError::kNone);
  EXPECT_EQ(nobody.ids.uid, 4711u);
  EXPECT_EQ(nobody.ids.gid, 0u);
  EXPECT_THAT(nobody.groups, ElementsAre(0));
  EXPECT_EQ(find("4711", "", "").ids.uid, 4711u);
}

TEST(UserLookup, AGroupThatIsNamedIsTheOnlyOne) {
  const Found web = find("web:audio");
  EXPECT_EQ(web.ids.uid, 33u);
  EXPECT_EQ(web.ids.gid, 29u);
  EXPECT_THAT(web.groups, ElementsAre(29));
  EXPECT_THAT(find("web:1234").groups, ElementsAre(1234));
  EXPECT_THAT(find("7:staff").groups, ElementsAre(50));
}

TEST(UserLookup, WhoIsNotThereIsNobody) {
  EXPECT_EQ(find("nobody").error, UserError::kNoUser);
  EXPECT_EQ(find("web", "").error, UserError::kNoUser);
  EXPECT_EQ(find("web:nobodys").error, UserError::kNoGroup);
  EXPECT_EQ(find("0:nobodys", "", "").error, UserError::kNoGroup);
}

TEST(UserLookup, LinesWithoutIdsAreNobodys) {
  EXPECT_EQ(find("bad").error, UserError::kNoUser) << "not root, as an id that is 0 by mistake would have it";
  EXPECT_EQ(find("empty").error, UserError::kNoUser);
  EXPECT_EQ(find("web:broken").error, UserError::kNoGroup);
  EXPECT_EQ(find("all", "all:x:4294967295:0::/:\n").error, UserError::kNoUser);
}

TEST(UserLookup, ALineThatDoesNotFitIsAnError) {
  const std::string line = "many:x:9:" + std::string(100, 'm') + "\n";
  EXPECT_EQ(find("web", kPasswd, line).error, UserError::kGroup);
  EXPECT_EQ(find<4096>("web", kPasswd, line).error, UserError::kNone);
  EXPECT_EQ(find("web", line).error, UserError::kPasswd);
}

TEST(UserLookup, ThereIsAnEndToGroups) {
  std::array<char, 64> buffer{};
  UserIds ids;
  int room = 2;
  const auto add = [&](std::uint32_t) { return room-- > 0; };
  EXPECT_EQ(look_up_user("web", buffer, reader(kPasswd), reader(kGroup), add, ids), UserError::kTooManyGroups);
}

TEST(UserLookup, Ids) {
  EXPECT_EQ(parse_id("4294967294"), 4294967294u);
  EXPECT_EQ(parse_id("007"), 7u);
  for (const char* bad : {"", "4294967295", "99999999999999999999999", "-1", "+1", "1x", " 1"}) {
    EXPECT_EQ(parse_id(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace husk
