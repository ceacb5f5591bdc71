// `husk compare` and `husk report`: a program of its own (tools/compare), so that the libraries it needs are no part of `husk run`.
#pragma once

namespace husk::cli {

// Executes husk-compare, which lies in the directory of husk itself, with arguments[1...]; `count` and `arguments` as
// in main(), beginning with the word "compare" or "report". Only returns by throwing husk::Error.
[[noreturn]] void execute_compare(int count, char** arguments);

}  // namespace husk::cli
