#include "vmm/cli/kernel_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <cerrno>
#include <memory>
#include <string>

#include "common/unique_fd.h"
#include "vmm/boot/kernel_file.h"
#include "vmm/error.h"

namespace husk::cli {
namespace {

void write_kernel(const std::string& path) {
  const boot::KernelFile kernel = boot::KernelFile::embedded();
  const bool standard_output = path == "-";
  const UniqueFd file(standard_output ? ::dup(STDOUT_FILENO)
                                      : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) throw Error::from_errno("write", path);
  std::span<const std::byte> rest = kernel.bytes();
  while (!rest.empty()) {
    const ssize_t count = ::write(file.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error::from_errno("write", path);
    rest = rest.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace

void add_kernel(CLI::App& app) {
  CLI::App* command = app.add_subcommand("kernel", "write the guest kernel to a file, for another VMM to boot");
  auto path = std::make_shared<std::string>();
  command->add_option("FILE", *path, "an ELF file with a PVH entry; - is standard output")->required();
  command->callback([path] { write_kernel(*path); });
}

}  // namespace husk::cli
