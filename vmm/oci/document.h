// JSON of somebody else's: manifests, indexes, configurations.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/cache/sha256.h"

namespace husk::oci {

using Json = nlohmann::json;

// An object or an array. `name` is for messages. Throws husk::Error at what is none, or beyond limits.h.
Json parse_document(std::string_view text, const std::string& name);

// The member of an object; null if there is none, or if it is null itself, as Go writes what is empty.
const Json* member(const Json& object, const char* key);

// Members of a type. Empty where there is none; of another type, or a string with a NUL: an error that names `where`.
std::string text_of(const Json& object, const char* key, const std::string& where);
std::vector<std::string> texts_of(const Json& object, const char* key,
                                  const std::string& where);  // an array of strings
const Json& object_of(const Json& object, const char* key, const std::string& where);
const Json& array_of(const Json& object, const char* key, const std::string& where);
std::optional<std::uint64_t> size_of(const Json& object, const char* key, const std::string& where);

// "sha256:" and 64 hexadecimal digits. Throws husk::Error; other algorithms are named.
cache::Digest parse_digest(std::string_view text, const std::string& where);
std::string digest_text(const cache::Digest& digest);

}  // namespace husk::oci
