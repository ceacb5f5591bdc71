// husk-import: reads a container image and writes an EROFS image of it. Only husk starts it (vmm/image/container_image.cc);
// a program of its own so that what unpacks and parses is no part of what `husk run` starts.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "vmm/config/image_config_text.h"
#include "vmm/error.h"
#include "vmm/image/confinement.h"
#include "vmm/image/helper.h"
#include "vmm/image/import_protocol.h"
#include "vmm/oci/decompress.h"
#include "vmm/oci/import_layers.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

struct Job {
  std::string_view layout;
  std::string reference;
  int input = -1, output = -1, spool = -1;
  std::uint64_t most_bytes = 0;
  uid_t user = 0;
  pid_t parent = 0;
};

template <typename Number>
Number number_of(const char* text) {
  Number value{};
  const std::string_view all(text);
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
  if (error != std::errc() || end != all.data() + all.size()) {
    throw Error("start", "husk-import", "its arguments are not husk's", "use husk image import");
  }
  return value;
}

Job parse(int count, char** arguments) {
  if (count != 9) throw Error("start", "husk-import", "its arguments are not husk's", "use husk image import");
  return {.layout = arguments[1],
          .reference = arguments[2],
          .input = number_of<int>(arguments[3]),
          .output = number_of<int>(arguments[4]),
          .spool = number_of<int>(arguments[5]),
          .most_bytes = number_of<std::uint64_t>(arguments[6]),
          .user = number_of<uid_t>(arguments[7]),
          .parent = number_of<pid_t>(arguments[8])};
}

bool is_directory(const Job& job) {
  return job.layout == image::kOciDirectory || job.layout == image::kSkopeoDirectory;
}

void confine(const Job& job) {
  const image::ImportConfinement confinement{.directory = is_directory(job) ? job.input : -1,
                                             .files = {job.input, job.output, job.spool},
                                             .most_bytes = job.most_bytes,
                                             .most_memory = kMaxMemory,
                                             .user = job.user};
  image::enter_import_confinement(confinement, job.parent);
}

void write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) throw Error::from_errno("keep", "the archive for the time of its import");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

// What can be read at any place: the archive itself, or all of it, unpacked, in the file that husk has made for that. (The
// order of an archive's files is its maker's affair: podman's have the list of layers last.)
int seekable(const Job& job) {
  struct stat status {};
  if (::fstat(job.input, &status) != 0) throw Error::from_errno("look at", "the archive");
  std::array<std::byte, 8> begin{};
  if (S_ISREG(status.st_mode)) {
    const ssize_t got = ::pread(job.input, begin.data(), begin.size(), 0);
    if (got < 0) throw Error::from_errno("read", "the archive");
    if (!is_packed(std::span(begin).first(static_cast<std::size_t>(got)))) return job.input;
  }
  StreamSource stream(job.input, "the archive");
  const std::unique_ptr<ByteSource> source = unpack(stream, "the archive");
  std::vector<std::byte> buffer(256 * 1024);
  while (const std::size_t got = source->read(buffer)) write_all(job.spool, std::span(buffer).first(got));
  return job.spool;
}

std::unique_ptr<ImageFiles> open_files(const Job& job) {
  if (is_directory(job)) return std::make_unique<DirectoryFiles>(job.input);
  const int fd = seekable(job);
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw Error::from_errno("look at", "the archive");
  return std::make_unique<ArchiveFiles>(fd, static_cast<std::uint64_t>(status.st_size));
}

Layout layout_of(const Job& job, ImageFiles& files) {
  if (job.layout == image::kOciDirectory || job.layout == image::kOciArchive) return Layout::kOci;
  if (job.layout == image::kSkopeoDirectory) return Layout::kDir;
  if (job.layout == image::kDockerArchive) return Layout::kDocker;
  return detect_layout(files);
}

// Whether husk wants the image.
bool is_wanted(const Image& found) {
  std::printf("%.*s%s\n", static_cast<int>(image::kSaysImage.size()), image::kSaysImage.data(),
              cache::to_hex(found.config_digest).c_str());
  std::fflush(stdout);
  char answer = 0;
  ssize_t got = 0;
  do {
    got = ::read(STDIN_FILENO, &answer, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

// A file that no name leads to any more: the first one, so it begins in the image's second block.
void put_configuration(std::string_view text, image::erofs::ErofsWriter& writer) {
  using image::erofs::NodeId;
  writer.begin_file(NodeId::kRoot, "configuration", {.mode = S_IFREG});
  writer.append(std::as_bytes(std::span(text)));
  writer.end_file();
  writer.remove(NodeId::kRoot, "configuration");
}

void run(const Job& job) {
  const std::unique_ptr<ImageFiles> files = open_files(job);
  const Image found = find_image(*files, layout_of(job, *files), job.reference);
  const std::string text = config::image_config_text(found.config);
  if (!is_wanted(found)) return;
  image::erofs::Uuid uuid{};
  std::copy_n(found.config_digest.begin(), uuid.size(), uuid.begin());
  image::erofs::ErofsWriter writer(
      job.output, {.uuid = uuid, .limits = {.image = std::min(job.most_bytes, kMaxImage), .memory = kMaxTreeMemory}});
  put_configuration(text, writer);
  import_layers(*files, found, writer);
  writer.finish();
  std::printf("%.*s%zu\n", static_cast<int>(image::kSaysConfig.size()), image::kSaysConfig.data(), text.size());
}

int main_guarded(int count, char** arguments) {
  try {
    const Job job = parse(count, arguments);
    confine(job);
    run(job);
    return std::fflush(stdout) == 0 ? 0 : 1;
  } catch (const std::bad_alloc&) {
    image::helper_complaint("it takes more memory than an import may have");
  } catch (const std::exception& error) {
    image::helper_complaint(error.what());
  }
  return 1;
}

}  // namespace
}  // namespace husk::oci

int main(int argc, char** argv) {
  return husk::oci::main_guarded(argc, argv);
}
