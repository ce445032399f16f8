// One step of a recurrent cell on rows of a walk (torch.nn.GRUCell and LSTMCell), and its derivative.
#pragma once

#include <ATen/core/Tensor.h>

namespace moonlab::label {

enum class Cell { gru, lstm };

inline int64_t gates_of(Cell cell) { return cell == Cell::gru ? 3 : 4; }  // GRU: r, z, n; LSTM: i, f, g, o

struct CellState {
  at::Tensor h, c;  // [R, H]; c undefined for a GRU, and before an LSTM's first step
};

/// A step with operators that have derivatives. gi and gh [R, G * H] are the input's and the hidden state's shares of
/// the gates.
CellState advance(Cell cell, const at::Tensor& gi, const at::Tensor& gh, const CellState& before);

/// What a step reads and leaves, rows of larger tensors or tensors of their own.
struct StepRows {
  at::Tensor gates;   // [R, G * H]: the input's shares; afterwards the gates behind their nonlinearities
  at::Tensor shares;  // [R, G * H]: the hidden state's shares; a GRU's derivative reads those of n
  CellState before, after;
  at::Tensor tanh_c;  // LSTM: [R, H]
};

/// The same step in place, without derivative: fills s.gates, s.after and s.tanh_c.
void advance_in_place(Cell cell, StepRows& s);

/// Derivatives of a step by all that it read. `gates` [R, 4 * H]: of a GRU n, r, z, and n by the hidden state's share,
/// so that three neighbours are the derivatives by the input's shares (n, r, z) or by the hidden state's (r, z, n); of an
/// LSTM i, f, g, o, the same by both shares.
struct StepGradient {
  at::Tensor gates;
  at::Tensor h;  // GRU: [R, H], by the state before past the gates, to which their share is added; LSTM: undefined
  at::Tensor c;  // LSTM: by the cell state before, undefined at its first step
};

/// dh and dc [R, H] are derivatives by the state after (dc of an LSTM may be undefined). Fills `gates`, four H wide.
StepGradient step_gradient(Cell cell, const StepRows& s, const at::Tensor& dh, const at::Tensor& dc, at::Tensor gates);

}  // namespace moonlab::label
