// What the readers of the two formats share.
#pragma once

#include "host/weights/torch_file.hpp"
#include "host/weights/torch_globals.hpp"
#include "host/weights/torch_rebuild.hpp"
#include "host/weights/unpickler.hpp"

namespace moonlab::weights {

void read_zip_format(TorchFile& out, std::shared_ptr<const MappedFile> file, const ReadOptions& options);
void read_legacy_format(TorchFile& out, std::shared_ptr<const MappedFile> file, const ReadOptions& options);

/// Unpickles with the globals that weights may name, the others refused or let through as the options say.
Unpickled unpickle_weights(std::span<const std::byte> bytes, Arena& arena, const std::string& where, bool unknown);

/// A storage in the file at [offset, offset + length): in the mapping, or a copy, then where the options place it.
c10::Storage storage_in_file(const MappedFile& file, uint64_t offset, uint64_t length, const std::string& location,
                             const ReadOptions& options);

/// Moves bytes to where the options say.
c10::Storage placed(at::Tensor bytes, const std::string& location, const std::string& file, const ReadOptions& options);

/// Reverses the bytes of every element, for files of machines that count the other way. Throws Error for storages whose
/// elements are not known.
void swap_elements(at::Tensor& bytes, const StorageRequest& request, const std::string& file);

/// The number of bytes a storage must have. Throws Error where that overflows.
uint64_t bytes_of(const StorageRequest& request, const std::string& file);

}  // namespace moonlab::weights
