// What encoders of texts share: their inputs, and ways from the states of tokens to one vector a text.
#pragma once

#include <initializer_list>
#include <string>

#include "host/backbone/backbone.hpp"

namespace moonlab::nn {

enum class TextPool { last, mean, max, first, pooler };

/// Errors: a word that is not among `allowed`, with the nearest.
TextPool parse_text_pool(const std::string& word, const std::vector<std::string>& allowed);

struct TokensAndMask {
  at::Tensor x, mask;  // long [B, T], bool [B, T]
};
/// Checks what an encoder was given: tokens [B, T] and a mask of that shape, all true where it is left out.
TokensAndMask tokens_and_mask(const Module& module, const Tensors& inputs);

/// The state of each text's last token: states [B, T, H], mask bool [B, T] with the padding at the end -> [B, H].
at::Tensor last_of(const at::Tensor& states, const at::Tensor& mask);
/// Mean or max over each text's tokens. A text without tokens gives zeros.
at::Tensor pooled(const at::Tensor& states, const at::Tensor& mask, TextPool pool);

}  // namespace moonlab::nn
