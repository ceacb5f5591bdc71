// Lines of text without a libc.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace husk::payload {

bool equal(const char* a, const char* b);

// A decimal number without sign; false when it is something else, or too large.
bool parse(const char* text, uint64_t& number);

// One line, written with one write when it is sent. What does not fit is cut off.
class Line {
 public:
  Line& operator<<(const char* text);
  Line& operator<<(uint64_t number);
  // At least four significant digits.
  Line& operator<<(double number);
  // "ENOSYS", or "error 38" for an error number without a name here.
  Line& error(long number);

  // False when not all of it could be written.
  bool send(int descriptor);

 private:
  static constexpr size_t kCapacity = 256;

  void append(char character);
  void append_padded(uint64_t number, unsigned digits);

  char text_[kCapacity];
  size_t size_ = 0;
};

}  // namespace husk::payload
