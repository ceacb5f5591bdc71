// Strings: an owned one whose creation can fail, and the memory functions that the compiler expects to find.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "lib/vector.h"

// The compiler emits calls to these four in any freestanding program (GCC manual, "Standards").
extern "C" {
void* memcpy(void* destination, const void* source, std::size_t size);
void* memmove(void* destination, const void* source, std::size_t size);
void* memset(void* destination, int value, std::size_t size);
int memcmp(const void* a, const void* b, std::size_t size);
std::size_t strlen(const char* text);
}

namespace kernel {

// Owned, immutable length once made; always NUL-terminated in storage.
class String {
 public:
  String() = default;
  static Result<String> from(std::string_view text) {
    String string;
    TRY(string.append(text));
    return string;
  }
  Result<String> clone() const { return from(view()); }
  Result<void> append(std::string_view text) {
    TRY(storage_.reserve_for(size() + text.size() + 1));
    if (!storage_.empty()) storage_.pop_back();
    TRY(storage_.append(text));
    return storage_.push_back('\0');
  }
  std::string_view view() const {
    return storage_.empty() ? std::string_view() : std::string_view(storage_.data(), storage_.size() - 1);
  }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  const char* c_str() const { return storage_.empty() ? "" : storage_.data(); }
  std::size_t size() const { return storage_.empty() ? 0 : storage_.size() - 1; }
  bool empty() const { return size() == 0; }

 private:
  Vector<char> storage_;
};

}  // namespace kernel
