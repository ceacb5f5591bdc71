#include "vmm/kvm/system.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cstdlib>
#include <memory>

#include "vmm/error.h"

namespace husk::kvm {
namespace {

constexpr int kApiVersion = 12;  // Documentation/virt/kvm/api.rst: the only stable one
constexpr const char* kDevice = "/dev/kvm";

std::string_view advice_for(int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return "load a KVM module (kvm_intel, kvm_amd or kvm_pvm), or pass the device into this container or VM; "
             "`husk doctor` says more";
    case EACCES:
    case EPERM:
      return "add your user to the group that owns the device (usually `usermod -aG kvm USER`), or run as root";
    default:
      return "";
  }
}

}  // namespace

System System::open() {
  UniqueFd fd(::open(kDevice, O_RDWR | O_CLOEXEC));
  if (!fd) throw Error::from_errno("open", kDevice, advice_for(errno));
  const int version = ::ioctl(fd.get(), KVM_GET_API_VERSION, 0);
  if (version < 0) throw Error::from_errno("use", kDevice, "is it really KVM's device?");
  if (version != kApiVersion) throw Error("use", kDevice, "unknown KVM API version " + std::to_string(version));
  return System(std::move(fd));
}

int System::check_extension(std::uint32_t capability) const {
  const int value = ::ioctl(fd_.get(), KVM_CHECK_EXTENSION, static_cast<unsigned long>(capability));
  return value < 0 ? 0 : value;
}

std::vector<kvm_cpuid_entry2> System::supported_cpuid() const {
  for (std::uint32_t capacity = 128; capacity <= 4096; capacity *= 2) {
    const std::size_t bytes = sizeof(kvm_cpuid2) + capacity * sizeof(kvm_cpuid_entry2);
    const std::unique_ptr<void, decltype(&std::free)> buffer(std::calloc(1, bytes), &std::free);
    if (!buffer) throw Error("allocate", "the CPUID table", "out of memory");
    auto* table = static_cast<kvm_cpuid2*>(buffer.get());
    table->nent = capacity;
    if (::ioctl(fd_.get(), KVM_GET_SUPPORTED_CPUID, table) == 0) {
      return {table->entries, table->entries + table->nent};
    }
    if (errno != E2BIG) break;
  }
  throw Error::from_errno("read", "the CPUID leaves that KVM supports");
}

std::size_t System::vcpu_mapping_size() const {
  const int size = ::ioctl(fd_.get(), KVM_GET_VCPU_MMAP_SIZE, 0);
  if (size < static_cast<int>(sizeof(kvm_run))) throw Error::from_errno("read", "the size of a virtual CPU's state");
  return static_cast<std::size_t>(size);
}

Vm System::create_vm() const {
  int fd = -1;
  // EINTR: a signal (a terminal's SIGWINCH, say) may arrive while KVM waits for a lock.
  do {
    fd = ::ioctl(fd_.get(), KVM_CREATE_VM, 0UL);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) throw Error::from_errno("create", "a virtual machine");
  return Vm(UniqueFd(fd));
}

}  // namespace husk::kvm
