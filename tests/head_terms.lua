-- What tests of heads share: the named loss terms of a head and their sum.

--- { name = value } and the sum of the values.
return function(head, outputs, target, criterion)
  local by_name, total = {}, nil
  for _, term in ipairs(head:losses(outputs, target, criterion)) do
    by_name[term.name] = term.value
    total = total and total + term.value or term.value
  end
  return by_name, total
end
