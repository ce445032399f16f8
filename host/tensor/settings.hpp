// Settings of LibTorch for the whole process: threads of one operator, deterministic algorithms, the default dtype.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moonlab {

int operator_threads();

/// Threads that one operator may use; at least 1.
void set_operator_threads(int count);

bool deterministic_algorithms();

/// Operators without a deterministic form raise, or warn with `warn_only`.
void set_deterministic_algorithms(bool on, bool warn_only);

bool deterministic_warns_only();

/// Whether, with deterministic algorithms, torch.empty gives NaN or the largest integer rather than what lay there.
bool fills_uninitialized_memory();
void set_fill_uninitialized_memory(bool on);

/// Threads between operators; can be set once, before the first of them is used.
int interop_threads();
void set_interop_threads(int count);

/// The flags of torch.backends by their names there: "cudnn.benchmark", "cuda.matmul.allow_tf32", "mkldnn.enabled"...
std::vector<std::string> backend_flags();
bool backend_flag(std::string_view name);
void set_backend_flag(std::string_view name, bool on);

/// How exact products of float32 matrices are: "highest", "high" (TF32) or "medium" (bfloat16).
std::string float32_matmul_precision();
void set_float32_matmul_precision(const std::string& name);

/// The floating dtype that factories take where none is given.
std::string default_dtype();

/// Raises for a dtype that is not floating.
void set_default_dtype(std::string_view name);

/// Whether numbers too small for the normal range count as 0. Returns false where the processor cannot.
bool set_flush_denormal(bool on);

}  // namespace moonlab
