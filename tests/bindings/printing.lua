-- Printing as PyTorch prints, under torch.set_printoptions. The texts were written by PyTorch 2.13.
local t = require "test"

local default = { profile = "default" }

-- What makes a tensor, the options, the text.
local cases = {
  { function() return torch.tensor({ 1, 2.5, -3 }) end, nil, [=[
tensor([ 1.0000,  2.5000, -3.0000])]=] },
  { function() return torch.tensor({ 1e-5, 1, 2000 }) end, nil, [=[
tensor([1.0000e-05, 1.0000e+00, 2.0000e+03])]=] },
  { function() return torch.tensor({ 1e-5, 1, 2000 }) end, { sci_mode = false }, [=[
tensor([   0.0000,    1.0000, 2000.0000])]=] },
  { function() return torch.tensor({ 1, 2, 3 }) end, { sci_mode = true, precision = 2 }, [=[
tensor([1.00e+00, 2.00e+00, 3.00e+00])]=] },
  { function() return torch.arange(2000):view(40, 50) end, nil, [=[
tensor([[   0,    1,    2,  ...,   47,   48,   49],
        [  50,   51,   52,  ...,   97,   98,   99],
        [ 100,  101,  102,  ...,  147,  148,  149],
        ...,
        [1850, 1851, 1852,  ..., 1897, 1898, 1899],
        [1900, 1901, 1902,  ..., 1947, 1948, 1949],
        [1950, 1951, 1952,  ..., 1997, 1998, 1999]])]=] },
  { function() return torch.arange(20, { dtype = "float32" }) / 7 end, { threshold = 10, edgeitems = 2 }, [=[
tensor([0.0000, 0.1429,  ..., 2.5714, 2.7143])]=] },
  { function() return torch.arange(12, { dtype = "float32" }) / 7 end, { linewidth = 30, precision = 2 }, [=[
tensor([0.00, 0.14, 0.29,
        0.43, 0.57, 0.71,
        0.86, 1.00, 1.14,
        1.29, 1.43, 1.57])]=] },
  { function() return torch.tensor({ math.huge, -math.huge, 0/0, 1.5 }) end, nil, [=[
tensor([   inf,   -inf,    nan, 1.5000])]=] },
  { function() return torch.tensor({ { true, false }, { false, true } }) end, nil, [=[
tensor([[ True, False],
        [False,  True]])]=] },
  { function() return torch.complex(torch.tensor({ 1, -2.5 }), torch.tensor({ 0, 1e-6 })) end, nil, [=[
tensor([ 1.0000+0.0000e+00j, -2.5000+1.0000e-06j])]=] },
  { function() return torch.zeros({ 0, 3 }, { dtype = "int64" }) end, nil, [=[
tensor([], size=(0, 3), dtype=torch.int64)]=] },
  { function() return torch.tensor(3.14159, { dtype = "float64" }) end, nil, [=[
tensor(3.1416, dtype=torch.float64)]=] },
  { function() return torch.eye(2):to_sparse() end, nil, [=[
tensor(indices=tensor([[0, 1],
                       [0, 1]]),
       values=tensor([1., 1.]),
       size=(2, 2), nnz=2, layout=torch.sparse_coo)]=] },
  { function() return torch.ones(2, 2, 2, { dtype = "float16" }) end, { profile = "short" }, [=[
tensor([[[1., 1.],
         [1., 1.]],

        [[1., 1.],
         [1., 1.]]], dtype=torch.float16)]=] },
}

t.test("numbers, notations, summaries and lines are PyTorch's", function()
  for _, case in ipairs(cases) do
    torch.set_printoptions(default)
    if case[2] then torch.set_printoptions(case[2]) end
    local text = tostring(case[1]())
    torch.set_printoptions(default)
    t.eq(text, case[3])
  end
end)

t.test("options stay until they are set again, and unknown ones are refused", function()
  torch.set_printoptions { precision = 2, linewidth = 60, sci_mode = true }
  local o = torch.get_printoptions()
  t.eq({ o.precision, o.linewidth, o.edgeitems, o.sci_mode }, { 2, 60, 3, true })
  torch.set_printoptions { profile = "full" }
  t.eq({ torch.get_printoptions().threshold, torch.get_printoptions().sci_mode }, { math.huge })
  torch.set_printoptions(default)
  t.eq(torch.get_printoptions().precision, 4)
  t.raises(function() torch.set_printoptions { precison = 2 } end, "did you mean 'precision'")
  t.raises(function() torch.set_printoptions { profile = "ful" } end, "did you mean 'full'")
end)
