// husk-import: reads a container image and writes EROFS images of its layers and of it, or the other way round. Only husk
// starts it (vmm/image/container_image.cc, export_image.cc); a program of its own so that what unpacks and parses is no part of what `husk run` starts.
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
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text_lines.h"
#include "vmm/config/image_config_text.h"
#include "vmm/error.h"
#include "vmm/image/confinement.h"
#include "vmm/image/helper.h"
#include "vmm/image/import_protocol.h"
#include "vmm/oci/decompress.h"
#include "vmm/oci/export_image.h"
#include "vmm/oci/import_layers.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

struct Job {
  std::string_view task;
  std::string_view layout;
  std::string reference;
  int input = -1, output = -1, spool = -1;
  std::uint64_t most_bytes = 0;
  uid_t user = 0;
  pid_t parent = 0;
  std::optional<cache::Digest> image;  // which one it has to be
  std::string_view layers;
};

template <typename Number>
Number number_of(std::string_view all) {
  Number value{};
  const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
  if (error != std::errc() || end != all.data() + all.size()) {
    throw Error("start", "husk-import", "its arguments are not husk's", "use husk image import");
  }
  return value;
}

Job parse(int count, char** arguments) {
  if (count != 12) throw Error("start", "husk-import", "its arguments are not husk's", "use husk image import");
  return {.task = arguments[1],
          .layout = arguments[2],
          .reference = arguments[3],
          .input = number_of<int>(arguments[4]),
          .output = number_of<int>(arguments[5]),
          .spool = number_of<int>(arguments[6]),
          .most_bytes = number_of<std::uint64_t>(arguments[7]),
          .user = number_of<uid_t>(arguments[8]),
          .parent = number_of<pid_t>(arguments[9]),
          .image = cache::from_hex(arguments[10]),
          .layers = arguments[11]};
}

// Of an index that is made or read: the layers' images.
std::vector<int> layer_descriptors(const Job& job) {
  std::vector<int> descriptors;
  const bool has_layers = job.task == image::kIndexTask || job.task == image::kExportTask;
  std::string_view left = has_layers ? job.layers : std::string_view();
  while (!left.empty()) descriptors.push_back(number_of<int>(take_field(left, ',')));
  return descriptors;
}

bool is_directory(const Job& job) {
  return job.layout == image::kOciDirectory || job.layout == image::kSkopeoDirectory;
}

void confine(const Job& job) {
  std::vector<int> files = layer_descriptors(job);
  for (const int file : {job.input, job.output, job.spool}) {
    if (file >= 0) files.push_back(file);
  }
  const image::ImportConfinement confinement{.directory = is_directory(job) ? job.input : -1,
                                             .files = std::move(files),
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

void say(std::string_view what, std::string_view value) {
  std::printf("%.*s%.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(value.size()), value.data());
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
  say(image::kSaysSpooled, {});
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

// A file that no name leads to any more: the first one, so it begins in the image's second block.
void put_configuration(std::string_view text, image::erofs::ErofsWriter& writer) {
  using image::erofs::NodeId;
  writer.begin_file(NodeId::kRoot, "configuration", {.mode = S_IFREG});
  writer.append(std::as_bytes(std::span(text)));
  writer.end_file();
  writer.remove(NodeId::kRoot, "configuration");
}

image::erofs::Uuid uuid_of(const cache::Digest& digest) {
  image::erofs::Uuid uuid{};
  std::copy_n(digest.begin(), uuid.size(), uuid.begin());
  return uuid;
}

image::erofs::Limits limits_of(const Job& job) {
  return {.image = std::min(job.most_bytes, kMaxImage), .memory = kMaxTreeMemory};
}

void report(const Image& found) {
  say(image::kSaysImage, cache::to_hex(found.config_digest));
  for (const cache::Digest& layer : different_layers(found)) say(image::kSaysLayer, cache::to_hex(layer));
}

void write_layer(const Job& job, ImageFiles& files, const Image& found) {
  std::string_view most = job.layers;
  const auto number = number_of<std::size_t>(take_field(most, ':'));
  const std::vector<cache::Digest> different = different_layers(found);
  if (number >= different.size()) throw Error("use", "the image", "it has fewer layers");
  const auto layer = std::ranges::find(found.layers, different[number], &Layer::diff_id);
  image::erofs::ErofsWriter writer(job.output, {.uuid = uuid_of(layer->diff_id), .limits = limits_of(job)});
  const auto index = static_cast<std::size_t>(layer - found.layers.begin());
  const std::uint64_t bytes =
      import_layer(files, found, index, std::min(number_of<std::uint64_t>(most), kMaxUnpacked), writer);
  writer.finish();
  say(image::kSaysUnpacked, std::to_string(bytes));
}

void write_index(const Job& job, const Image& found) {
  const std::string text = config::image_config_text(found.config);
  const std::vector<cache::Digest> different = different_layers(found);
  std::vector<image::erofs::Reader> layers;
  std::vector<image::erofs::Device> devices;
  std::uint64_t bytes = 0;
  for (const int descriptor : layer_descriptors(job)) {
    const image::erofs::Reader& layer = layers.emplace_back(descriptor, std::vector<int>());
    if (!layer.devices().empty() || layers.size() > different.size()) throw Error("use", "a layer", "it is none");
    image::erofs::Device& device = devices.emplace_back();
    device.tag = different[layers.size() - 1];
    device.blocks = layer.blocks();
    bytes += layer.blocks() * image::erofs::kBlock;
  }
  if (layers.size() != different.size()) throw Error("use", "the image", "it has more layers");
  if (bytes > kMaxImage) throw Error("use", "the image", "its layers have more than 64 GiB");
  image::erofs::ErofsWriter writer(
      job.output, {.uuid = uuid_of(found.config_digest), .limits = limits_of(job), .devices = std::move(devices)});
  put_configuration(text, writer);
  merge_layers(found, layers, writer);
  writer.finish();
  say(image::kSaysConfig, std::to_string(text.size()));
}

std::string read_configuration_text(int fd) {
  StreamSource source(fd, "the image's configuration");
  std::string text(config::kMaxImageConfigText + 1, '\0');
  std::size_t size = 0;
  while (const std::size_t got = source.read(std::as_writable_bytes(std::span(text).subspan(size)))) size += got;
  text.resize(size);
  return text;
}

void write_archive(const Job& job) {
  const auto config = config::parse_image_config_text(read_configuration_text(job.spool));
  if (!config) throw Error("understand", "the image's configuration", "it is none of husk's");
  const image::erofs::Reader reader(job.input, layer_descriptors(job));
  FileSink sink(job.output, "the archive");
  const LeftOut left_out = export_image(reader, *config, job.reference, sink);
  sink.flush();
  if (left_out.sockets != 0) say(image::kSaysSockets, std::to_string(left_out.sockets) + " " + left_out.first);
}

void run(const Job& job) {
  if (job.task == image::kExportTask) return write_archive(job);
  const std::unique_ptr<ImageFiles> files = open_files(job);
  const Image found = find_image(*files, layout_of(job, *files), job.reference);
  static_cast<void>(config::image_config_text(found.config));  // refuses what it cannot hold, before layers are read
  if (job.task == image::kFindTask) return report(found);
  if (job.image != found.config_digest) throw Error("use", "the image", "it has changed meanwhile", "try again");
  if (job.task == image::kLayerTask) return write_layer(job, *files, found);
  write_index(job, found);
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
