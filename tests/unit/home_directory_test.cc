#include "common/home_directory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

namespace husk {
namespace {

template <std::size_t kBuffer = 64>
std::string home_of(std::uint32_t uid, std::string_view passwd) {
  std::array<char, kBuffer> buffer{};
  return std::string(home_directory(uid, buffer, [&](std::uint64_t offset, std::span<char> into) {
    const std::string_view rest = passwd.substr(std::min<std::size_t>(offset, passwd.size()), into.size());
    std::copy(rest.begin(), rest.end(), into.begin());
    return rest.size();
  }));
}

constexpr std::string_view kUsers =
    "root:x:0:0:root:/root:/bin/sh\n"
    "user:x:1000:1000:A User,,,:/home/user:/bin/sh\n"
    "other:x:1000:1000::/home/other:/bin/sh\n"
    "large:x:4294967294:0::/large:\n"
    "last:x:7:7::/home/last:/bin/sh";

TEST(HomeDirectoryTest, IsTheFirstLineOfTheUser) {
  EXPECT_EQ(home_of(0, kUsers), "/root");
  EXPECT_EQ(home_of(1000, kUsers), "/home/user");
  EXPECT_EQ(home_of(4294967294, kUsers), "/large");
  EXPECT_EQ(home_of(7, kUsers), "/home/last") << "a last line without an end";
}

TEST(HomeDirectoryTest, IsTheRootForWhoIsNotThere) {
  EXPECT_EQ(home_of(1, kUsers), "/");
  EXPECT_EQ(home_of(100, kUsers), "/") << "a number that begins alike";
  EXPECT_EQ(home_of(0, ""), "/");
  EXPECT_EQ(home_of(4294967295, "all:x:-1:0::/x:\nall:x:99999999999999999999:0::/y:\n"), "/");
}

TEST(HomeDirectoryTest, LinesThatAreNoneAreSkipped) {
  const std::string passwd = "\n::\n# root\nroot:x:0\nroot:x:0:0:root\nroot:x::0::/n:\n+::::::\nu:x:5:5::/u\n";
  EXPECT_EQ(home_of(0, passwd), "/");
  EXPECT_EQ(home_of(5, passwd), "/u") << "without a shell";
  EXPECT_EQ(home_of(6, "u:x:6:6:::/bin/sh\n"), "/") << "an empty home";
}

TEST(HomeDirectoryTest, AFileMayBeLongerThanTheBuffer) {
  std::string passwd;
  for (int id = 0; id < 500; ++id) {
    const std::string text = std::to_string(id);
    passwd.append("user").append(text).append(":x:").append(text).append(":1::/h").append(text).append(":\n");
  }
  for (const std::uint32_t uid : {0U, 1U, 9U, 250U, 499U}) {
    EXPECT_EQ(home_of<32>(uid, passwd), "/h" + std::to_string(uid));
    EXPECT_EQ(home_of<33>(uid, passwd), "/h" + std::to_string(uid));
    EXPECT_EQ(home_of<4096>(uid, passwd), "/h" + std::to_string(uid));
  }
  EXPECT_EQ(home_of<16>(1, passwd), "/") << "no line fits";
}

// An image file can say of a file that it has as many bytes as one likes.
TEST(HomeDirectoryTest, ASearchEnds) {
  std::array<char, 4096> buffer{};
  std::uint64_t read = 0;
  const std::string_view home = home_directory(1, buffer, [&](std::uint64_t, std::span<char> into) {
    read += into.size();
    EXPECT_LE(read, kMostOfFile + into.size());
    if (read > 2 * kMostOfFile) return std::size_t{0};
    std::ranges::fill(into, '\n');
    return into.size();
  });
  EXPECT_EQ(home, "/");
}

}  // namespace
}  // namespace husk
