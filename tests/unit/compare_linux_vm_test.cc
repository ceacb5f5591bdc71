// What the runner linux-vm boots from: modules in the order in which they can be loaded, kernels that are none, and an
// initramfs for each payload.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/error_of.h"
#include "tests/unit/temporary_tree.h"
#include "tools/compare/linux_vm/boot_files.h"
#include "tools/compare/process.h"

namespace husk::compare::linux_vm {
namespace {

namespace fs = std::filesystem;
using test::error_of;

class LinuxVmFiles : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) { tree_.write(name, text); }
  std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  fs::path directory() const { return tree_.path(); }

 private:
  test::TemporaryTree tree_;
};

TEST_F(LinuxVmFiles, TakesTheNewestKernelOfAllPlaces) {
  EXPECT_TRUE(find_kernel({directory() / "none"}).image.empty());
  write("a/boot/vmlinuz-6.1.0-9-cloud-amd64", "");
  write("a/boot/vmlinuz-6.1.0-30-amd64", "");
  write("b/boot/vmlinuz-6.1.0-10-cloud-amd64", "");
  const Kernel kernel = find_kernel({directory() / "a", directory() / "b"});
  EXPECT_EQ(kernel.image, directory() / "b/boot/vmlinuz-6.1.0-10-cloud-amd64");
  EXPECT_EQ(kernel.modules, directory() / "b/lib/modules/6.1.0-10-cloud-amd64");
}

TEST_F(LinuxVmFiles, LoadsWhatAModuleNeedsBeforeIt) {
  write("modules.dep",
        "kernel/a/top-most.ko: kernel/b/middle.ko kernel/c/base.ko\n"
        "kernel/b/middle.ko: kernel/c/base.ko\n"
        "kernel/c/base.ko:\n");
  write("modules.builtin", "kernel/d/inside.ko\n");
  const std::vector<fs::path> expected = {directory() / "kernel/c/base.ko", directory() / "kernel/b/middle.ko",
                                          directory() / "kernel/a/top-most.ko"};
  EXPECT_EQ(modules_in_order(directory(), {"inside", "top_most", "middle"}), expected);
}

TEST_F(LinuxVmFiles, SaysWhichModuleIsMissing) {
  write("modules.dep", "kernel/c/base.ko.xz:\n");
  EXPECT_NE(error_of([&] { modules_in_order(directory(), {"other"}); }).find("module other"), std::string::npos);
  EXPECT_NE(error_of([&] { modules_in_order(directory(), {"base"}); }).find("compressed"), std::string::npos);
}

// A file with the header of Documentation/x86/boot.rst: one sector of set-up, then the payload.
std::string boot_image(const std::string& payload, std::uint32_t length) {
  std::string image(1024, '\0');
  image[0x1f1] = 1;
  image.replace(0x202, 4, "HdrS");
  const std::uint32_t offset = 0;
  image.replace(0x248, 4, reinterpret_cast<const char*>(&offset), 4);
  image.replace(0x24c, 4, reinterpret_cast<const char*>(&length), 4);
  return image + payload;
}

TEST_F(LinuxVmFiles, UnpacksAKernel) {
  write("kernel", std::string(100'000, 'k'));
  const std::string packed = *output_of({"/bin/sh", "-c", "gzip -c \"$0\"", directory() / "kernel"});
  write("image", boot_image(packed, static_cast<std::uint32_t>(packed.size())));
  extract_kernel(directory() / "image", directory() / "unpacked");
  EXPECT_EQ(read(directory() / "unpacked"), read(directory() / "kernel"));
}

TEST_F(LinuxVmFiles, RefusesWhatIsNoKernel) {
  const auto error = [&](const std::string& bytes) {
    write("image", bytes);
    return error_of([&] { extract_kernel(directory() / "image", directory() / "unpacked"); });
  };
  EXPECT_NE(error("short").find("not a Linux kernel"), std::string::npos);
  EXPECT_NE(error(boot_image("payload", 1000)).find("shorter than its header says"), std::string::npos);
  EXPECT_NE(error(boot_image("payload", 7)).find("unknown way"), std::string::npos);
}

TEST_F(LinuxVmFiles, MakesAnInitramfsForEachPayload) {
  if (find_program("cpio").empty()) GTEST_SKIP() << "no cpio (apt package cpio)";
  write("init", "the init");
  write("one.ko", "a module");
  Initramfs initramfs(directory() / "made", directory() / "init", {directory() / "one.ko"});
  const fs::path first = initramfs.with_payload({"/bin/true", "a word"});
  EXPECT_EQ(initramfs.with_payload({"/bin/true", "a word"}), first);
  EXPECT_NE(initramfs.with_payload({"/bin/true", "a", "word"}), first);
  const std::string bytes = read(first);
  EXPECT_NE(bytes.find("the init"), std::string::npos);
  EXPECT_NE(bytes.find("/modules.d/one.ko\n"), std::string::npos);
  EXPECT_NE(bytes.find(std::string("/bin/true\0a word\0", 17)), std::string::npos);
}

}  // namespace
}  // namespace husk::compare::linux_vm
