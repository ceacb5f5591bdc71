// Linux's termios of the x86-64 ABI (include/uapi/asm-generic/termbits.h and ioctls.h), as far as a virtual terminal
// has use for it; see termios(3) and ioctl_tty(2).
#pragma once

#include <cstdint>

namespace kernel::drivers {

enum ControlCharacter : unsigned {
  kVIntr = 0,
  kVQuit = 1,
  kVErase = 2,
  kVKill = 3,
  kVEof = 4,
  kVTime = 5,
  kVMin = 6,
  kVStart = 8,
  kVStop = 9,
  kVSusp = 10,
  kVEol = 11,
  kVReprint = 12,
  kVWordErase = 14,
  kVLiteralNext = 15,
  kVEol2 = 16,
  kControlCharacterCount = 19
};

// c_iflag
inline constexpr std::uint32_t kIStrip = 0000040, kINlCr = 0000100, kIgnCr = 0000200, kICrNl = 0000400, kIXOn = 0002000,
                               kIUtf8 = 0040000;
// c_oflag
inline constexpr std::uint32_t kOPost = 0000001, kONlCr = 0000004;
// c_cflag: 38400 baud, 8 bits, receiver on
inline constexpr std::uint32_t kDefaultControlFlags = 0000017 | 0000060 | 0000200;
// c_lflag
inline constexpr std::uint32_t kISig = 0000001, kICanon = 0000002, kEcho = 0000010, kEchoE = 0000020, kEchoK = 0000040,
                               kEchoNl = 0000100, kNoFlsh = 0000200, kToStop = 0000400, kEchoCtl = 0001000,
                               kEchoKe = 0004000, kIExten = 0100000;

// The kernel's struct termios, which TCGETS and TCSETS move (glibc's has speeds behind it).
struct Termios {
  std::uint32_t input_flags = kICrNl | kIXOn;
  std::uint32_t output_flags = kOPost | kONlCr;
  std::uint32_t control_flags = kDefaultControlFlags;
  std::uint32_t local_flags = kISig | kICanon | kEcho | kEchoE | kEchoK | kEchoCtl | kEchoKe | kIExten;
  std::uint8_t line = 0;  // N_TTY
  // ^C ^\ DEL ^U ^D 0 1 0 ^Q ^S ^Z 0 ^R ^O ^W ^V
  std::uint8_t characters[kControlCharacterCount] = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22};
};
static_assert(sizeof(Termios) == 36);

struct WindowSizeUser {  // struct winsize
  std::uint16_t rows;
  std::uint16_t columns;
  std::uint16_t x_pixels;
  std::uint16_t y_pixels;
};

enum TerminalRequest : std::uint32_t {
  kTcGetS = 0x5401,
  kTcSetS = 0x5402,
  kTcSetSW = 0x5403,
  kTcSetSF = 0x5404,
  kTcSBrk = 0x5409,
  kTcXOnc = 0x540a,
  kTcFlsh = 0x540b,
  kTiocExcl = 0x540c,
  kTiocNxcl = 0x540d,
  kTiocSCtty = 0x540e,
  kTiocGPgrp = 0x540f,
  kTiocSPgrp = 0x5410,
  kTiocOutQ = 0x5411,
  kTiocGWinSz = 0x5413,
  kTiocSWinSz = 0x5414,
  kFionRead = 0x541b,
  kTiocNotty = 0x5422,
  kTcSBrkP = 0x5425,
  kTiocGSid = 0x5429
};

}  // namespace kernel::drivers
