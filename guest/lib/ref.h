// Intrusive reference counting. An object that several owners share derives from RefCounted and is held by Ref<T>.
//
// Counts are not atomic: the kernel is not preemptible and runs on one vCPU. With more vCPUs this file is where that
// changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "lib/result.h"

namespace kernel {

class RefCounted {
 public:
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;
  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) last_reference_dropped();
  }
  std::uint32_t references() const { return references_; }

 protected:
  RefCounted() = default;
  virtual ~RefCounted() = default;
  // Objects that live in a cache override this to stay alive without references.
  virtual void last_reference_dropped() { delete this; }

 private:
  std::uint32_t references_ = 0;
};

template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}  // NOLINT(google-explicit-constructor)
  explicit Ref(T* object) : object_(object) {
    if (object_) object_->retain();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <typename U>
  requires std::is_convertible_v<U*, T*> Ref(const Ref<U>& other)
      : Ref(static_cast<T*>(other.get())) {}  // NOLINT(google-explicit-constructor)
  template <typename U>
  requires std::is_convertible_v<U*, T*> Ref(Ref<U>&& other)
  noexcept : object_(other.leak()) {}  // NOLINT(google-explicit-constructor)
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const Ref& a, const Ref& b) { return a.object_ == b.object_; }
  // Gives up ownership without dropping the reference.
  T* leak() { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

template <typename T, typename... Args>
Result<Ref<T>> make_ref(Args&&... args) {
  T* object = new (std::nothrow) T(std::forward<Args>(args)...);
  if (!object) return Errno::kNoMem;
  return Ref<T>(object);
}

}  // namespace kernel
