// Extended attributes of an EROFS image, as programs see them, and what becomes of them.
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <cstring>
#include <map>
#include <string>

#include "fs/extended_attributes.h"
#include "fs/file_capabilities.h"
#include "fs_tree.h"

namespace husk::test {
namespace {

using kernel::task::Capability;

// Version 2, in force at once: CAP_NET_RAW.
constexpr std::array<std::uint32_t, 5> kNetRaw{0x0200'0001, 1u << 13, 0, 0, 0};
// struct posix_acl_xattr: u::rw-, u:1000:r--, g::r--, m::r--, o::r--
constexpr std::array<std::uint8_t, 44> kAccessList{
    2, 0, 0,    0,    1,    0,    6,  0, 0xff, 0xff, 0xff, 0xff, 2,    0,    4,  0, 0xe8, 3, 0,    0,    4,    0,
    4, 0, 0xff, 0xff, 0xff, 0xff, 16, 0, 4,    0,    0xff, 0xff, 0xff, 0xff, 32, 0, 4,    0, 0xff, 0xff, 0xff, 0xff};

bool give(const std::string& path, const char* name, const void* value, std::size_t size) {
  return ::setxattr(path.c_str(), name, value, size, 0) == 0;
}

class ImageAttributes : public Tree, public testing::WithParamInterface<const char*> {
 protected:
  // False: the host's file system, or who runs the test, cannot have them.
  bool over_image_with_attributes() {
    TemporaryTree tree;
    tree.write("file", "data");
    tree.write("other", "data");
    tree.write("plain", "data");
    tree.write("dir/file", "x");
    long_value_.assign(2000, 'v');
    for (const char* path : {"file", "other", "dir"}) {
      if (!give(tree / path, "user.colour", "red", 3) || !give(tree / path, "user.empty", "", 0)) return false;
    }
    if (!give(tree / "file", "user.long", long_value_.data(), long_value_.size())) return false;
    is_root_ = give(tree / "file", "trusted.t", "1", 1) && give(tree / "file", "security.other", "2", 1) &&
               give(tree / "file", "security.capability", kNetRaw.data(), sizeof kNetRaw);
    has_list_ = give(tree / "other", "system.posix_acl_access", kAccessList.data(), kAccessList.size());
    std::filesystem::permissions(tree.path(), std::filesystem::perms(0755));
    image_.emplace(tree.path(), std::string("--all-root ") + GetParam());
    std::string_view why;
    auto image = fs::erofs::Image::open(image_->bytes(), why);
    EXPECT_TRUE(image.ok()) << why;
    mount(fs::RamFs::create_over(image.value()).take());
    machine_.task().credentials.capabilities.effective = kernel::task::CapabilitySet::all();
    return true;
  }
  fs::Path at(std::string_view path) { return fs::resolve(cwd(), path, fs::LastLink::kKeep).take(); }
  std::string get(std::string_view path, std::string_view name) {
    auto value = fs::get_extended_attribute(at(path), name);
    if (!value) return "error " + std::to_string(error_of(value));
    return {reinterpret_cast<const char*>(value.value().data()), value.value().size()};
  }
  int set(std::string_view path, std::string_view name, std::string_view value) {
    return error_of(
        fs::set_extended_attribute(at(path), name, std::as_bytes(std::span(value.data(), value.size())), 0));
  }
  std::set<std::string> list_names(std::string_view path) {
    const auto list = fs::list_extended_attributes(at(path)).take();
    std::set<std::string> names;
    for (std::size_t i = 0; i < list.size();) {
      const char* name = reinterpret_cast<const char*>(list.data()) + i;
      EXPECT_TRUE(names.emplace(name).second) << name << " came twice";
      i += std::strlen(name) + 1;
    }
    return names;
  }

  std::string long_value_;
  bool is_root_ = false, has_list_ = false;
};

const std::string kNoSuch = "error " + std::to_string(code(Errno::kNoData));

TEST_P(ImageAttributes, AreThoseOfTheSource) {
  if (!over_image_with_attributes()) GTEST_SKIP() << "no attributes here";
  EXPECT_EQ(get("file", "user.colour"), "red");
  EXPECT_EQ(get("file", "user.empty"), "");
  EXPECT_EQ(get("file", "user.long"), long_value_);
  EXPECT_EQ(get("dir", "user.colour"), "red");
  EXPECT_EQ(get("file", "user.colou"), kNoSuch);
  EXPECT_EQ(get("plain", "user.colour"), kNoSuch);
  EXPECT_EQ(list_names("plain"), std::set<std::string>{});
  std::set<std::string> expected{"user.colour", "user.empty"};
  EXPECT_EQ(list_names("dir"), expected);
  if (has_list_) {
    expected.insert("system.posix_acl_access");
    EXPECT_EQ(get("other", "system.posix_acl_access").size(), kAccessList.size());
    EXPECT_EQ(set("other", "system.posix_acl_access", "x"), code(Errno::kOpNotSupp));
  }
  EXPECT_EQ(list_names("other"), expected);
  EXPECT_EQ(get("plain", "system.posix_acl_access"), "error " + std::to_string(code(Errno::kOpNotSupp)));
  if (!is_root_) return;
  EXPECT_EQ(get("file", "trusted.t"), "1");
  EXPECT_EQ(get("file", "security.other"), "2");
  machine_.task().credentials.capabilities.effective = {};
  EXPECT_EQ(get("file", "trusted.t"), kNoSuch);
  EXPECT_EQ(get("file", "security.other"), "2");
  EXPECT_FALSE(list_names("file").contains("trusted.t"));
  EXPECT_TRUE(list_names("file").contains("security.other"));
}

TEST_P(ImageAttributes, StayWithChangesOfTheFile) {
  if (!over_image_with_attributes()) GTEST_SKIP() << "no attributes here";
  EXPECT_EQ(write("file", "changed"), kOk);
  EXPECT_EQ(get("file", "user.colour"), "red");
  EXPECT_EQ(get("file", "user.long"), long_value_);
  if (is_root_) {
    EXPECT_EQ(get("file", "security.other"), "2");
    EXPECT_EQ(get("file", "security.capability"), kNoSuch) << "who writes a program takes its capabilities";
  }
  EXPECT_EQ(set("other", "user.colour", "blue"), kOk);
  EXPECT_EQ(set("other", "user.new", "1"), kOk);
  EXPECT_EQ(error_of(fs::remove_extended_attribute(at("other"), "user.empty")), kOk);
  EXPECT_EQ(rename("other", "dir/moved"), kOk);
  EXPECT_EQ(get("dir/moved", "user.colour"), "blue");
  EXPECT_EQ(get("dir/moved", "user.new"), "1");
  EXPECT_EQ(get("dir/moved", "user.empty"), kNoSuch);
  EXPECT_EQ(error_of(fs::remove_extended_attribute(at("dir"), "user.colour")), kOk);
  EXPECT_EQ(list_names("dir"), std::set<std::string>{"user.empty"});
}

TEST_P(ImageAttributes, GiveCapabilities) {
  if (!over_image_with_attributes() || !is_root_) GTEST_SKIP() << "no attributes here";
  auto found = fs::file_capabilities(*at("file").dentry->inode()).take();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->effective);
  EXPECT_EQ(found->permitted.bits(), std::uint64_t{1} << 13);
  EXPECT_TRUE(found->inheritable.empty());
  EXPECT_FALSE(fs::file_capabilities(*at("other").dentry->inode()).take());
  EXPECT_FALSE(fs::file_capabilities(*at("plain").dentry->inode()).take());
  EXPECT_EQ(error_of(fs::change_owner(at("file"), 1, 1)), kOk);
  EXPECT_FALSE(fs::file_capabilities(*at("file").dentry->inode()).take());
}

// -x1: what two inodes have is stored once, and shared; -x100: each has its own.
INSTANTIATE_TEST_SUITE_P(Erofs, ImageAttributes,
                         testing::Values("-x1", "-x100", "-x1 -E noinline_data", "-x1 -E force-inode-compact"));

}  // namespace
}  // namespace husk::test
