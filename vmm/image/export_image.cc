#include "vmm/image/export_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "common/unique_fd.h"
#include "vmm/config/image_config_text.h"
#include "vmm/drawn_user.h"
#include "vmm/error.h"
#include "vmm/image/helper.h"
#include "vmm/image/image.h"
#include "vmm/image/import_protocol.h"
#include "vmm/image/named_image.h"
#include "vmm/log.h"

namespace husk::image {
namespace {

// What the caller wants to have written: no limit but the disk's.
constexpr const char* kMostBytes = "9223372036854775807";

// Where the archive goes. A file that is not finished is removed.
class Output {
 public:
  explicit Output(const std::string& file) : file_(file) {
    struct stat status {};
    if (file == "-") {
      if (::isatty(STDOUT_FILENO) != 0)
        throw Error("write", "an archive", "standard output is a terminal", "give a FILE");
      fd_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    } else if (::stat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      fd_.reset(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    } else {
      temporary_ = file + ".husk-" + std::to_string(::getpid());
      fd_.reset(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      if (!fd_) {
        const Error error = Error::from_errno("make", temporary_);
        temporary_.clear();  // somebody else's
        throw error;
      }
    }
    if (!fd_) throw Error::from_errno("open", file);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  int fd() const { return fd_.get(); }
  void finish() {
    if (temporary_.empty()) return;
    // Some file systems say only now that there was no room.
    if (::close(fd_.release()) != 0 || ::rename(temporary_.c_str(), file_.c_str()) != 0) {
      throw Error::from_errno("write", file_);
    }
    temporary_.clear();
  }

 private:
  const std::string& file_;
  std::string temporary_;
  UniqueFd fd_;
};

UniqueFd file_with(const std::string& text) {
  UniqueFd fd(::memfd_create("husk-configuration", MFD_CLOEXEC));
  if (!fd || ::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw Error::from_errno("keep", "the image's configuration");
  }
  return fd;
}

}  // namespace

void export_image(const std::string& source, const std::string& file, const CacheDir& cache) {
  const RootImage image = resolve(source, cache);
  const UniqueFd config =
      file_with(config::image_config_text(image.configuration.value_or(config::ImageConfig::of_directory())));
  Output output(file);
  std::vector<int> descriptors{image.fd.get(), output.fd(), config.get()};
  std::string layers;
  for (const RootImage::Layer& layer : image.layers) {
    descriptors.push_back(layer.fd.get());
    layers.append(layers.empty() ? "" : ",").append(std::to_string(layer.fd.get()));
  }
  run_helper_program(
      {.task = "export",
       .object = source,
       .notice = {},
       .name = "husk-import",
       .arguments = {std::string(kExportTask), "-", is_valid_name(source) ? source : std::string(),
                     std::to_string(image.fd.get()), std::to_string(output.fd()), std::to_string(config.get()),
                     kMostBytes, std::to_string(draw_user()), std::to_string(::getpid()), "-", layers},
       .descriptors = std::move(descriptors)},
      [&source](std::string_view line) {
        if (line.starts_with(kSaysSockets)) {
          log::write(log::Severity::kWarning, source + ": an archive cannot hold sockets, which are left out: " +
                                                  std::string(line.substr(kSaysSockets.size())));
        }
        return true;
      });
  output.finish();
}

}  // namespace husk::image
