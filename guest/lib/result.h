// Result<T>: a value or an errno. The guest kernel has no exceptions; every function that can fail returns one of
// these, and TRY passes a failure on to the caller.
//
//   Result<Ref<File>> open(...);
//   Ref<File> file = TRY(open(...));
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "lib/errno.h"

namespace kernel {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(Errno error) : error_(error) {}                                         // NOLINT(google-explicit-constructor)
  Result(T value) : error_(Errno::kNone) { new (&value_) T(std::move(value)); }  // NOLINT
  Result(Result&& other) noexcept : error_(other.error_) {
    if (ok()) new (&value_) T(std::move(other.value_));
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  Result& operator=(Result&& other) noexcept {
    if (this == &other) return *this;
    if (ok()) value_.~T();
    error_ = other.error_;
    if (ok()) new (&value_) T(std::move(other.value_));
    return *this;
  }
  ~Result() {
    if (ok()) value_.~T();
  }

  bool ok() const { return error_ == Errno::kNone; }
  explicit operator bool() const { return ok(); }
  Errno error() const { return error_; }
  T& value() { return value_; }
  const T& value() const { return value_; }
  T take() { return std::move(value_); }
  T value_or(T fallback) && { return ok() ? std::move(value_) : std::move(fallback); }

 private:
  Errno error_;
  union {
    T value_;
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Errno error) : error_(error) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return error_ == Errno::kNone; }
  explicit operator bool() const { return ok(); }
  Errno error() const { return error_; }
  void take() const {}

 private:
  Errno error_ = Errno::kNone;
};

}  // namespace kernel

// Evaluates to the value of `expression`, or returns its error from the enclosing function. A statement expression (a
// GNU extension) because no function can return from its caller.
#define TRY(expression) TRY_NAMED(expression, __COUNTER__)
// Each use has a variable name of its own, so that TRYs can be nested.
#define TRY_NAMED(expression, number) TRY_EXPANDED(expression, number)
#define TRY_EXPANDED(expression, number)                               \
  ({                                                                   \
    auto try_result_##number = (expression);                           \
    if (!try_result_##number.ok()) return try_result_##number.error(); \
    try_result_##number.take();                                        \
  })
