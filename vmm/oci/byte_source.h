// Bytes in one direction: what a layer is read through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vmm/cache/sha256.h"

namespace husk::oci {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  // At least one byte; 0 at the end, and for nothing that is asked for. Throws husk::Error.
  virtual std::size_t read(std::span<std::byte> into) = 0;

  // Passes bytes over; an error if there are fewer.
  virtual void skip(std::uint64_t count);
};

// A part of an open file.
class FileSource : public ByteSource {
 public:
  // `name` is for messages. The descriptor is the caller's.
  FileSource(int fd, std::uint64_t offset, std::uint64_t size, std::string name)
      : fd_(fd), offset_(offset), left_(size), name_(std::move(name)) {}

  std::size_t read(std::span<std::byte> into) override;
  void skip(std::uint64_t count) override;

 private:
  int fd_;
  std::uint64_t offset_;
  std::uint64_t left_;
  std::string name_;
};

// What cannot be read at a place: a pipe.
class StreamSource : public ByteSource {
 public:
  StreamSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  std::size_t read(std::span<std::byte> into) override;

 private:
  int fd_;
  std::string name_;
};

// Passes on what it reads, counts it and hashes it.
class HashingSource : public ByteSource {
 public:
  // More than `most` bytes are an error.
  HashingSource(ByteSource& source, std::uint64_t most, std::string name)
      : source_(source), most_(most), name_(std::move(name)) {}

  std::size_t read(std::span<std::byte> into) override;
  std::uint64_t count() const { return count_; }
  // Reads what is left first.
  cache::Digest finish();

 private:
  ByteSource& source_;
  std::uint64_t most_;
  std::uint64_t count_ = 0;
  std::string name_;
  cache::Sha256 hash_;
};

}  // namespace husk::oci
