// Text formatting without allocation: `{}` takes the next argument, `{x}` prints an integer in hexadecimal, `{o}` in
// octal.
//
//   FixedText<64> text;
//   text.print("{} of {}", used, total);
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kernel {

class FormatArgument {
 public:
  FormatArgument(std::string_view text) : kind_(Kind::kText), text_(text) {}    // NOLINT(google-explicit-constructor)
  FormatArgument(const char* text) : FormatArgument(std::string_view(text)) {}  // NOLINT
  // Only a char: what converts to a number would else be printed as one character.
  template <std::same_as<char> T>
  FormatArgument(T c) : kind_(Kind::kChar), number_(static_cast<unsigned char>(c)) {}  // NOLINT
  template <std::signed_integral T>
  requires(!std::same_as<T, char>) FormatArgument(T value)
      : kind_(Kind::kSigned), number_(static_cast<std::uint64_t>(static_cast<std::int64_t>(value))) {}  // NOLINT
  template <std::unsigned_integral T>
  FormatArgument(T value) : kind_(Kind::kUnsigned), number_(value) {}  // NOLINT
  FormatArgument(const void* pointer)
      : kind_(Kind::kUnsigned), number_(reinterpret_cast<std::uint64_t>(pointer)) {}  // NOLINT

 private:
  friend class TextSink;
  enum class Kind : std::uint8_t { kText, kChar, kSigned, kUnsigned };
  Kind kind_;
  std::uint64_t number_ = 0;
  std::string_view text_;
};

// Where formatted characters go; what does not fit is counted but dropped.
class TextSink {
 public:
  explicit TextSink(std::span<char> storage) : storage_(storage) {}
  template <typename... Args>
  void print(std::string_view format, const Args&... args) {
    const FormatArgument list[sizeof...(Args) + 1] = {FormatArgument(args)..., FormatArgument('\0')};
    print_arguments(format, {list, sizeof...(Args)});
  }
  void put(std::string_view text);
  // Decimal or other base, padded on the left to `width` with `pad`.
  void put_number(std::uint64_t value, unsigned base = 10, unsigned width = 0, char pad = '0');
  std::string_view view() const { return {storage_.data(), length_}; }
  bool truncated() const { return truncated_; }
  void clear() { length_ = 0; }

 private:
  void print_arguments(std::string_view format, std::span<const FormatArgument> args);
  std::span<char> storage_;
  std::size_t length_ = 0;
  bool truncated_ = false;
};

template <std::size_t Size>
class FixedText : public TextSink {
 public:
  FixedText() : TextSink(buffer_) {}
  FixedText(const FixedText&) = delete;
  FixedText& operator=(const FixedText&) = delete;

 private:
  char buffer_[Size];
};

}  // namespace kernel
