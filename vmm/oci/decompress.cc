#include "vmm/oci/decompress.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "vmm/error.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

constexpr std::size_t kInput = 128 * 1024;
constexpr std::size_t kLongestMagic = 6;

struct Format {
  std::string_view magic;
  std::string_view name;
};
constexpr std::string_view kGzip("\x1f\x8b", 2);
constexpr std::string_view kZstd("\x28\xb5\x2f\xfd", 4);
constexpr std::array kOthers = {Format{std::string_view("\xfd"
                                                        "7zXZ\0",
                                                        6),
                                       "xz"},
                                Format{"BZh", "bzip2"}, Format{std::string_view("\x04\x22\x4d\x18", 4), "lz4"}};

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

// zstd's skippable frames (RFC 8878, 3.1.2) may come first.
bool is_zstd(std::span<const std::byte> bytes) {
  return begins_with(bytes, kZstd) || (bytes.size() >= 4 && (static_cast<unsigned>(bytes[0]) & 0xf0) == 0x50 &&
                                       begins_with(bytes.subspan(1), std::string_view("\x2a\x4d\x18", 3)));
}

// The packed bytes, of which some have been looked at already.
class Input {
 public:
  explicit Input(ByteSource& source) : source_(source), buffer_(kInput) {
    while (end_ < kLongestMagic && !at_end_) refill();
  }

  std::span<const std::byte> bytes() const { return std::span(buffer_).subspan(begin_, end_ - begin_); }
  void take(std::size_t count) { begin_ += count; }

  // False when there is nothing more.
  bool fill() {
    if (begin_ == end_ && !at_end_) {
      begin_ = end_ = 0;
      refill();
    }
    return begin_ != end_;
  }

  // Past the buffer, once that is used up.
  ByteSource& source() { return source_; }

 private:
  void refill() {
    const std::size_t got = source_.read(std::span(buffer_).subspan(end_));
    at_end_ = got == 0;
    end_ += got;
  }

  ByteSource& source_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  bool at_end_ = false;
};

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(std::unique_ptr<Input> input) : input_(std::move(input)) {}

  std::size_t read(std::span<std::byte> into) override {
    const std::span<const std::byte> ready = input_->bytes();
    if (ready.empty()) return input_->source().read(into);
    const std::size_t count = std::min(ready.size(), into.size());
    std::memcpy(into.data(), ready.data(), count);
    input_->take(count);
    return count;
  }

 private:
  std::unique_ptr<Input> input_;
};

class GzipSource : public ByteSource {
 public:
  GzipSource(std::unique_ptr<Input> input, std::string name) : input_(std::move(input)), name_(std::move(name)) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (::inflateInit2(&stream_, kGzipOnly) != Z_OK) throw Error("unpack", name_, "there is not enough memory");
  }
  ~GzipSource() override { ::inflateEnd(&stream_); }

  std::size_t read(std::span<std::byte> into) override {
    if (into.empty()) return 0;
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(into.size(), 1u << 30));
    const uInt room = stream_.avail_out;
    while (stream_.avail_out == room) {
      // A full buffer may have left bytes within, for which there is no more input to wait for.
      const bool has_input = input_->fill();
      if (between_members_) {
        if (!has_input) return 0;
        ::inflateReset(&stream_);
        between_members_ = false;
      }
      step();
      if (!has_input && stream_.avail_out == room && !between_members_) {
        throw Error("unpack", name_, "its gzip stream ends too early");
      }
    }
    return room - stream_.avail_out;
  }

 private:
  void step() {
    const std::span<const std::byte> ready = input_->bytes();
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(ready.data()));
    stream_.avail_in = static_cast<uInt>(ready.size());
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    input_->take(ready.size() - stream_.avail_in);
    if (result == Z_STREAM_END) {
      between_members_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      throw Error("unpack", name_,
                  "it is no good gzip: " + std::string(stream_.msg != nullptr ? stream_.msg : "unknown error"));
    }
  }

  std::unique_ptr<Input> input_;
  std::string name_;
  z_stream stream_{};
  bool between_members_ = false;
};

class ZstdSource : public ByteSource {
 public:
  ZstdSource(std::unique_ptr<Input> input, std::string name)
      : input_(std::move(input)), name_(std::move(name)), stream_(::ZSTD_createDCtx(), &::ZSTD_freeDCtx) {
    if (stream_ == nullptr) throw Error("unpack", name_, "there is not enough memory");
    ::ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  }

  std::size_t read(std::span<std::byte> into) override {
    if (into.empty()) return 0;
    ZSTD_outBuffer out{.dst = into.data(), .size = into.size(), .pos = 0};
    while (out.pos == 0) {
      // A full buffer may have left bytes within, for which there is no more input to wait for.
      const bool has_input = input_->fill();
      if (!has_input && !within_frame_) return 0;
      const std::span<const std::byte> ready = input_->bytes();
      ZSTD_inBuffer in{.src = ready.data(), .size = ready.size(), .pos = 0};
      const std::size_t result = ::ZSTD_decompressStream(stream_.get(), &out, &in);
      if (::ZSTD_isError(result) != 0) {
        throw Error("unpack", name_, "it is no good zstd: " + std::string(::ZSTD_getErrorName(result)));
      }
      input_->take(in.pos);
      within_frame_ = result != 0;
      if (!has_input && out.pos == 0 && within_frame_) throw Error("unpack", name_, "its zstd stream ends too early");
    }
    return out.pos;
  }

 private:
  std::unique_ptr<Input> input_;
  std::string name_;
  std::unique_ptr<ZSTD_DCtx, decltype(&::ZSTD_freeDCtx)> stream_;
  bool within_frame_ = false;
};

}  // namespace

bool is_packed(std::span<const std::byte> begin) {
  return begins_with(begin, kGzip) || is_zstd(begin) ||
         std::ranges::any_of(kOthers, [&](const Format& other) { return begins_with(begin, other.magic); });
}

std::unique_ptr<ByteSource> unpack(ByteSource& packed, const std::string& name) {
  auto input = std::make_unique<Input>(packed);
  const std::span<const std::byte> begin = input->bytes();
  for (const Format& other : kOthers) {
    if (begins_with(begin, other.magic)) {
      throw Error("unpack", name,
                  "it is compressed with " + std::string(other.name) + ", and layers are with gzip or zstd");
    }
  }
  if (begins_with(begin, kGzip)) return std::make_unique<GzipSource>(std::move(input), name);
  if (is_zstd(begin)) return std::make_unique<ZstdSource>(std::move(input), name);
  return std::make_unique<PlainSource>(std::move(input));
}

}  // namespace husk::oci
