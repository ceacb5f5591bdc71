#include "vmm/boot/kernel_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "vmm/error.h"

namespace husk::boot {

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
