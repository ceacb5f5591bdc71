#include "vmm/boot/kernel_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>

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

KernelFile KernelFile::open(const std::string& path) {
  KernelFile file;
  file.name_ = "the guest kernel " + path;
  file.fd_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.fd_) throw Error::from_errno("open", file.name_);
  struct stat status {};
  if (::fstat(file.fd_.get(), &status) != 0) throw Error::from_errno("read", file.name_);
  if (!S_ISREG(status.st_mode)) throw Error("load", file.name_, "not a regular file");
  if (status.st_size == 0) throw Error("load", file.name_, "it is empty");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd_.get(), 0);
  if (address == MAP_FAILED) throw Error::from_errno("map", file.name_);
  file.mapping_ = Mapping(address, size);
  file.bytes_ = file.mapping_.bytes();
  return file;
}

void KernelFile::read(std::uint64_t position, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t count = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset_ + position));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error::from_errno("read", name_);
    if (count == 0) throw Error("read", name_, "the file has become shorter");
    position += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace husk::boot
