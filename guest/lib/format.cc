#include "lib/format.h"

#include "lib/string.h"

namespace kernel {

void TextSink::put(std::string_view text) {
  std::size_t room = storage_.size() - length_;
  if (text.size() > room) truncated_ = true;
  const std::size_t count = text.size() < room ? text.size() : room;
  memcpy(storage_.data() + length_, text.data(), count);
  length_ += count;
}

void TextSink::put_number(std::uint64_t value, unsigned base, unsigned width, char pad) {
  char digits[64];
  std::size_t position = sizeof digits;
  do {
    digits[--position] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  while (sizeof digits - position < width && position > 0) digits[--position] = pad;
  put({digits + position, sizeof digits - position});
}

void TextSink::print_arguments(std::string_view format, std::span<const FormatArgument> args) {
  std::size_t next = 0;
  while (!format.empty()) {
    const std::size_t open = format.find('{');
    if (open == std::string_view::npos) break;
    put(format.substr(0, open));
    const std::size_t close = format.find('}', open);
    if (close == std::string_view::npos) return;
    const std::string_view spec = format.substr(open + 1, close - open - 1);
    format = format.substr(close + 1);
    if (next >= args.size()) continue;
    const FormatArgument& arg = args[next++];
    const unsigned base = spec == "x" ? 16 : spec == "o" ? 8 : 10;
    switch (arg.kind_) {
      case FormatArgument::Kind::kText:
        put(arg.text_);
        break;
      case FormatArgument::Kind::kChar: {
        const char c = static_cast<char>(arg.number_);
        put({&c, 1});
        break;
      }
      case FormatArgument::Kind::kSigned:
        if (base == 10 && static_cast<std::int64_t>(arg.number_) < 0) {
          put("-");
          put_number(0 - arg.number_);
          break;
        }
        [[fallthrough]];
      case FormatArgument::Kind::kUnsigned:
        put_number(arg.number_, base);
        break;
    }
  }
  put(format);
}

}  // namespace kernel
