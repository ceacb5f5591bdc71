// How many frames the objects of one owner may have together: the files of a tmpfs with a size.
#pragma once

#include <cstdint>

#include "lib/ref.h"

namespace kernel::mm {

class FrameAllowance final : public RefCounted {
 public:
  explicit FrameAllowance(std::uint64_t limit) : limit_(limit) {}

  std::uint64_t limit() const { return limit_; }
  std::uint64_t used() const { return used_; }
  std::uint64_t left() const { return used_ < limit_ ? limit_ - used_ : 0; }
  // May be below what is used: then there is nothing more until enough was given back.
  void set_limit(std::uint64_t limit) { limit_ = limit; }

  bool take() {
    if (used_ >= limit_) return false;
    ++used_;
    return true;
  }
  void give_back() { --used_; }

 private:
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
};

}  // namespace kernel::mm
