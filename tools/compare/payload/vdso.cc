// What is needed of ELF (System V gABI, chapter 5): the dynamic section of an image that is mapped whole names a table of
// symbols and one of strings. The kernel's vDSO has either kind of hash table; only the older one says how many symbols there
// are, so the section headers, which the kernel maps too, are asked for that.
#include "tools/compare/payload/vdso.h"

#include <linux/elf.h>

#include "tools/compare/payload/text.h"

namespace husk::payload {

const void* find_in_vdso(unsigned long base, const char* name) {
  if (base == 0) return nullptr;
  const auto* image = reinterpret_cast<const unsigned char*>(base);
  const auto& header = *reinterpret_cast<const Elf64_Ehdr*>(image);
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(image + header.e_shoff);
  for (unsigned at = 0; at < header.e_shnum; ++at) {
    const Elf64_Shdr& section = sections[at];
    if (section.sh_type != SHT_DYNSYM || section.sh_link >= header.e_shnum) continue;
    const auto* symbols = reinterpret_cast<const Elf64_Sym*>(image + section.sh_offset);
    const auto* strings = reinterpret_cast<const char*>(image + sections[section.sh_link].sh_offset);
    for (unsigned long i = 0; i < section.sh_size / sizeof *symbols; ++i) {
      if (symbols[i].st_shndx != 0 && equal(strings + symbols[i].st_name, name)) return image + symbols[i].st_value;
    }
  }
  return nullptr;
}

}  // namespace husk::payload
