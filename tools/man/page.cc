#include "tools/man/page.h"

#include <vector>

namespace husk::man {
namespace {

std::string full_name(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  return parent == nullptr ? app.get_name() : full_name(*parent) + " " + app.get_name();
}

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result(1);
  for (const char character : text) {
    if (character == '\n') {
      result.emplace_back();
    } else {
      result.back() += character;
    }
  }
  return result;
}

// By a convention of husk's, a footer whose first line begins with the command's name begins with its synopsis: CLI11 2.1
// knows no other place for what follows the options.
bool has_synopsis(const CLI::App& app) {
  return app.get_footer().starts_with(full_name(app) + " ");
}

// An operand in italics, behind what it belongs to.
std::string operand(const std::string& name, bool is_required) {
  const std::string text = "\\fI" + escape(name) + "\\fR";
  return is_required ? text : "[" + text + "]";
}

std::string synopsis_line(const CLI::App& app) {
  std::string words;
  if (has_synopsis(app)) {
    words = escape(lines(app.get_footer())[0].substr(full_name(app).size() + 1));
  } else {
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_positional()) {
        words +=
            operand(option->get_name(true), option->get_required()) + (option->get_expected_max() > 1 ? "... " : " ");
      } else if (option->nonpositional() && option != app.get_help_ptr()) {
        words += "[\\fB" + escape(option->get_name()) + "\\fR] ";
      }
    }
  }
  return ".B " + escape(full_name(app)) + "\n" + (words.empty() ? "" : words + "\n") + ".br\n";
}

std::string option_item(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames())
    names += (names.empty() ? "" : ", ") + ("\\fB" + escape("-" + name) + "\\fR");
  for (const std::string& name : option.get_lnames())
    names += (names.empty() ? "" : ", ") + ("\\fB" + escape("--" + name) + "\\fR");
  if (names.empty()) names = "\\fI" + escape(option.get_name(true)) + "\\fR";
  // A flag takes no value; a positional's type says nothing that its name does not.
  const bool takes_value = !option.get_positional() && option.get_items_expected_max() > 0;
  if (takes_value) names += " \\fI" + escape(option.get_type_name()) + "\\fR";
  std::string text = escape(option.get_description());
  if (!option.get_default_str().empty()) text += " (default " + escape(option.get_default_str()) + ")";
  return ".TP\n" + names + "\n" + text + "\n";
}

}  // namespace

std::string escape(std::string_view text) {
  std::string result;
  for (const char character : text) {
    switch (character) {
      case '\\':
        result += "\\e";
        break;
      case '-':  // in a terminal that knows typographical ones, a plain - would be one
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      default:
        result += character;
    }
  }
  return result.starts_with('.') ? "\\&" + result : result;
}

std::string synopsis(const CLI::App& app) {
  const std::vector<const CLI::App*> parts = subcommands(app);
  if (parts.empty()) return synopsis_line(app);
  std::string text;
  for (const CLI::App* part : parts) text += synopsis(*part);
  return text;
}

std::string commands(const CLI::App& app) {
  std::string text;
  const std::vector<const CLI::App*> parts = subcommands(app);
  if (!parts.empty()) {
    for (const CLI::App* part : parts) text += commands(*part);
    return text;
  }
  text = ".SS " + escape(full_name(app)) + "\n" + escape(app.get_description()) + ".\n";
  std::vector<std::string> footer = lines(app.get_footer());
  if (has_synopsis(app)) footer.erase(footer.begin());
  for (const std::string& line : footer) {
    if (!line.empty()) text += ".PP\n" + escape(line) + "\n";
  }
  for (const CLI::Option* option : app.get_options()) {
    if (option != app.get_help_ptr()) text += option_item(*option);
  }
  return text;
}

}  // namespace husk::man
