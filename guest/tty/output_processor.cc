#include "tty/output_processor.h"

namespace kernel::tty {

// Linux's do_output_char(): with OPOST only.
std::size_t OutputProcessor::process(const Termios& settings, std::uint8_t c, char* out) {
  const std::uint32_t flags = settings.output_flags;
  if (!(flags & kOPost)) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  switch (c) {
    case '\n':
      if (flags & kONlRet) column_ = 0;
      if (flags & kONlCr) {
        line_begin_ = column_ = 0;
        out[0] = '\r';
        out[1] = '\n';
        return 2;
      }
      line_begin_ = column_;
      break;
    case '\r':
      if ((flags & kONoCr) && column_ == 0) return 0;
      if (flags & kOCrNl) {
        c = '\n';
        if (flags & kONlRet) line_begin_ = column_ = 0;
        break;
      }
      line_begin_ = column_ = 0;
      break;
    case '\t': {
      const unsigned spaces = 8 - (column_ & 7);
      column_ += spaces;
      if ((flags & kTabDelay) != kTabsToSpaces) break;
      for (unsigned i = 0; i < spaces; ++i) out[i] = ' ';
      return spaces;
    }
    case '\b':
      go_back();
      break;
    default:
      if (is_control(c)) break;
      if (flags & kOLcUc) c = to_upper(c);
      if (!(settings.input_flags & kIUtf8) || !is_utf8_continuation(c)) ++column_;
  }
  out[0] = static_cast<char>(c);
  return 1;
}

}  // namespace kernel::tty
