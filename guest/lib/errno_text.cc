#include "lib/errno_text.h"

namespace kernel {

std::string_view error_text(Errno error) {
  switch (error) {
    case Errno::kNone:
      return "success";
    case Errno::kPerm:
      return "operation not permitted";
    case Errno::kNoEnt:
      return "no such file or directory";
    case Errno::kIo:
      return "input/output error";
    case Errno::kNxio:
      return "no such device or address";
    case Errno::k2Big:
      return "argument list too long";
    case Errno::kNoExec:
      return "not a program that this kernel can run (no x86-64 ELF file and no #! script)";
    case Errno::kNoMem:
      return "out of memory";
    case Errno::kAcces:
      return "permission denied";
    case Errno::kNoDev:
      return "no such device";
    case Errno::kNotDir:
      return "not a directory";
    case Errno::kIsDir:
      return "is a directory";
    case Errno::kInval:
      return "invalid argument";
    case Errno::kLoop:
      return "too many levels of symbolic links or interpreters";
    case Errno::kNameTooLong:
      return "name too long";
    default:
      return "error";
  }
}

}  // namespace kernel
