#include "vmm/oci/document.h"

#include <algorithm>

#include "vmm/error.h"
#include "vmm/oci/limits.h"

namespace husk::oci {
namespace {

constexpr std::string_view kSha256 = "sha256:";

[[noreturn]] void refuse(const std::string& where, std::string_view why) {
  throw Error("understand", where, why);
}

void check_text(const std::string& text, const char* key, const std::string& where) {
  if (text.find('\0') != std::string::npos) refuse(where, "there is a NUL in " + std::string(key));
}

}  // namespace

Json parse_document(std::string_view text, const std::string& name) {
  if (text.size() > kMaxDocument) refuse(name, "it has more than " + std::to_string(kMaxDocument) + " bytes");
  std::size_t values = 0;
  const auto check = [&](int depth, Json::parse_event_t, const Json&) {
    if (depth > kMaxDocumentDepth) refuse(name, "it has more than 32 levels");
    if (++values > kMaxDocumentValues) refuse(name, "it has more than 100,000 values");
    return true;
  };
  try {
    Json document = Json::parse(text, check);
    if (!document.is_structured()) refuse(name, "it is neither a JSON object nor an array");
    return document;
  } catch (const Json::exception&) {
    refuse(name, "it is no JSON");  // nlohmann's words quote what it met
  }
}

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* key, const std::string& where) {
  const Json* value = member(object, key);
  if (value == nullptr) return {};
  if (!value->is_string()) refuse(where, std::string(key) + " is no string");
  check_text(value->get_ref<const std::string&>(), key, where);
  return value->get<std::string>();
}

std::vector<std::string> texts_of(const Json& object, const char* key, const std::string& where) {
  std::vector<std::string> texts;
  for (const Json& value : array_of(object, key, where)) {
    if (!value.is_string()) refuse(where, std::string(key) + " has what is no string");
    check_text(value.get_ref<const std::string&>(), key, where);
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

const Json& object_of(const Json& object, const char* key, const std::string& where) {
  static const Json kNothing = Json::object();
  const Json* value = member(object, key);
  if (value == nullptr) return kNothing;
  if (!value->is_object()) refuse(where, std::string(key) + " is no object");
  return *value;
}

const Json& array_of(const Json& object, const char* key, const std::string& where) {
  static const Json kNothing = Json::array();
  const Json* value = member(object, key);
  if (value == nullptr) return kNothing;
  if (!value->is_array()) refuse(where, std::string(key) + " is no array");
  return *value;
}

std::optional<std::uint64_t> size_of(const Json& object, const char* key, const std::string& where) {
  const Json* value = member(object, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_unsigned()) refuse(where, std::string(key) + " is no size");
  return value->get<std::uint64_t>();
}

cache::Digest parse_digest(std::string_view text, const std::string& where) {
  const std::string_view algorithm = text.substr(0, text.find(':') + 1);
  const std::string shown(text.substr(0, 80));
  if (algorithm != kSha256) refuse(where, "its digest '" + shown + "' is not of SHA-256, which is all that husk knows");
  text.remove_prefix(kSha256.size());
  const std::optional<cache::Digest> digest = cache::from_hex(text);
  if (!digest) refuse(where, "its digest '" + shown + "' has not 64 hexadecimal digits");
  return *digest;
}

std::string digest_text(const cache::Digest& digest) {
  return std::string(kSha256) + cache::to_hex(digest);
}

}  // namespace husk::oci
