#include "tools/compare/payload/text.h"

#include "tools/compare/payload/bench.h"

namespace husk::payload {

bool equal(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

bool parse(const char* text, uint64_t& number) {
  constexpr uint64_t kMost = 1'000'000'000'000'000;
  number = 0;
  for (const char* at = text; *at != 0; ++at) {
    if (*at < '0' || *at > '9') return false;
    number = number * 10 + static_cast<uint64_t>(*at - '0');
    if (number > kMost) return false;
  }
  return *text != 0;
}

void Line::append(char character) {
  // One place is kept for the end of the line.
  if (size_ + 1 < kCapacity) text_[size_++] = character;
}

void Line::append_padded(uint64_t number, unsigned digits) {
  if (number >= 10 || digits > 1) append_padded(number / 10, digits > 1 ? digits - 1 : 1);
  append(static_cast<char>('0' + number % 10));
}

Line& Line::operator<<(const char* text) {
  while (*text != 0) append(*text++);
  return *this;
}

Line& Line::operator<<(uint64_t number) {
  append_padded(number, 1);
  return *this;
}

Line& Line::operator<<(double number) {
  constexpr unsigned kMostDecimals = 9;
  constexpr double kFourDigits = 1000;
  unsigned decimals = 0;
  uint64_t scale = 1;
  while (number * static_cast<double>(scale) < kFourDigits && decimals < kMostDecimals) {
    scale *= 10;
    ++decimals;
  }
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): never negative, and lround is libm's
  const auto scaled = static_cast<uint64_t>(number * static_cast<double>(scale) + 0.5);
  *this << scaled / scale;
  if (decimals > 0) {
    append('.');
    append_padded(scaled % scale, decimals);
  }
  return *this;
}

Line& Line::error(long number) {
  if (number == kNoErrorNumber) return *this << "it failed";
  if (const char* name = error_name(number)) return *this << name;
  return *this << "error " << static_cast<uint64_t>(-number);
}

bool Line::send(int descriptor) {
  text_[size_++] = '\n';
  const bool complete = write_some(descriptor, text_, size_) == static_cast<long>(size_);
  size_ = 0;
  return complete;
}

}  // namespace husk::payload
