#include "boot/pvh/command_line.h"

#include <limits>

namespace kernel::pvh {
namespace {

constexpr std::string_view kDeviceKey = "virtio_mmio.device=";
constexpr std::uint64_t kMaxDeviceSize = 1 << 20;
constexpr std::uint64_t kDevicesEnd = std::uint64_t{1} << 32;
constexpr std::size_t kMaxHostName = 64;  // HOST_NAME_MAX, gethostname(2)

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Takes one word from `rest`, writes it without quotes to `out`, which is never ahead of `rest`, and a NUL behind it.
// Returns the word's end, or null if a quote is not closed.
char* take_word(char*& rest, const char* end, char* out) {
  bool quoted = false;
  while (rest < end && (quoted || !is_space(*rest))) {
    char c = *rest++;
    if (c == '"') {
      quoted = !quoted;
      continue;
    }
    if (quoted && c == '\\' && rest < end) c = *rest++;
    *out++ = c;
  }
  if (rest < end) ++rest;  // the separator makes room for the NUL
  *out = '\0';
  return quoted ? nullptr : out;
}

fdt::StringList as_list(const char* begin, const char* end) {
  return fdt::StringList(std::as_bytes(std::span(begin, end)));
}

// Linux's memparse() but for octal: decimal or 0x, then K, M or G.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < text.size(); ++digits) {
    const char c = text[digits];
    const std::uint64_t digit = c >= '0' && c <= '9'   ? static_cast<std::uint64_t>(c - '0')
                                : c >= 'a' && c <= 'f' ? static_cast<std::uint64_t>(c - 'a' + 10)
                                : c >= 'A' && c <= 'F' ? static_cast<std::uint64_t>(c - 'A' + 10)
                                                       : 16;
    if (digit >= base) break;
    if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value)) return {};
  }
  if (digits == 0) return {};
  text.remove_prefix(digits);
  constexpr std::string_view kSuffixes = "KMG";
  if (!text.empty()) {
    const char upper = static_cast<char>(text.front() & ~0x20);
    if (const std::size_t index = kSuffixes.find(upper); index != std::string_view::npos) {
      const std::uint64_t unit = std::uint64_t{1} << (10 * (index + 1));
      if (__builtin_mul_overflow(value, unit, &value)) return {};
      text.remove_prefix(1);
    }
  }
  return value;
}

// All of `text` is one number, not above `maximum`.
std::optional<std::uint64_t> whole_number(std::string_view text, std::uint64_t maximum) {
  const auto value = take_number(text);
  return value && text.empty() && *value <= maximum ? value : std::nullopt;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::string_view read_device(std::string_view value, Options& options) {
  const auto size = take_number(value);
  if (!size || !take(value, '@')) return "not SIZE@BASE:IRQ";
  const auto base = take_number(value);
  if (!base || !take(value, ':')) return "not SIZE@BASE:IRQ";
  const auto irq = take_number(value);
  if (!irq) return "not SIZE@BASE:IRQ";
  if (!value.empty() && (!take(value, ':') || !whole_number(value, std::numeric_limits<std::uint32_t>::max()))) {
    return "not SIZE@BASE:IRQ:ID";
  }
  if (*size < 0x100 || *size > kMaxDeviceSize) return "no size of a virtio device's registers";
  if (*base % 4 != 0) return "the registers must be at a multiple of 4";
  if (*base > kDevicesEnd - *size) return "the registers must be below 4 GiB";
  if (*irq >= Options::kMaxDevices) return "the I/O APIC has no such pin";
  if (options.device_count == Options::kMaxDevices) return "too many devices";
  options.devices[options.device_count++] = {*base, *size, static_cast<std::uint32_t>(*irq)};
  return {};
}

std::string_view read_image(std::string_view value, Options& options) {
  const auto size = take_number(value);
  if (!size || !take(value, '@')) return "not SIZE@BASE";
  const auto base = whole_number(value, std::numeric_limits<std::uint64_t>::max());
  if (!base) return "not SIZE@BASE";
  options.image = {*base, *size};
  return {};
}

std::string_view read_ids(std::string_view value, Options& options) {
  constexpr std::uint64_t kMaxId = std::numeric_limits<std::uint32_t>::max() - 1;  // -1 means "no id"
  const auto uid = take_number(value);
  if (!uid || *uid > kMaxId) return "not UID or UID:GID";
  options.uid = static_cast<std::uint32_t>(*uid);
  options.gid = 0;  // as `husk run -u UID`
  if (value.empty()) return {};
  if (!take(value, ':')) return "not UID or UID:GID";
  const auto gid = whole_number(value, kMaxId);
  if (!gid) return "not UID or UID:GID";
  options.gid = static_cast<std::uint32_t>(*gid);
  return {};
}

std::string_view read_ring(std::string_view value, Options& options) {
  if (value == "auto") {
    options.ring.reset();
  } else if (value == "0" || value == "3") {
    options.ring = static_cast<std::uint32_t>(value.front() - '0');
  } else {
    return "not auto, 0 or 3";
  }
  return {};
}

std::string_view read_log_level(std::string_view value, Options& options) {
  const auto level = whole_number(value, 7);
  if (!level) return "not a number from 0 to 7";
  options.log_level = static_cast<std::uint32_t>(*level);
  return {};
}

std::string_view read_exit_port(std::string_view value, Options& options) {
  const auto port = whole_number(value, 0xffff);
  if (!port) return "not the number of an I/O port";
  options.exit_port = static_cast<std::uint16_t>(*port);
  return {};
}

std::string_view read_tsc_rate(std::string_view value, Options& options) {
  const auto khz = whole_number(value, std::numeric_limits<std::uint32_t>::max());
  if (!khz || *khz == 0) return "not a frequency in kHz";
  options.tsc_khz = static_cast<std::uint32_t>(*khz);
  return {};
}

std::string_view read_console(std::string_view value, Options& options) {
  if (value == "ttyS0" || value.starts_with("ttyS0,")) {
    options.log_port = drivers::kSerialPort;
  } else if (value == "debugcon") {
    options.log_port = drivers::kDebugConsolePort;
  } else {
    return "not ttyS0 or debugcon";
  }
  return {};
}

std::string_view read_program(std::string_view value, Options& options) {
  if (value.empty()) return "it is empty";
  options.program = value;
  return {};
}

// The next two have the limits of `husk run`.
std::string_view read_host_name(std::string_view value, Options& options) {
  if (value.empty() || value.size() > kMaxHostName) return "a host name has 1 to 64 characters";
  options.host_name = value;
  return {};
}

std::string_view read_working_directory(std::string_view value, Options& options) {
  if (!value.starts_with('/')) return "not an absolute path";
  options.working_directory = value;
  return {};
}

struct Key {
  std::string_view name;  // with its '='
  std::string_view (*read)(std::string_view value, Options& options);
};
constexpr Key kKeys[] = {
    {"init=", read_program},          {"hostname=", read_host_name}, {"husk.cwd=", read_working_directory},
    {"husk.uid=", read_ids},          {"husk.ring=", read_ring},     {"husk.exit=", read_exit_port},
    {"husk.tsc_khz=", read_tsc_rate}, {"loglevel=", read_log_level}, {"husk.loglevel=", read_log_level},
    {"console=", read_console},       {kDeviceKey, read_device},     {"husk.image=", read_image},
};

Problem read_word(std::string_view word, Options& options) {
  for (const Key& key : kKeys) {
    if (!word.starts_with(key.name)) continue;
    return {key.read(word.substr(key.name.size()), options), word};
  }
  if (is_variable(word)) return {};
  return {"the kernel does not know this word of the command line", word};
}

}  // namespace

