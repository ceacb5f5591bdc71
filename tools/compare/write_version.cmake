# Writes OUTPUT, a C++ file that defines tools/compare/version.h's functions, if its contents have changed. Run at every
# build, since a commit changes no source file.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "tools/compare/version.h"

namespace husk::compare {

std::string husk_version() { return "@VERSION@"; }
std::string husk_commit() { return "@commit@"; }

}  // namespace husk::compare
]])
