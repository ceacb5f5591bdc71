#include "fs/text_file.h"

#include <algorithm>
#include <span>
#include <utility>

#include "fs/inode.h"

namespace kernel::fs {

namespace {

// Text that was generated once and is read at any offset; reading at the beginning makes it anew.
class OpenTextFile final : public StoredFile {
 public:
  OpenTextFile(Path path, std::uint32_t flags, TextSource& source)
      : StoredFile(std::move(path), flags), source_(source) {}
  Result<Ref<mm::MemoryObject>> memory_object() override { return Errno::kNoDev; }
  bool can_splice(Direction direction) const override {
    return direction == Direction::kRead && source_.can_splice_from();
  }
  Result<std::uint64_t> seek(std::int64_t offset, int whence) override {
    if (source_.has_end()) return StoredFile::seek(offset, whence);
    if (whence != kSeekSet && whence != kSeekCur) return Errno::kInval;
    const std::int64_t base = whence == kSeekCur ? static_cast<std::int64_t>(offset_) : 0;
    std::int64_t position;
    if (__builtin_add_overflow(base, offset, &position) || position < 0) return Errno::kInval;
    offset_ = static_cast<std::uint64_t>(position);
    return offset_;
  }

 private:
  struct Generated final : RefCounted {
    ProcText text;
  };

  Result<std::size_t> do_read(std::uint64_t offset, mm::IoBuffer& buffer) override {
    if (offset == 0 || !generated_) {
      auto made = TRY(make_ref<Generated>());
      TRY(source_.generate(made->text));
      TRY(made->text.status());
      generated_ = std::move(made);
    }
    // While the text is copied another task may read from the beginning and generate another one.
    const Ref<Generated> kept = generated_;
    if (offset >= kept->text.size()) return 0;
    const std::string_view rest = kept->text.view().substr(offset);
    return buffer.store(std::as_bytes(std::span(rest.data(), std::min(rest.size(), buffer.remaining()))));
  }
  Result<std::size_t> do_write(std::uint64_t, mm::IoBuffer& buffer) override {
    char text[64];
    const std::size_t given = buffer.remaining();
    const std::size_t count = TRY(buffer.load(std::as_writable_bytes(std::span(text, std::min(sizeof text, given)))));
    if (buffer.pending()) return Errno::kFault;  // it is accepted whole
    TRY(source_.accept({text, count}));
    return given;
  }

  TextSource& source_;  // lives as long as the inode, and so the path
  Ref<Generated> generated_;
};

}  // namespace

Result<Ref<File>> open_text_file(const Path& path, std::uint32_t flags, TextSource& source) {
  return Ref<File>(TRY(make_ref<OpenTextFile>(path, flags, source)));
}

}  // namespace kernel::fs
