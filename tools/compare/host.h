// The machine that a comparison was made on.
#pragma once

#include <cstdint>
#include <string>

namespace husk::compare {

struct Host {
  std::string cpu_model;
  unsigned cores = 0;  // online
  std::uint64_t memory_bytes = 0;
  std::string kernel;  // name and release
  std::string os;      // PRETTY_NAME of os-release(5)
  // What implements /dev/kvm: "vmx", "svm", "pvm" (page tables in software, CPL 0 emulated), "none" or "unknown".
  std::string kvm_backend;
  double load = 0;  // of the last minute, before the comparison
};

Host describe_host();

}  // namespace husk::compare
