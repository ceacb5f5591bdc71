// The report as one HTML page that needs nothing else: no network, no other file. The charts are drawn by the page
// itself from the raw data that it carries, with d3 (Debian's node-d3).
#pragma once

#include <string>

namespace husk::compare {

// `json`: what format_json() gives.
std::string format_page(const std::string& json);

// Two comparisons side by side: A, then B, and what format_judgements() says of them.
std::string format_comparison_page(const std::string& a, const std::string& b, const std::string& judgements);

}  // namespace husk::compare
