// strerror(3) for where there is no libc: the errors of openat2(2), fchdir(2) and execve(2). The unit test compares the
// texts with libc's.
#pragma once

#include <asm/errno.h>

namespace husk::runner::last_step {

// Null for an error that these calls are not documented to give.
constexpr const char* error_text(int error) {
  switch (error) {
    case EPERM:
      return "Operation not permitted";
    case ENOENT:
      return "No such file or directory";
    case EIO:
      return "Input/output error";
    case E2BIG:
      return "Argument list too long";
    case ENOEXEC:
      return "Exec format error";
    case EAGAIN:
      return "Resource temporarily unavailable";
    case ENOMEM:
      return "Cannot allocate memory";
    case EACCES:
      return "Permission denied";
    case EFAULT:
      return "Bad address";
    case ENOTDIR:
      return "Not a directory";
    case EISDIR:
      return "Is a directory";
    case EINVAL:
      return "Invalid argument";
    case ENFILE:
      return "Too many open files in system";
    case EMFILE:
      return "Too many open files";
    case ETXTBSY:
      return "Text file busy";
    case ERANGE:
      return "Numerical result out of range";
    case ENAMETOOLONG:
      return "File name too long";
    case ENOSYS:
      return "Function not implemented";
    case ELOOP:
      return "Too many levels of symbolic links";
    case ELIBBAD:
      return "Accessing a corrupted shared library";
    case ESTALE:
      return "Stale file handle";
    default:
      return nullptr;
  }
}

}  // namespace husk::runner::last_step
