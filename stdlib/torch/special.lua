--- torch.special: special functions under PyTorch's names.
-- @usage local y = torch.special.ndtr(torch.zeros(3))
return require "torch.family"("special", {})
