// Tokenizers from the files that come with pretrained models.
#pragma once

#include <filesystem>
#include <memory>

#include "host/text/tokenizer.hpp"

namespace moonlab::text {

/// Reads a tokenizer.json (Hugging Face's format: WordPiece with BERT's normalizer, byte-level BPE), a vocab.txt
/// (BERT's: a token a line), or a folder that holds one of them. A vocab.txt does not say whether it is of an uncased
/// model: `lower`; in a folder a tokenizer_config.json may (do_lower_case, strip_accents,
/// tokenize_chinese_chars). Errors name the file and what is wrong: no such file, broken JSON, parts this program does
/// not know, ids that are missing or given twice, tokens that are no UTF-8.
std::shared_ptr<Tokenizer> read_tokenizer(const std::filesystem::path& path, bool lower = true);

}  // namespace moonlab::text
