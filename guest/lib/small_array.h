// An array whose length is settled once, at run time: a few elements lie in the object itself (on the stack of a system
// call, say), more are allocated together. Elements stay where they are, so they may be on lists.
#pragma once

#include <cstddef>
#include <new>
#include <span>

#include "lib/result.h"

namespace kernel {

template <typename T, std::size_t Few>
class SmallArray {
 public:
  SmallArray() = default;
  SmallArray(const SmallArray&) = delete;
  SmallArray& operator=(const SmallArray&) = delete;
  ~SmallArray() {
    while (size_ > 0) data_[--size_].~T();
    if (data_ != few()) ::operator delete(data_);
  }

  // Once: default-constructs `size` elements. kNoMem.
  Result<void> make(std::size_t size) {
    if (size > Few) {
      std::size_t bytes;
      if (__builtin_mul_overflow(size, sizeof(T), &bytes)) return Errno::kNoMem;
      auto* many = static_cast<T*>(::operator new(bytes, std::nothrow));
      if (!many) return Errno::kNoMem;
      data_ = many;
    }
    while (size_ < size) new (&data_[size_++]) T();
    return {};
  }

  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  std::span<T> span() { return {data_, size_}; }

 private:
  T* few() { return reinterpret_cast<T*>(storage_); }

  alignas(T) std::byte storage_[Few * sizeof(T)];
  T* data_ = few();
  std::size_t size_ = 0;
};

}  // namespace kernel
