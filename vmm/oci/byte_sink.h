// Where bytes go, in one direction: what an archive is written through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/cache/sha256.h"

namespace husk::oci {

class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;

  virtual void write(std::span<const std::byte> bytes) = 0;  // throws husk::Error
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
};

// An open file or pipe. What is written is complete after flush().
class FileSink : public ByteSink {
 public:
  // `name` is for messages. The descriptor is the caller's.
  FileSink(int fd, std::string name);

  using ByteSink::write;
  void write(std::span<const std::byte> bytes) override;
  void flush();

 private:
  void put(std::span<const std::byte> bytes) const;

  int fd_;
  std::string name_;
  std::vector<std::byte> buffer_;
};

// Keeps nothing but how many bytes there were, and their hash.
class HashingSink : public ByteSink {
 public:
  using ByteSink::write;
  void write(std::span<const std::byte> bytes) override {
    count_ += bytes.size();
    hash_.update(bytes);
  }
  std::uint64_t count() const { return count_; }
  cache::Digest finish() { return hash_.finish(); }

 private:
  std::uint64_t count_ = 0;
  cache::Sha256 hash_;
};

}  // namespace husk::oci
