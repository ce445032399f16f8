// The text of a tokenizer.json.
#pragma once

#include <memory>
#include <string>

#include "host/text/tokenizer.hpp"

namespace moonlab::text {

/// `where` begins every error.
std::shared_ptr<Tokenizer> parse_tokenizer(const std::string& text, const std::string& where);

}  // namespace moonlab::text
