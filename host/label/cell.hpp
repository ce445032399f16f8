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
  at::Tensor gates;  // [R, G * H]: before the step the gates but the shares of the hidden state (a GRU's n: the input's
                     // share alone); afterwards the gates behind their nonlinearities
  at::Tensor share;  // GRU: [R, H], afterwards the hidden state's share of n, which r multiplies
  at::Tensor tanh_c;  // LSTM: [R, H]
  CellState before, after;
};

/// The same step in place, without derivative: fills s.gates, s.share or s.tanh_c, and s.after. The input's shares hold
/// the hidden state's biases already, but for a GRU's n (input_bias).
void advance_in_place(Cell cell, StepRows& s, const at::Tensor& weight_hh, const at::Tensor& bias_hh);

/// The bias of the input's shares as advance_in_place wants them: with what of the hidden state's can be added before.
at::Tensor input_bias(Cell cell, const at::Tensor& bias_ih, const at::Tensor& bias_hh);

/// Derivatives of a step by all that it read. `gates` [R, 4 * H]: of a GRU n, r, z, and n by the hidden state's share,
/// so that three neighbours are the derivatives by the input's shares (n, r, z) or by the hidden state's (r, z, n); of
/// an LSTM i, f, g, o, the same by both shares.
struct StepGradient {
  at::Tensor gates;
  at::Tensor h;  // GRU: [R, H], by the state before past the gates, to which their share is added; LSTM: undefined
  at::Tensor c;  // LSTM: by the cell state before, undefined at its first step
};

/// dh and dc [R, H] are derivatives by the state after (dc of an LSTM may be undefined). Fills `gates`, four H wide.
StepGradient step_gradient(Cell cell, const StepRows& s, const at::Tensor& dh, const at::Tensor& dc, at::Tensor gates);

}  // namespace moonlab::label
