// A growable array whose growth can fail: push_back and insert return a Result.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "lib/result.h"

namespace kernel {

template <typename T>
class Vector {
 public:
  Vector() = default;
  Vector(Vector&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Vector& operator=(Vector&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  Vector(const Vector&) = delete;
  Vector& operator=(const Vector&) = delete;
  ~Vector() {
    clear();
    ::operator delete(data_);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T& back() { return data_[size_ - 1]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }

  Result<void> reserve(std::size_t capacity) {
    if (capacity <= capacity_) return {};
    auto* bigger = static_cast<T*>(::operator new(capacity * sizeof(T), std::nothrow));
    if (!bigger) return Errno::kNoMem;
    for (std::size_t i = 0; i < size_; ++i) {
      new (&bigger[i]) T(std::move(data_[i]));
      data_[i].~T();
    }
    ::operator delete(data_);
    data_ = bigger;
    capacity_ = capacity;
    return {};
  }
  // For who grows step by step: at least doubles, so that n steps move each element a constant number of times. Exactly
  // what is asked for the first time, and where memory for more is lacking.
  Result<void> reserve_for(std::size_t size) {
    if (size <= capacity_) return {};
    if (size < capacity_ * 2 && reserve(capacity_ * 2)) return {};
    return reserve(size);
  }
  Result<void> push_back(T value) { return insert(size_, std::move(value)); }
  // Moves the elements from `index` on up by one.
  Result<void> insert(std::size_t index, T value) {
    if (size_ == capacity_) TRY(reserve_for(capacity_ ? size_ + 1 : 4));
    if (index == size_) {
      new (&data_[size_]) T(std::move(value));
    } else {
      new (&data_[size_]) T(std::move(data_[size_ - 1]));
      for (std::size_t i = size_ - 1; i > index; --i) data_[i] = std::move(data_[i - 1]);
      data_[index] = std::move(value);
    }
    ++size_;
    return {};
  }
  // Copies plain data to the end.
  Result<void> append(std::span<const T> values) requires std::is_trivially_copyable_v<T> {
    constexpr std::size_t kLargest = std::size_t{1}
                                     << 40;  // beyond any RAM; also tells the compiler that sizes are sane
    if (values.empty()) return {};
    if (values.size_bytes() > kLargest) return Errno::kNoMem;
    TRY(reserve_for(size_ + values.size()));
    __builtin_memcpy(data_ + size_, values.data(), values.size_bytes());
    size_ += values.size();
    return {};
  }
  // Removes [first, last).
  void erase(std::size_t first, std::size_t last) {
    const std::size_t count = last - first;
    for (std::size_t i = first; i + count < size_; ++i) data_[i] = std::move(data_[i + count]);
    shrink(size_ - count);
  }
  void erase(std::size_t index) { erase(index, index + 1); }
  void pop_back() { shrink(size_ - 1); }
  void shrink(std::size_t size) {
    while (size_ > size) data_[--size_].~T();
  }
  void clear() { shrink(0); }
  // Grows with value-initialised elements or shrinks.
  Result<void> resize(std::size_t size) {
    if (size < size_) shrink(size);
    TRY(reserve_for(size));
    while (size_ < size) new (&data_[size_++]) T();
    return {};
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace kernel
