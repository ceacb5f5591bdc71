#include "tools/compare/output/checked_json.h"

#include <array>
#include <cmath>

#include "tools/compare/output/plain_text.h"
#include "vmm/error.h"

namespace husk::compare {
namespace {

constexpr char kAdvice[] = "give a file that husk compare --json has written";
constexpr std::size_t kMostShown = 60;  // bytes of a text of the file, in an error

std::string shown(const std::string& text) {
  return plain(text.substr(0, kMostShown)) + (text.size() > kMostShown ? "..." : "");
}

}  // namespace

nlohmann::ordered_json parse_limited(const std::string& text, const std::string& file) {
  using Json = nlohmann::ordered_json;
  std::array<std::size_t, kMostNesting + 1> members{};
  const auto check = [&](int depth, Json::parse_event_t event, const Json&) {
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) {
      if (depth >= kMostNesting) {
        throw Error("read", file, "its values are nested more than " + std::to_string(kMostNesting) + " deep", kAdvice);
      }
      members.at(static_cast<std::size_t>(depth) + 1) = 0;
    }
    if (event == Json::parse_event_t::key && ++members.at(static_cast<std::size_t>(depth)) > kMostMembers) {
      throw Error("read", file, "it has an object of more than " + std::to_string(kMostMembers) + " members", kAdvice);
    }
    return true;
  };
  Json json = Json::parse(text, check, false);
  if (json.is_discarded()) throw Error("read", file, "it is not JSON", kAdvice);
  return json;
}

void CheckedJson::refuse(const std::string& reason) const {
  throw Error("read", file_, (path_.empty() ? "it" : path_) + " " + reason, kAdvice);
}

CheckedJson CheckedJson::at(const std::string& name) const {
  if (!json_->is_object()) refuse("is not an object");
  const CheckedJson member(*json_, file_, (path_.empty() ? "" : path_ + ".") + shown(name));
  const auto found = json_->find(name);
  if (found == json_->end()) member.refuse("is missing");
  return {*found, file_, member.path_};
}

std::size_t CheckedJson::size() const {
  if (!json_->is_array()) refuse("is not a list");
  if (json_->size() > kMostElements) refuse("has more than " + std::to_string(kMostElements) + " elements");
  return json_->size();
}

CheckedJson CheckedJson::element(std::size_t index) const {
  return {(*json_)[index], file_, path_ + "[" + std::to_string(index) + "]"};
}

std::vector<CheckedJson> CheckedJson::elements() const {
  std::vector<CheckedJson> all;
  for (std::size_t i = 0; i < size(); ++i) all.push_back(element(i));
  return all;
}

std::vector<std::pair<std::string, CheckedJson>> CheckedJson::members() const {
  if (!json_->is_object()) refuse("is not an object");
  std::vector<std::pair<std::string, CheckedJson>> all;
  for (const auto& [name, value] : json_->items()) {
    all.emplace_back(name, CheckedJson(value, file_, path_ + "." + shown(name)));
  }
  return all;
}

std::vector<std::string> CheckedJson::texts() const {
  std::vector<std::string> all;
  for (const CheckedJson& element : elements()) all.push_back(element.text());
  return all;
}

std::string CheckedJson::text() const {
  if (!json_->is_string()) refuse("is not a text");
  return json_->get<std::string>();
}

std::string CheckedJson::one_of(std::initializer_list<const char*> words) const {
  const std::string word = text();
  std::string known;
  for (const char* one : words) {
    if (word == one) return word;
    known += (known.empty() ? "'" : ", '") + std::string(one) + "'";
  }
  refuse("is '" + shown(word) + "', which is none of " + known);
}

bool CheckedJson::flag() const {
  if (!json_->is_boolean()) refuse("is neither true nor false");
  return json_->get<bool>();
}

double CheckedJson::number() const {
  if (!json_->is_number()) refuse("is not a number");
  const auto value = json_->get<double>();
  const double magnitude = std::abs(value);
  if (!(magnitude == 0 || (magnitude >= kLeastMagnitude && magnitude <= kMostMagnitude))) {
    refuse("is beyond what can be measured (1e-18 to 1e18)");
  }
  return value;
}

std::uint64_t CheckedJson::count(std::uint64_t most) const {
  if (!json_->is_number_unsigned()) refuse("is not a whole number, 0 or more");
  const auto value = json_->get<std::uint64_t>();
  if (value > most) refuse("is more than " + std::to_string(most));
  return value;
}

}  // namespace husk::compare
