// A recurrent cell over a growing set of rows: the decoder's walk from the root, level by level.
//
// One autograd node for the whole walk. Its backward goes through the levels by hand and multiplies by the recurrent
// weights' gradient once for all rows, where autograd would do so level by level.
#pragma once

#include <functional>
#include <vector>

#include "host/label/cell.hpp"

namespace moonlab::label {

/// Parameters of the walk, in PyTorch's layout: G is 3 H for a GRU (gates r, z, n), 4 H for an LSTM (i, f, g, o).
struct Recurrence {
  Cell cell = Cell::gru;
  at::Tensor embedding;           // [N, D]
  at::Tensor weight_ih, bias_ih;  // [G, D], [G]
  at::Tensor weight_hh, bias_hh;  // [G, H], [G]
  at::Tensor extra;               // [B, G], added to the input gates of a sample's rows; undefined: none
  at::Tensor h0;                  // [B, H]; an LSTM's first cell state is zero
};

/// The rows of one level, on the parameters' device.
struct Rows {
  at::Tensor token;   // long [R]: what each row is fed
  at::Tensor parent;  // long [R]: its row in the level before (level 0: its sample); undefined: the same row
  at::Tensor sample;  // long [R]: whose `extra` it gets; undefined: row number
};

/// The rows of level `level` from the hidden states [R, H] of the level before (undefined at level 0); no rows (an
/// undefined token) end the walk. Called without gradient mode.
using NextRows = std::function<Rows(size_t level, const at::Tensor& hidden)>;

/// The hidden states of all rows [sum of R, H], level after level. `most_rows` is the most rows that all levels can
/// have together: memory for them is taken at once. With fewer tokens than that their input gates are computed once for
/// each token, else for each row.
at::Tensor unroll(const Recurrence& recurrence, const NextRows& next, int64_t most_rows);

/// One step without gradient, for decoding.
class CellWalk {
 public:
  /// `most_rows` as for unroll.
  CellWalk(const Recurrence& recurrence, int64_t most_rows);
  CellState start() const;
  CellState step(const Rows& rows, const CellState& before) const;

 private:
  Recurrence r_;
  at::Tensor bias_, table_;  // input_bias; the input's shares by token [N, G], or undefined
};

}  // namespace moonlab::label
