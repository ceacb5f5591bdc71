// The kernel that is part of husk's own executable (embedded_kernel.S): apart from other files, so that what has none of its own can use those.
#include <fcntl.h>

#include <optional>

#include "vmm/boot/kernel_file.h"
#include "vmm/error.h"
#include "vmm/own_executable.h"

extern "C" const std::byte husk_embedded_kernel[];
extern "C" const std::byte husk_embedded_kernel_end[];

namespace husk::boot {
namespace {

// Where in this executable's file the byte at `address` lies.
std::optional<std::uint64_t> file_offset_of(const void* address) {
  const OwnExecutable self = own_executable();
  const std::uint64_t target = reinterpret_cast<std::uint64_t>(address) - self.bias;
  for (const Elf64_Phdr& header : self.headers) {
    if (header.p_type == PT_LOAD && target >= header.p_vaddr && target - header.p_vaddr < header.p_filesz) {
      return target - header.p_vaddr + header.p_offset;
    }
  }
  return std::nullopt;
}

}  // namespace

KernelFile KernelFile::embedded() {
  KernelFile file;
  file.name_ = "the embedded guest kernel";
  file.bytes_ = {husk_embedded_kernel, husk_embedded_kernel_end};
  const std::optional<std::uint64_t> offset = file_offset_of(husk_embedded_kernel);
  if (!offset || *offset % 4096 != 0) throw Error("find", file.name_, "not at a page boundary of the executable");
  file.offset_ = *offset;
  file.fd_ = UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!file.fd_) throw Error::from_errno("open", "/proc/self/exe", "husk needs /proc to be mounted");
  return file;
}

}  // namespace husk::boot
