#include "vmm/kvm/statistics.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "vmm/error.h"
#include "vmm/kvm/api.h"

namespace husk::kvm {
namespace {

// The kernel's are 48 and about 50; the limits keep a file that is no such file from filling the memory.
constexpr std::size_t kMaxNameSize = 256;
constexpr std::size_t kMaxDescriptions = 4096;

void read_exactly(int fd, void* buffer, std::size_t size, std::size_t offset) {
  const ssize_t got = ::pread(fd, buffer, size, static_cast<off_t>(offset));
  if (got < 0) throw Error::from_errno("read", "KVM's counters");
  if (static_cast<std::size_t>(got) != size) throw Error("read", "KVM's counters", "their descriptions end early");
}

// Events that are added up; not times, sizes, peaks, momentary values or histograms.
bool counts_events(const kvm_stats_desc& description) {
  return (description.flags & KVM_STATS_TYPE_MASK) == KVM_STATS_TYPE_CUMULATIVE &&
         (description.flags & KVM_STATS_UNIT_MASK) == KVM_STATS_UNIT_NONE && description.size == 1;
}

}  // namespace

Statistics::Statistics(int owner) : fd_(::ioctl(owner, KVM_GET_STATS_FD, 0UL)) {
  if (!fd_) {
    if (errno != ENOTTY && errno != EINVAL) throw Error::from_errno("open", "KVM's counters");
    return;
  }
  kvm_stats_header header;
  read_exactly(fd_.get(), &header, sizeof header, 0);
  if (header.name_size == 0 || header.name_size > kMaxNameSize || header.num_desc > kMaxDescriptions) {
    throw Error("read", "KVM's counters", "their descriptions are too large");
  }
  // Each description is followed by its name, in a field of name_size bytes.
  const std::size_t stride = sizeof(kvm_stats_desc) + header.name_size;
  std::vector<char> table(stride * header.num_desc);
  read_exactly(fd_.get(), table.data(), table.size(), header.desc_offset);
  for (std::size_t i = 0; i < header.num_desc; ++i) {
    kvm_stats_desc description;
    std::memcpy(&description, table.data() + i * stride, sizeof description);
    if (!counts_events(description)) continue;
    const char* name = table.data() + i * stride + sizeof description;
    descriptions_.push_back(
        {std::string(name, ::strnlen(name, header.name_size)), std::size_t{header.data_offset} + description.offset});
  }
}

std::vector<Counter> Statistics::read() const {
  std::vector<Counter> counters;
  counters.reserve(descriptions_.size());
  for (const Description& description : descriptions_) {
    std::uint64_t value = 0;
    if (::pread(fd_.get(), &value, sizeof value, static_cast<off_t>(description.offset)) != sizeof value) continue;
    counters.push_back({description.name, value});
  }
  return counters;
}

}  // namespace husk::kvm
