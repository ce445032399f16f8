--- torch.fft: discrete Fourier transforms under PyTorch's names.
-- @usage local spectrum = torch.fft.rfft(torch.ones(8))
return require "torch.family"("fft", {})
