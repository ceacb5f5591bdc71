// The functions that the kernel maps into each process (vdso(7)), for a program without libc.
#pragma once

namespace husk::payload {

// The function of this name in the vDSO whose ELF header is at `base` (AT_SYSINFO_EHDR); nullptr if there is none.
const void* find_in_vdso(unsigned long base, const char* name);

}  // namespace husk::payload
