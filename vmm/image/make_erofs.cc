#include "vmm/image/make_erofs.h"

#include <charconv>

#include "vmm/image/directory_source.h"
#include "vmm/image/erofs/writer.h"

namespace husk::image {
namespace {

// How much larger than expected an image may become: what extended attributes take, and alignment. Beyond it, files have
// grown.
constexpr std::uint64_t kSlack = 64 << 20;

std::uint64_t most_bytes(const ErofsJob& job) {
  return job.expected_bytes > ~std::uint64_t{0} - kSlack ? ~std::uint64_t{0} : job.expected_bytes + kSlack;
}

// A UUID that depends on the tree only, so that equal trees give equal file systems.
erofs::Uuid uuid_from(const std::string& digits) {
  erofs::Uuid uuid{};
  for (std::size_t i = 0; i < uuid.size() && 2 * i + 2 <= digits.size(); ++i) {
    std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, uuid[i], 16);
  }
  return uuid;
}

}  // namespace

void make_erofs_with(const ErofsJob& job, const HelperWork& work) {
  run_helper(
      {.task = "build the image of",
       .directory = job.directory,
       .image_fd = job.image_fd,
       .max_bytes = most_bytes(job),
       .notice = "building the image of " + job.directory + " (" + std::to_string(job.expected_bytes / 1'000'000) +
                 " MB); it is kept until the directory changes"},
      work);
}

void make_erofs(const ErofsJob& job) {
  make_erofs_with(job, [&job](int tree, int image) {
    erofs::ErofsWriter writer(image, {.uuid = uuid_from(job.uuid_seed), .limits = {.image = most_bytes(job)}});
    add_directory_tree(tree, job.directory, writer);
    writer.finish();
  });
}

}  // namespace husk::image
