// Linux's termios of the x86-64 ABI (include/uapi/asm-generic/termbits.h, termios.h and ioctls.h); see termios(3) and
// ioctl_tty(2).
#pragma once

#include <cstdint>

namespace kernel::tty {

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
inline constexpr std::uint32_t kParMrk = 0000010, kIStrip = 0000040, kINlCr = 0000100, kIgnCr = 0000200,
                               kICrNl = 0000400, kIUcLc = 0001000, kIXOn = 0002000, kIXAny = 0004000, kIUtf8 = 0040000;
// c_oflag
inline constexpr std::uint32_t kOPost = 0000001, kOLcUc = 0000002, kONlCr = 0000004, kOCrNl = 0000010, kONoCr = 0000020,
                               kONlRet = 0000040, kTabDelay = 0014000, kTabsToSpaces = 0014000;
// c_cflag: the speed (38400 is 0000017), 8 bits, parity, receiver on
inline constexpr std::uint32_t kSpeedMask = 0010017, kCharacterSize = 0000060, kParityEnabled = 0000400,
                               kReceiver = 0000200, kLocal = 0004000, kInputSpeedShift = 16;
inline constexpr std::uint32_t kOtherSpeed = 0010000;  // BOTHER: c_ispeed and c_ospeed say it
inline constexpr std::uint32_t kDefaultControlFlags = 0000017 | kCharacterSize | kReceiver;
// c_lflag
inline constexpr std::uint32_t kISig = 0000001, kICanon = 0000002, kEcho = 0000010, kEchoE = 0000020, kEchoK = 0000040,
                               kEchoNl = 0000100, kNoFlsh = 0000200, kToStop = 0000400, kEchoCtl = 0001000,
                               kEchoPrt = 0002000, kEchoKe = 0004000, kIExten = 0100000, kExtProc = 0200000;

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

// What TCGETS2 and TCSETS2 move.
struct Termios2 {
  Termios base;
  std::uint32_t input_speed = 38400;
  std::uint32_t output_speed = 38400;
};
static_assert(sizeof(Termios2) == 44);

// System V's, of TCGETA and TCSETA: the low halves of the flags and eight characters.
inline constexpr unsigned kOldCharacterCount = 8;
struct OldTermio {
  std::uint16_t input_flags;
  std::uint16_t output_flags;
  std::uint16_t control_flags;
  std::uint16_t local_flags;
  std::uint8_t line;
  std::uint8_t characters[kOldCharacterCount];
};
static_assert(sizeof(OldTermio) == 18);

struct WindowSizeUser {  // struct winsize
  std::uint16_t rows;
  std::uint16_t columns;
  std::uint16_t x_pixels;
  std::uint16_t y_pixels;
  bool operator==(const WindowSizeUser&) const = default;
};

enum TerminalRequest : std::uint32_t {
  kTcGetS = 0x5401,
  kTcSetS = 0x5402,
  kTcSetSW = 0x5403,
  kTcSetSF = 0x5404,
  kTcGetA = 0x5405,
  kTcSetA = 0x5406,
  kTcSetAW = 0x5407,
  kTcSetAF = 0x5408,
  kTcSBrk = 0x5409,
  kTcXOnc = 0x540a,
  kTcFlsh = 0x540b,
  kTiocExcl = 0x540c,
  kTiocGLockTermios = 0x5456,
  kTiocSLockTermios = 0x5457,
  kTiocNxcl = 0x540d,
  kTiocSCtty = 0x540e,
  kTiocGPgrp = 0x540f,
  kTiocSPgrp = 0x5410,
  kTiocOutQ = 0x5411,
  kTiocSti = 0x5412,
  kTiocGWinSz = 0x5413,
  kTiocSWinSz = 0x5414,
  kTiocGSoftCar = 0x5419,
  kFionRead = 0x541b,
  kTiocPkt = 0x5420,
  kTiocNotty = 0x5422,
  kTiocSetD = 0x5423,
  kTiocGetD = 0x5424,
  kTcSBrkP = 0x5425,
  kTiocSBrk = 0x5427,
  kTiocCBrk = 0x5428,
  kTiocGSid = 0x5429,
  kTiocVHangUp = 0x5437,
  kTiocGPtn = 0x80045430,
  kTiocSPtLck = 0x40045431,
  kTiocGDev = 0x80045432,
  kTiocSig = 0x40045436,
  kTiocGPkt = 0x80045438,
  kTiocGPtLck = 0x80045439,
  kTiocGExcl = 0x80045440,
  kTiocGPtPeer = 0x5441,
  kTcGetS2 = 0x802c542a,
  kTcSetS2 = 0x402c542b,
  kTcSetSW2 = 0x402c542c,
  kTcSetSF2 = 0x402c542d,
};

}  // namespace kernel::tty
