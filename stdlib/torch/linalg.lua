--- torch.linalg: linear algebra under PyTorch's names.
-- @usage local values, vectors = torch.linalg.eigh(torch.eye(3))
return require "torch.family"("linalg", {})
