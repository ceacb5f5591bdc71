#include "tools/compare/report_page/page.h"

#include <string_view>

// assets.S
extern "C" {
extern const char husk_page_template_start[], husk_page_template_end[];
extern const char husk_page_style_start[], husk_page_style_end[];
extern const char husk_page_library_start[], husk_page_library_end[];
extern const char husk_page_script_start[], husk_page_script_end[];
}

namespace husk::compare {
namespace {

std::string_view asset(const char* start, const char* end) {
  return {start, static_cast<std::size_t>(end - start)};
}

// JSON inside a script element ends at the first "</script", wherever it stands, and "<!--" changes how the rest is
// read (HTML standard, 4.12.1.3, "Restrictions for contents of script elements"). '<' only occurs inside of strings,
// where it can be escaped.
std::string escape_for_script(std::string_view json) {
  std::string escaped;
  escaped.reserve(json.size());
  for (const char character : json) {
    if (character == '<') {
      escaped += "\\u003c";
    } else {
      escaped += character;
    }
  }
  return escaped;
}

void append_filled(std::string& page, std::string_view text, std::string_view data) {
  struct Slot {
    std::string_view mark;
    std::string_view content;
  };
  const Slot slots[] = {{"@STYLE@", asset(husk_page_style_start, husk_page_style_end)},
                        {"@LIBRARY@", asset(husk_page_library_start, husk_page_library_end)},
                        {"@SCRIPT@", asset(husk_page_script_start, husk_page_script_end)},
                        {"@DATA@", data}};
  // In the order of the template; what is filled in is not looked at again.
  for (const Slot& slot : slots) {
    const std::size_t at = text.find(slot.mark);
    page += text.substr(0, at);
    page += slot.content;
    text.remove_prefix(at + slot.mark.size());
  }
  page += text;
}

std::string fill(const std::string& data) {
  std::string page;
  append_filled(page, asset(husk_page_template_start, husk_page_template_end), escape_for_script(data));
  return page;
}

}  // namespace

std::string format_page(const std::string& json) {
  return fill("[" + json + "]");
}

std::string format_comparison_page(const std::string& a, const std::string& b, const std::string& judgements) {
  return fill("[" + a + "," + b + "," + judgements + "]");
}

}  // namespace husk::compare