Problem split(std::span<char> line, Words& words) {
  char* rest = line.data();
  const char* const end = line.data() + line.size() - 1;
  char* out = line.data();
  char* list = out;
  bool behind = false;
  for (;;) {
    while (rest < end && is_space(*rest)) ++rest;
    if (rest == end) break;
    const bool plain = *rest != '"';
    char* const word_end = take_word(rest, end, out);
    if (!word_end) {
      (behind ? words.arguments : words.kernel) = as_list(list, out);
      return {"a quote is not closed on the command line", ""};
    }
    const std::string_view word(out, word_end);
    if (!behind && plain && word == "--") {
      words.kernel = as_list(list, out);
      list = out;
      behind = true;
      continue;
    }
    out = word_end + 1;
  }
  (behind ? words.arguments : words.kernel) = as_list(list, out);
  return {};
}

std::uint16_t find_log_port(const Words& words) {
  Options options;
  constexpr std::string_view kKey = "console=";
  for (const std::string_view word : words.kernel) {
    if (word.starts_with(kKey)) read_console(word.substr(kKey.size()), options);
  }
  return options.log_port;
}

Problem read_options(const Words& words, Options& options) {
  Problem first;
  const auto read = [&](std::string_view word) {
    const Problem problem = read_word(word, options);
    if (!first) first = problem;
  };
  for (const std::string_view word : words.kernel) read(word);
  options.environment = words.kernel;

  // The machine's words at the end.
  std::size_t arguments = 0;
  std::size_t index = 0;
  for (const std::string_view word : words.arguments) {
    ++index;
    if (!word.starts_with(kDeviceKey)) arguments = index;
  }
  index = 0;
  const std::string_view all = words.arguments.bytes();
  std::size_t size = 0;
  for (const std::string_view word : words.arguments) {
    if (index++ < arguments) {
      size += word.size() + 1;
    } else {
      read(word);
    }
  }
  options.arguments = as_list(all.data(), all.data() + size);
  if (!first && options.program.empty()) {
    return {"the command line does not say which program to run: give init=", ""};
  }
  return first;
}

bool is_variable(std::string_view word) {
  for (const Key& key : kKeys) {
    if (word.starts_with(key.name)) return false;
  }
  const std::size_t length = word.find('=');
  if (length == 0 || length == std::string_view::npos) return false;
  for (std::size_t i = 0; i < length; ++i) {
    const char c = word[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return true;
}

}  // namespace kernel::pvh
