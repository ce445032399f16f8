-- A list of views, one of every element of x, in row-major order; writing into one writes into x.
return function(x)
  local list, place, shape = {}, {}, x.shape
  for d = 1, #shape do place[d] = 0 end
  for i = 1, x:numel() do
    list[i] = #shape == 0 and x or x[place]
    for d = #shape, 1, -1 do
      place[d] = place[d] + 1
      if place[d] < shape[d] then break end
      place[d] = 0
    end
  end
  return list
end
