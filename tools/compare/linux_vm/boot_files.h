// What a machine with Debian's kernel boots from: the kernel as an ELF file, and an initramfs with init.cc, the modules
// that it loads, and the payload's words.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace husk::compare::linux_vm {

struct Kernel {
  std::filesystem::path image;    // boot/vmlinuz-VERSION-cloud-amd64; empty: there is none
  std::filesystem::path modules;  // lib/modules/VERSION-cloud-amd64
};

// The newest of Debian's cloud kernels that are in the directories `roots`, as their package has its files below "/".
Kernel find_kernel(const std::vector<std::filesystem::path>& roots);

// The kernel inside of a bzImage, as an ELF file that a VMM can start through its PVH entry: Linux need not decompress
// itself. Throws husk::Error.
void extract_kernel(const std::filesystem::path& image, const std::filesystem::path& output);

// The files of modules `names` and of those that they need, in the order of loading (modules.dep(5)); none for what is
// built in. Throws husk::Error.
std::vector<std::filesystem::path> modules_in_order(const std::filesystem::path& directory,
                                                    const std::vector<std::string>& names);

class Initramfs {
 public:
  // Files go to `directory`.
  Initramfs(std::filesystem::path directory, const std::filesystem::path& init,
            const std::vector<std::filesystem::path>& modules);

  // An initramfs that runs this payload. Those of the same words share a file, which stays.
  std::filesystem::path with_payload(const std::vector<std::string>& argv);

 private:
  std::filesystem::path directory_;
  std::map<std::vector<std::string>, std::filesystem::path> made_;
};

}  // namespace husk::compare::linux_vm
